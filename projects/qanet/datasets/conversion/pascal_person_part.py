# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os.path as osp
from functools import partial
from typing import Dict, List, Optional, Tuple

import numpy as np

from projects.qanet.utils.errors import InputError
from ..metainfo import LABEL_ORDERS, RELEASED_ORDER
from .files import (ImageFolder, any_case, find_file, find_folder, link_file,
                    list_stems, warn)
from .label_maps import persons_of
from .pascal_parts import PascalObject, read_pascal_parts
from .person_maps import PersonPainter, write_person_maps
from .records import ImageRecord
from .single_person import read_split_lists
from .splits import SPLITS, Split, SplitReport, convert_splits

_NUM_CLASSES = 7
# PASCAL-Part's names of a person's parts, by official class.
_PARTS = {
    1: ('head', 'hair', 'lear', 'rear', 'leye', 'reye', 'lebrow', 'rebrow',
        'mouth', 'nose'),
    2: ('torso', 'neck'),
    3: ('luarm', 'ruarm'),
    4: ('llarm', 'rlarm', 'lhand', 'rhand'),
    5: ('luleg', 'ruleg'),
    6: ('llleg', 'rlleg', 'lfoot', 'rfoot'),
}
_CLASS_OF = {name: label for label, names in _PARTS.items() for name in names}
_OFFICIAL = dict(Training=1716, Validation=1817)
# Where lists of images may come from, the best first; and whether they are
# those of PASCAL-Person-Part.
_LISTS = (('pascal_person_part_trainval_list/{}_id.txt', True),
          ('{}_id.txt', True), ('pascal_person_part_trainval_list/{}.txt',
                                True), ('ImageSets/Main/{}.txt', False))


def labels_of_person(person: PascalObject, label_order: str) -> np.ndarray:
    """Merge a person's parts to the classes of PASCAL-Person-Part.

    Args:
        person (PascalObject): With any of PASCAL-Part's 24 parts of persons.
        label_order (str): 'official' or 'released', see
            :class:`PPPParsingDataset`.

    Returns:
        np.ndarray: Shape (h, w), uint8. Where parts overlap the later counts,
        as in PASCAL-Part's own tools; no part is background.

    Raises:
        InputError: If a part is unknown or its mask has another size.
    """
    table = np.arange(_NUM_CLASSES)
    if label_order == 'released':
        table = np.argsort(RELEASED_ORDER)  # official -> released
    labels = np.zeros(person.mask.shape, np.uint8)
    for name, mask in person.parts:
        if name not in _CLASS_OF:
            raise InputError(f'unknown part {name!r} of a person')
        if mask.shape != labels.shape:
            raise InputError(f'the mask of part {name!r} is not as large as '
                             'that of its person')
        labels[mask] = table[_CLASS_OF[name]]
    return labels


def _paint(objects: List[PascalObject], size: Tuple[int, int],
           label_order: str) -> PersonPainter:
    painter = PersonPainter(size)
    number = 0
    for item in objects:
        if item.mask.shape != size[::-1]:
            raise InputError(f'a mask is {item.mask.shape[1]}x'
                             f'{item.mask.shape[0]} pixels (w x h), but the '
                             f'image is {size[0]}x{size[1]}')
        # Later objects, also those that are no persons, cover earlier ones.
        painter.erase(item.mask)
        if item.name == 'person':
            number += 1
            labels = labels_of_person(item, label_order)
            painter.paint(number, labels, labels > 0)
    return painter


def _convert_image(images: ImageFolder, annotations: str, out: str,
                   label_order: str, stem: str) -> Optional[ImageRecord]:
    path = any_case(osp.join(annotations, f'{stem}.mat'))
    objects = read_pascal_parts(path)
    if not any(item.name == 'person' and item.parts for item in objects):
        return None
    image, size = images.require(stem)
    try:
        categories, humans, hidden = _paint(objects, size,
                                            label_order).result()
    except InputError as error:
        raise InputError(f'{path}: {error}') from error
    persons = persons_of(humans)
    if not persons:
        return None
    notes = [
        f'person {number} left out, no part of it is visible'
        for number in hidden
    ]
    write_person_maps(out, stem, categories, humans, _NUM_CLASSES)
    link_file(image, osp.join(out, 'Images', osp.basename(image)))
    return ImageRecord(osp.basename(image), *size, persons, notes)


def _find_stems(raw: str) -> Tuple[Dict[str, List[str]], bool]:
    """The images per split, and whether that is the official split."""
    for pattern, official in _LISTS:
        paths = {
            split: find_file(raw, pattern.format(SPLITS[split]))
            for split in _OFFICIAL
        }
        found = {split: path for split, path in paths.items() if path}
        if found:
            print(f'Split by {", ".join(found.values())}')
            return read_split_lists(**found), official
    warn(f'{raw} has no lists of images (train_id.txt, val_id.txt of '
         'pascal_person_part.zip): everything goes to Training. Give '
         '--train-ids and --val-ids for the official split')
    return {}, False


def convert_pascal_person_part(raw: str,
                               out: str,
                               label_order: str = 'official',
                               train_ids: Optional[str] = None,
                               val_ids: Optional[str] = None,
                               workers: int = 4) -> List[SplitReport]:
    """Make PASCAL-Person-Part of PASCAL-Part and VOC's images.

    PASCAL-Part's annotations are the ground truth: only they tell persons
    apart. Their 24 parts are merged to six classes. Pixels of a person that
    belong to no part are background, and boxes are tight about the visible
    parts. Images without persons, and persons without visible parts, are left
    out and counted. Images are linked; running it again is harmless.

    Args:
        raw (str): Folder with ``Annotations_Part/*.mat``, ``JPEGImages`` of
            VOC 2010 and, for the official split, the lists of
            ``pascal_person_part.zip``, each at any depth. Without these,
            VOC's ``ImageSets/Main`` splits; without both, all images go to
            Training.
        out (str): Folder to write, e.g. ``data/PASCAL-Person-Part``.
        label_order (str): 'official' or 'released', noted in the annotation
            files. Defaults to 'official'.
        train_ids (str, optional): Text file with the names of the training
            images, one per line, instead of the lists. Defaults to None.
        val_ids (str, optional): The same for validation.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        list[SplitReport]: Per split.

    Raises:
        InputError: If a folder or list is missing or empty, or most of a split
            cannot be converted.
        ValueError: If ``label_order`` is unknown.
    """
    if label_order not in LABEL_ORDERS:
        raise ValueError(f'label_order must be one of {LABEL_ORDERS}, got '
                         f'{label_order!r}')
    annotations = find_folder(raw, 'Annotations_Part')
    images = ImageFolder(find_folder(raw, 'JPEGImages'))
    everything = list_stems(annotations, '.mat')
    stems_of = read_split_lists(Training=train_ids, Validation=val_ids)
    official = False
    if not stems_of:
        stems_of, official = _find_stems(raw)
    splits = [
        Split(
            split, stems,
            partial(_convert_image, images, annotations, osp.join(out, split),
                    label_order), _OFFICIAL[split] if official else None)
        for split, stems in (stems_of or dict(Training=everything)).items()
    ]
    return convert_splits(out, 'PASCAL-Person-Part', splits, workers,
                          dict(label_order=label_order))
