# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""PASCAL-Part's Matlab annotations, merged to PASCAL-Person-Part's classes."""
import zlib
from functools import partial
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import has_ending
from ..metainfo import LABEL_ORDERS, RELEASED_ORDER
from .files import (ImageFolder, any_case, find_file, find_folder, is_hidden,
                    read_split_lists, warn)
from .maps import PersonPainter
from .records import (SPLITS, ImageRecord, Split, SplitReport, convert_splits,
                      place_image)

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
# Where lists of images may come from, the best first; VOC's are not official.
_VOC_LIST = 'ImageSets/Main/{}.txt'
_LISTS = ('pascal_person_part_trainval_list/{}_id.txt', '{}_id.txt',
          'pascal_person_part_trainval_list/{}.txt', _VOC_LIST)
# What goes wrong in reading a damaged or foreign .mat file.
_READ_ERRORS = (OSError, ValueError, TypeError, KeyError, IndexError,
                AttributeError, NotImplementedError, MatReadError, zlib.error)

# Name, bool mask (h, w) and parts of an object, the later part is on top.
_Object = Tuple[str, np.ndarray, List[Tuple[str, np.ndarray]]]


def _read_objects(path: Path) -> List[_Object]:
    """The objects of ``Annotations_Part/<image>.mat``, the topmost last."""
    if not path.is_file():
        raise FileNotFoundError(f'annotation {path} does not exist')
    try:
        anno = loadmat(path, variable_names=['anno'])['anno'][0, 0]
        # Matlab's structs come as arrays; without any part the array is
        # empty and has no fields.
        return [(str(record['class'].item()), record['mask']
                 > 0, [(str(part['part_name'].item()), part['mask'] > 0)
                       for part in record['parts'].ravel()])
                for record in anno['objects'].ravel()]
    except _READ_ERRORS as error:
        raise InputError(f'{path} is no readable annotation of PASCAL-Part '
                         f'({type(error).__name__}: {error})') from error


def _paint(objects: List[_Object], size: Tuple[int, int],
           table: np.ndarray) -> PersonPainter:
    """Paint the persons' parts; ``table``: official class -> label."""
    painter, number = PersonPainter(size), 0
    for name, silhouette, parts in objects:
        number += name == 'person'
        person = number if name == 'person' else None
        # Later objects, also those that are no persons, cover earlier ones.
        layers = [(name, silhouette, 0)]
        for part, mask in parts if person else []:
            if part not in _CLASS_OF:
                raise InputError(f'unknown part {part!r} of a person')
            layers.append((part, mask, table[_CLASS_OF[part]]))
        for part, mask, label in layers:
            if mask.shape != size[::-1]:
                raise InputError(f'the mask of {part!r} is {mask.shape[1]}x'
                                 f'{mask.shape[0]} pixels (w x h), but the '
                                 f'image is {size[0]}x{size[1]}')
            painter.paint(person, label, mask)
    return painter


def _convert_image(images: ImageFolder, annotations: Path, out: Path,
                   table: np.ndarray, stem: str) -> Optional[ImageRecord]:
    path = any_case(annotations / f'{stem}.mat')
    objects = _read_objects(path)
    if not any(name == 'person' and parts for name, _, parts in objects):
        return None
    image, size = images.require(stem)
    try:
        painter = _paint(objects, size, table)
    except InputError as error:
        raise InputError(f'{path}: {error}') from error
    return place_image(image, size, out, painter.write(out, stem,
                                                       _NUM_CLASSES))


def _find_stems(raw: Path) -> Tuple[Dict[str, List[str]], bool]:
    """The images per split, and whether that is the official split."""
    for pattern in _LISTS:
        paths = {
            split: find_file(raw, pattern.format(SPLITS[split]))
            for split in _OFFICIAL
        }
        found = {split: path for split, path in paths.items() if path}
        if found:
            print(f'Split by {", ".join(map(str, found.values()))}')
            return read_split_lists(**found), pattern != _VOC_LIST
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
    out and counted. Images are linked.

    ``raw`` holds ``Annotations_Part/*.mat``, ``JPEGImages`` of VOC 2010 and,
    for the official split, the lists of ``pascal_person_part.zip``, each at
    any depth. Without these, VOC's ``ImageSets/Main`` splits; without both,
    all images go to Training. ``train_ids`` and ``val_ids``, text files with
    the names of a split's images, go before. ``label_order`` ('official' or
    'released', else a ValueError) is noted in the annotation files.

    Raises an InputError if a folder or list is missing or empty, or most of a
    split cannot be converted.
    """
    if label_order not in LABEL_ORDERS:
        raise ValueError(f'label_order must be one of {LABEL_ORDERS}, got '
                         f'{label_order!r}')
    # Official class -> label.
    table = (
        np.argsort(RELEASED_ORDER)
        if label_order == 'released' else np.arange(_NUM_CLASSES))
    annotations = find_folder(Path(raw), 'Annotations_Part')
    images = ImageFolder(find_folder(Path(raw), 'JPEGImages'))
    everything = sorted(
        path.stem for path in annotations.iterdir()
        if has_ending(path.name, ('.mat', )) and not is_hidden(path.name))
    if not everything:
        raise InputError(f'folder {annotations} holds no .mat files: '
                         'incomplete download?')
    stems_of = read_split_lists(Training=train_ids, Validation=val_ids)
    official = False
    if not stems_of:
        stems_of, official = _find_stems(Path(raw))
    splits = []
    for split, stems in (stems_of or dict(Training=everything)).items():
        convert_one = partial(_convert_image, images, annotations,
                              Path(out, split), table)
        number = _OFFICIAL[split] if official else None
        splits.append(Split(split, stems, convert_one, number))
    return convert_splits(out, 'PASCAL-Person-Part', splits, workers,
                          dict(label_order=label_order))
