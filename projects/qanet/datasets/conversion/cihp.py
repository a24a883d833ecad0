# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os.path as osp
from functools import partial
from typing import List

import numpy as np

from projects.qanet.utils.errors import InputError
from .class_lists import check_num_classes
from .files import ImageFolder, any_case, find_root, link_file, read_stems
from .label_maps import (instance_table, persons_of, place_label_map,
                         read_labels_of, write_instance_table)
from .person_maps import write_instances
from .records import ImageRecord
from .splits import SPLITS, Split, SplitReport, convert_splits

# Number of images that the data set has.
_OFFICIAL = dict(Training=28280, Validation=5000, Testing=5000)
_LABELS = ('Category_ids', 'Human_ids')


def _convert_image(raw: str, images: ImageFolder, out: str, labelled: bool,
                   num_classes: int, stem: str) -> ImageRecord:
    image, size = images.require(stem)
    record = ImageRecord(osp.basename(image), *size)
    if labelled:
        sources = [
            any_case(osp.join(raw, name, f'{stem}.png')) for name in _LABELS
        ]
        categories = read_labels_of(image, size, sources[0], num_classes)
        humans = read_labels_of(image, size, sources[1])
        record.persons = persons_of(humans)
        for name, source, labels in zip(_LABELS, sources,
                                        (categories, humans)):
            place_label_map(source, osp.join(out, name, f'{stem}.png'), labels)
        _complete_instances(
            osp.join(raw, 'Instance_ids', stem),
            osp.join(out, 'Instance_ids', stem), categories, humans,
            num_classes)
    link_file(image, osp.join(out, 'Images', record.file_name))
    return record


def _complete_instances(source: str, target: str, categories: np.ndarray,
                        humans: np.ndarray, num_classes: int) -> None:
    """Link the part instances, or rebuild what is missing of them."""
    label_map = any_case(f'{source}.png')
    if osp.isfile(label_map):
        size = humans.shape[1], humans.shape[0]
        instances = read_labels_of('the image', size, label_map)
        place_label_map(label_map, f'{target}.png', instances)
    else:
        write_instances(target, categories, humans, num_classes)
        return
    if osp.isfile(f'{source}.txt'):
        link_file(f'{source}.txt', f'{target}.txt')
    else:
        write_instance_table(f'{target}.txt',
                             instance_table(instances, categories, humans))


def convert_cihp(raw: str,
                 out: str,
                 name: str = 'CIHP',
                 num_classes: int = 20,
                 workers: int = 4) -> List[SplitReport]:
    """Convert the CIHP download, or other data in its layout.

    Images and labels are linked, not copied.

    Part instances (``Instance_ids``) that are missing are rebuilt from the
    category and person maps. Running it again is harmless.

    Args:
        raw (str): Where ``instance-level_human_parsing.tar.gz`` was unpacked;
            further levels of folders are looked through.
        out (str): Folder to write, e.g. ``data/CIHP``.
        name (str): Annotation files are ``<name>_{train,val,test}.json``.
            Defaults to 'CIHP'.
        num_classes (int): Number of classes, background included. Defaults
            to 20.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        list[SplitReport]: Per split that is present.

    Raises:
        InputError: If the download is incomplete: no split, a split without
            images, labels or persons, or most of a split missing; or if
            ``num_classes`` is not 2..255.
    """
    check_num_classes(num_classes)
    root = find_root(raw, list(SPLITS))
    splits = []
    for split in SPLITS:
        source = osp.join(root, split)
        if not osp.isdir(source):
            print(f'{split} is not in {root}, left out')
            continue
        labelled = split != 'Testing'
        for folder in _LABELS if labelled else ():
            if not osp.isdir(osp.join(source, folder)):
                raise InputError(f'folder {osp.join(source, folder)} does not '
                                 'exist: incomplete download?')
        images = ImageFolder(osp.join(source, 'Images'))
        id_list = osp.join(source, f'{SPLITS[split]}_id.txt')
        stems = read_stems(id_list) if osp.isfile(id_list) else images.stems
        convert_one = partial(_convert_image, source, images,
                              osp.join(out, split), labelled, num_classes)
        splits.append(
            Split(split, stems, convert_one,
                  _OFFICIAL[split] if name == 'CIHP' else None, labelled))
    return convert_splits(out, name, splits, workers)
