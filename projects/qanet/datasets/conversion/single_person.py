# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os.path as osp
from functools import partial
from typing import List, Optional

import numpy as np

from ..errors import DataError
from .files import find_image, image_size, link_file, list_stems, read_stems
from .label_maps import (build_instance_map, instance_table, place_label_map,
                         read_labels_of, write_instance_table, write_label_map)
from .splits import ImageRecord, SplitReport, convert_split


def _convert_image(image_dir: str, label_dir: str, out: str, num_classes: int,
                   stem: str) -> ImageRecord:
    image = find_image(image_dir, stem)
    if image is None:
        raise DataError(f'{osp.join(image_dir, stem)}.jpg is missing')
    size = image_size(image)
    source = osp.join(label_dir, f'{stem}.png')
    labels = read_labels_of(image, size, source, num_classes)
    place_label_map(source, osp.join(out, 'Category_ids', f'{stem}.png'),
                    labels)
    humans = (labels > 0).astype(np.uint8)
    write_label_map(osp.join(out, 'Human_ids', f'{stem}.png'), humans)
    instances = build_instance_map(labels, humans, num_classes)
    target = osp.join(out, 'Instance_ids', stem)
    write_label_map(f'{target}.png', instances)
    write_instance_table(f'{target}.txt',
                         instance_table(instances, labels, humans))
    link_file(image, osp.join(out, 'Images', osp.basename(image)))
    # The picture is the person's crop, so its whole is the person's box.
    person = dict(parsing_id=1, bbox=[0, 0, *size], area=int(humans.sum()))
    return ImageRecord(osp.basename(image), *size, [person])


def convert_single_person(image_dir: str,
                          label_dir: str,
                          out: str,
                          train_ids: Optional[str] = None,
                          val_ids: Optional[str] = None,
                          name: str = 'LIP',
                          num_classes: int = 20,
                          workers: int = 4) -> List[SplitReport]:
    """Convert pictures of one person each, labelled like LIP.

    All labelled pixels are person 1, whose box is the whole picture. Images
    are linked, and so are labels that are one-channel PNGs.

    Args:
        image_dir (str): Folder of the images.
        label_dir (str): Folder of label PNGs with the images' names.
        out (str): Folder to write, e.g. ``data/LIP``.
        train_ids (str, optional): Text file with the names of the training
            images, one per line. Defaults to None.
        val_ids (str, optional): The same for validation. Defaults to None.
            Without both lists, all images are for training.
        name (str): Annotation files are ``<name>_train.json`` and
            ``<name>_val.json``. Defaults to 'LIP'.
        num_classes (int): Number of classes, background included. Defaults
            to 20.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        list[SplitReport]: Training, then validation, as far as asked for.

    Raises:
        DataError: If a folder or list is missing or empty, or most of a
            split cannot be converted.
    """
    everything = list_stems(image_dir)
    if not osp.isdir(label_dir):
        raise DataError(f'folder {label_dir} does not exist')
    lists = dict(Training=train_ids, Validation=val_ids)
    if train_ids is None and val_ids is None:
        splits = dict(Training=everything)
    else:
        splits = {
            split: read_stems(path)
            for split, path in lists.items() if path is not None
        }
    reports = []
    for split, stems in splits.items():
        short = 'train' if split == 'Training' else 'val'
        report = convert_split(
            osp.join(out, 'annotations', f'{name}_{short}.json'), stems,
            partial(_convert_image, image_dir, label_dir, osp.join(out, split),
                    num_classes), workers)
        report.log()
        reports.append(report)
    return reports
