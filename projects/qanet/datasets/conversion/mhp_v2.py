# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
import os.path as osp
import re
from collections import defaultdict
from functools import partial
from typing import Dict, List, Optional, Tuple

from projects.qanet.utils.errors import InputError
from .files import (ImageFolder, find_file, is_hidden, link_file, read_stems,
                    search_root)
from .label_maps import persons_of, read_labels_of, read_red_labels
from .person_maps import PersonPainter, write_person_maps
from .records import ImageRecord
from .splits import Split, SplitReport, convert_splits

_NUM_CLASSES = 59
_MASKS = 'parsing_annos'
# Split -> folder, list of images, number of images.
_FOLDERS = dict(
    Training=('train', 'train.txt', 15403),
    Validation=('val', 'val.txt', 5000),
    Testing=('test', 'test_all.txt', 5000))
# <image>_<number of persons>_<person>.png; the image's name may itself hold
# underscores.
_MASK_NAME = re.compile(r'(.+)_(\d+)_(\d+)\.(?i:png)')
# Image -> its masks as (number of persons, person, path).
Masks = Dict[str, List[Tuple[int, int, str]]]


def list_masks(folder: str) -> Masks:
    """Find out which mask belongs to whom.

    Args:
        folder (str): ``parsing_annos`` of a split.

    Returns:
        dict[str, list]: Image's name -> ``(number of persons, person, path)``
        in ascending order of the person.
    """
    masks = defaultdict(list)
    for name in os.listdir(folder):
        match = _MASK_NAME.fullmatch(name)
        if match and not is_hidden(name):
            stem, total, person = match.groups()
            masks[stem].append(
                (int(total), int(person), osp.join(folder, name)))
    return {stem: sorted(entries) for stem, entries in masks.items()}


def _convert_image(images: ImageFolder, masks: Optional[Masks], out: str,
                   stem: str) -> Optional[ImageRecord]:
    image, size = images.require(stem)
    record = ImageRecord(osp.basename(image), *size)
    if masks is not None:
        if stem not in masks:
            raise InputError(f'{stem} has no masks in parsing_annos')
        painter, expected = PersonPainter(size), masks[stem][0][0]
        for _, person, path in masks[stem]:
            labels = read_labels_of(image, size, path, _NUM_CLASSES,
                                    read_red_labels)
            painter.paint(person, labels, labels > 0)
        categories, humans, hidden = painter.result()
        record.persons = persons_of(humans)
        if not record.persons:
            return None
        record.notes += [
            f'person {person} left out, no pixel of it is visible'
            for person in hidden
        ]
        if len(masks[stem]) != expected:
            record.notes.append(f'{len(masks[stem])} of {expected} person '
                                'masks are there')
        write_person_maps(out, stem, categories, humans, _NUM_CLASSES)
    link_file(image, osp.join(out, 'Images', record.file_name))
    return record


def _plan(raw: str, out: str, split: str) -> Optional[Split]:
    """What to convert; None if the split is not there."""
    folder, list_name, official = _FOLDERS[split]
    root = search_root(raw,
                       [osp.join(folder, name) for name in ('images', _MASKS)])
    if root is None:
        print(f'{folder}/images is not in {raw}, left out')
        return None
    images = ImageFolder(osp.join(root, folder, 'images'))
    annotations = osp.join(root, folder, _MASKS)
    masks = None
    if osp.isdir(annotations):
        masks = list_masks(annotations)
    elif split != 'Testing':
        raise InputError(f'folder {annotations} does not exist: incomplete '
                         'download?')
    id_list = find_file(raw, osp.join('list', list_name))
    stems = images.stems if id_list is None else read_stems(id_list)
    convert_one = partial(_convert_image, images, masks, osp.join(out, split))
    return Split(split, stems, convert_one, official, masks is not None)


def convert_mhp_v2(raw: str, out: str, workers: int = 4) -> List[SplitReport]:
    """Convert the MHP v2 download; images are linked, maps are built.

    The masks of an image's persons become one map of classes and one of
    persons. Where masks overlap, the person with the higher number covers
    the other. Persons of whom nothing is visible are left out and named; the
    others are numbered 1, 2, 3 ... Boxes are tight about the visible pixels.
    Running it again is harmless.

    Args:
        raw (str): Where ``LV-MHP-v2`` was unpacked, at any depth: ``train``,
            ``val``, ``test`` and ``list``. Without a list, all images of the
            split are taken. A test split without masks is converted without
            labels.
        out (str): Folder to write, e.g. ``data/MHP-v2``.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        list[SplitReport]: Per split that is present.

    Raises:
        InputError: If the download is incomplete: no split, a split without
            images or masks, or most of a split missing.
    """
    splits = [_plan(raw, out, split) for split in _FOLDERS]
    if not any(splits):
        raise InputError(f'{raw} has none of the folders train/images, '
                         'val/images, test/images, not in its sub-folders '
                         'either: incomplete download?')
    return convert_splits(out, 'MHP-v2', [split for split in splits if split],
                          workers)
