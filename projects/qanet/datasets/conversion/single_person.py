# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pictures that show one person each: LIP, ATR and the like."""
import os.path as osp
from functools import partial
from typing import Dict, List, Optional

import numpy as np

from projects.qanet.utils.errors import InputError
from .class_lists import check_num_classes
from .files import ImageFolder, any_case, link_file, read_stems
from .label_maps import place_label_map, read_labels_of, write_label_map
from .person_maps import write_instances
from .records import ImageRecord
from .splits import Split, SplitReport, convert_splits


def _convert_image(images: ImageFolder, label_dir: Optional[str], out: str,
                   num_classes: int, stem: str) -> ImageRecord:
    image, size = images.require(stem)
    # The picture is the person's crop, so its whole is the person's box.
    person = dict(parsing_id=1, bbox=[0, 0, *size], area=size[0] * size[1])
    record = ImageRecord(osp.basename(image), *size, [person])
    if label_dir is not None:
        source = any_case(osp.join(label_dir, f'{stem}.png'))
        labels = read_labels_of(image, size, source, num_classes)
        place_label_map(source, osp.join(out, 'Category_ids', f'{stem}.png'),
                        labels)
        # Pixels to ignore (255) are the person's: others are background.
        humans = (labels > 0).astype(np.uint8)
        write_label_map(osp.join(out, 'Human_ids', f'{stem}.png'), humans)
        write_instances(
            osp.join(out, 'Instance_ids', stem), labels, humans, num_classes)
        person['area'] = int(humans.sum())
        if not person['area']:
            record.notes.append('no pixel is labelled')
    link_file(image, osp.join(out, 'Images', record.file_name))
    return record


def single_person_split(folder: str,
                        stems: List[str],
                        images: ImageFolder,
                        label_dir: Optional[str],
                        out: str,
                        num_classes: int,
                        official: Optional[int] = None) -> Split:
    """Plan the conversion of pictures of one person each.

    All labelled pixels are person 1, whose box is the whole picture. Images
    are linked, and so are labels that are one-channel PNGs.

    Args:
        folder (str): Training, Validation or Testing.
        stems (list[str]): Names of the images, without ending.
        images (ImageFolder): Folder of the images.
        label_dir (str, optional): Folder of label PNGs with the images'
            names. None: there are no labels; the annotation file has the
            boxes all the same.
        out (str): Folder of the data set.
        num_classes (int): Number of classes, background included.
        official (int, optional): How many images there should be.

    Returns:
        Split: For :func:`convert_splits`.

    Raises:
        InputError: If the folder of labels is missing.
    """
    if label_dir is not None and not osp.isdir(label_dir):
        raise InputError(f'folder {label_dir} does not exist')
    convert_one = partial(_convert_image, images, label_dir,
                          osp.join(out, folder), num_classes)
    return Split(folder, stems, convert_one, official)


def read_split_lists(**lists: Optional[str]) -> Dict[str, List[str]]:
    """Read the lists of images that a user has given.

    Args:
        lists (str, optional): Split (Training, Validation, Testing) = text
            file with one name per line, or None.

    Returns:
        dict[str, list[str]]: The names per split that has a list.

    Raises:
        InputError: If a list is missing or empty, or a name is in two lists.
    """
    splits = {
        split: read_stems(path)
        for split, path in lists.items() if path is not None
    }
    owner: Dict[str, str] = {}
    for split, stems in splits.items():
        for stem in stems:
            if stem in owner:
                raise InputError(f'{stem} is in both {lists[owner[stem]]} and '
                                 f'{lists[split]}')
            owner[stem] = split
    return splits


def convert_single_person(image_dir: str,
                          label_dir: str,
                          out: str,
                          train_ids: Optional[str] = None,
                          val_ids: Optional[str] = None,
                          name: str = 'LIP',
                          num_classes: int = 20,
                          workers: int = 4) -> List[SplitReport]:
    """Convert pictures of one person each, labelled like LIP.

    See :func:`single_person_split` for what becomes of them.

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
        InputError: If a folder or list is missing or empty, most of a split
            cannot be converted or nothing of it is labelled, or
            ``num_classes`` is not 2..255.
    """
    check_num_classes(num_classes)
    images = ImageFolder(image_dir)
    stems_of = read_split_lists(Training=train_ids, Validation=val_ids)
    splits = [
        single_person_split(folder, stems, images, label_dir, out, num_classes)
        for folder, stems in (stems_of or dict(Training=images.stems)).items()
    ]
    return convert_splits(out, name, splits, workers)
