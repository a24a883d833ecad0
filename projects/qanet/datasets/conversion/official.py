# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Downloads in which every split has folders of its own."""
import os
import re
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from projects.qanet.utils.errors import InputError
from .files import (ImageFolder, any_case, find_file, find_folder, is_hidden,
                    link_file, not_found, read_stems, search)
from .maps import (PersonPainter, check_num_classes, persons_of,
                   place_label_map, read_labels_of, read_red_labels,
                   write_instance_table, write_instances)
from .records import (ImageRecord, Split, SplitReport, convert_splits,
                      place_image)
from .single_person import convert_single


class _Part(NamedTuple):
    """Where a split lies in a download, and how many images it has."""

    images: str
    labels: Tuple[str, ...]  # must all be there
    id_list: str  # without it all images count
    number: int


_CIHP = dict(
    Training=_Part('Training/Images',
                   ('Training/Category_ids', 'Training/Human_ids'),
                   'Training/train_id.txt', 28280),
    Validation=_Part('Validation/Images',
                     ('Validation/Category_ids', 'Validation/Human_ids'),
                     'Validation/val_id.txt', 5000),
    Testing=_Part('Testing/Images', (), 'Testing/test_id.txt', 5000))
_LIP = dict(
    Training=_Part('train_images', ('train_segmentations', ), 'train_id.txt',
                   30462),
    Validation=_Part('val_images', ('val_segmentations', ), 'val_id.txt',
                     10000),
    Testing=_Part('testing_images', (), 'test_id.txt', 10000))
_MHP_V2 = dict(
    Training=_Part('train/images', ('train/parsing_annos', ), 'list/train.txt',
                   15403),
    Validation=_Part('val/images', ('val/parsing_annos', ), 'list/val.txt',
                     5000),
    Testing=_Part('test/images', (), 'list/test_all.txt', 5000))
# <image>_<number of persons>_<person>.png; the image's name may itself hold
# underscores.
_MASK_NAME = re.compile(r'(.+)_(\d+)_(\d+)\.(?i:png)')
# Image -> its masks as (number of persons, person, path), by person.
_Masks = Dict[str, List[Tuple[int, int, Path]]]


class _Found(NamedTuple):
    """A split that is there."""

    split: str
    stems: List[str]
    images: ImageFolder
    labels: List[Path]
    number: int


def _find_splits(raw: str,
                 parts: Dict[str, _Part],
                 scattered: bool = True) -> Iterator[_Found]:
    """Find the splits; if not scattered, all of one is in the same folder."""
    found = False
    for split, part in parts.items():
        names = [part.images, *part.labels]
        root, depth = search(Path(raw), names), 0
        if root is None:
            print(f'{split} ({", ".join(names)}) is not in {raw}, left out')
            continue
        found = True
        if scattered:  # images, labels and lists may be separate archives
            root, depth = Path(raw), 5
        images, *labels = (find_folder(root, name, depth) for name in names)
        images = ImageFolder(images)
        id_list = find_file(root, part.id_list, depth)
        stems = images.stems if id_list is None else read_stems(id_list)
        yield _Found(split, stems, images, labels, part.number)
    if not found:
        raise not_found(raw, [part.images for part in parts.values()])


def _convert_cihp(images: ImageFolder, labels: List[Path], out: Path,
                  num_classes: int, stem: str) -> Optional[ImageRecord]:
    image, size = images.require(stem)
    if not labels:
        return place_image(image, size, out, ([], []))
    paths = [any_case(folder / f'{stem}.png') for folder in labels]
    categories = read_labels_of(image, size, paths[0], num_classes)
    humans = read_labels_of(image, size, paths[1])
    for path, values in zip(paths, (categories, humans)):
        place_label_map(path, out / path.parent.name / f'{stem}.png', values)
    # Part instances are linked; what is missing of them is rebuilt.
    folder = labels[0].with_name('Instance_ids')
    path, table = any_case(folder / f'{stem}.png'), folder / f'{stem}.txt'
    if not path.is_file():
        write_instances(out, stem, categories, humans, num_classes)
    else:
        instances = read_labels_of(image, size, path)
        target = out / 'Instance_ids'
        place_label_map(path, target / f'{stem}.png', instances)
        if table.is_file():
            link_file(table, target / table.name)
        else:
            write_instance_table(target / table.name, instances, categories,
                                 humans)
    return place_image(image, size, out, (persons_of(humans), []))


def convert_cihp(raw: str,
                 out: str,
                 name: str = 'CIHP',
                 num_classes: int = 20,
                 workers: int = 4) -> List[SplitReport]:
    """Convert the CIHP download, or other data in its layout.

    Images and labels are linked, not copied. Part instances that are missing
    are rebuilt from the maps of classes and persons.

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
    splits = [
        Split(
            found.split, found.stems,
            partial(_convert_cihp, found.images, found.labels,
                    Path(out, found.split), num_classes),
            found.number if name == 'CIHP' else None, bool(found.labels))
        for found in _find_splits(raw, _CIHP, scattered=False)
    ]
    return convert_splits(out, name, splits, workers)


def convert_lip(raw: str, out: str, workers: int = 4) -> List[SplitReport]:
    """Convert the LIP download, see :func:`convert_single_person`.

    The test split has no labels; its annotation file has the boxes all the
    same.

    Args:
        raw (str): Where the archives were unpacked, at any depth.
        out (str): Folder to write, e.g. ``data/LIP``.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        list[SplitReport]: Per split that is present.

    Raises:
        InputError: If the download is incomplete: no split, images without
            labels or labels without images, or most of a split missing.
    """
    splits = [
        Split(
            found.split, found.stems,
            partial(convert_single, found.images, *found.labels or [None],
                    Path(out, found.split), 20), found.number)
        for found in _find_splits(raw, _LIP)
    ]
    return convert_splits(out, 'LIP', splits, workers)


def _list_masks(folder: Path) -> _Masks:
    """Which mask of ``parsing_annos`` belongs to whom."""
    masks = defaultdict(list)
    for name in os.listdir(folder):
        match = _MASK_NAME.fullmatch(name)
        if match and not is_hidden(name):
            stem, total, person = match.groups()
            masks[stem].append((int(total), int(person), folder / name))
    return {stem: sorted(entries) for stem, entries in masks.items()}


def _convert_mhp(images: ImageFolder, masks: Optional[_Masks], out: Path,
                 stem: str) -> Optional[ImageRecord]:
    image, size = images.require(stem)
    if masks is None:
        return place_image(image, size, out, ([], []))
    if stem not in masks:
        raise InputError(f'{stem} has no masks in parsing_annos')
    painter, (expected, *_) = PersonPainter(size), masks[stem][0]
    for _, person, path in masks[stem]:
        labels = read_labels_of(image, size, path, 59, read_red_labels)
        painter.paint(person, labels, labels > 0)
    found = painter.write(out, stem, 59)
    if found and len(masks[stem]) != expected:
        found[1].append(f'{len(masks[stem])} of {expected} person masks are '
                        'there')
    return place_image(image, size, out, found)


def convert_mhp_v2(raw: str, out: str, workers: int = 4) -> List[SplitReport]:
    """Convert the MHP v2 download; images are linked, maps are built.

    The masks of an image's persons become one map of classes and one of
    persons. Where masks overlap, the person with the higher number covers
    the other. Persons of whom nothing is visible are left out and named; the
    others are numbered 1, 2, 3 ... Boxes are tight about the visible pixels.

    Args:
        raw (str): Where ``LV-MHP-v2`` was unpacked, at any depth. A test
            split without masks is converted without labels.
        out (str): Folder to write, e.g. ``data/MHP-v2``.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        list[SplitReport]: Per split that is present.

    Raises:
        InputError: If the download is incomplete: no split, a split without
            images or masks, or most of a split missing.
    """
    splits = []
    for split, stems, images, _, number in _find_splits(raw, _MHP_V2):
        folder = images.folder.with_name('parsing_annos')
        masks = _list_masks(folder) if folder.is_dir() else None
        splits.append(
            Split(split, stems,
                  partial(_convert_mhp, images, masks, Path(out, split)),
                  number, masks is not None))
    return convert_splits(out, 'MHP-v2', splits, workers)
