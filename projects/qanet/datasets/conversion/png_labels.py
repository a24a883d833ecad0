# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Labels that are PNGs: CIHP, LIP, MHP v2, ATR, and one's own like these."""
import hashlib
import os
import re
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.utils.errors import InputError
from .files import (ImageFolder, any_case, find_file, find_folder, is_hidden,
                    link_file, not_found, read_split_lists, read_stems, search)
from .maps import (PersonPainter, check_num_classes, persons_of,
                   place_label_map, read_labels_of, read_red_labels,
                   write_instance_table, write_instances, write_label_map)
from .records import (SPLITS, ImageRecord, Split, SplitReport, convert_splits,
                      place_image)

# <image>_<number of persons>_<person>.png; the image may have underscores.
_MASK_NAME = re.compile(r'(.+)_(\d+)_(\d+)\.(?i:png)')
# Image -> its masks as (number of persons, person, path), by person.
_Masks = Dict[str, List[Tuple[int, int, Path]]]


def _convert_cihp(images: ImageFolder, labels: Optional[Sequence[Path]],
                  out: Path, num_classes: int,
                  stem: str) -> Optional[ImageRecord]:
    image, size = images.require(stem)
    if labels is None:
        return place_image(image, size, out, ([], []))
    paths = [any_case(folder / f'{stem}.png') for folder in labels]
    categories = read_labels_of(image, size, paths[0], num_classes)
    humans = read_labels_of(image, size, paths[1])
    for path, values in zip(paths, (categories, humans)):
        place_label_map(path, out / path.parent.name / f'{stem}.png', values)
    # Part instances are linked; what is missing of them is rebuilt.
    source, target = labels[0].with_name('Instance_ids'), out / 'Instance_ids'
    path, table = any_case(source / f'{stem}.png'), f'{stem}.txt'
    if not path.is_file():
        write_instances(out, stem, categories, humans, num_classes)
    else:
        instances = read_labels_of(image, size, path)
        place_label_map(path, target / f'{stem}.png', instances)
        if (source / table).is_file():
            link_file(source / table, target / table)
        else:
            write_instance_table(target / table, instances, categories, humans)
    return place_image(image, size, out, (persons_of(humans), []))


def _convert_single(images: ImageFolder, labels: Optional[Sequence[Path]],
                    out: Path, num_classes: int,
                    stem: str) -> Optional[ImageRecord]:
    image, size = images.require(stem)
    # The picture is the person's crop, so its whole is the person's box.
    person = dict(parsing_id=1, bbox=[0, 0, *size], area=size[0] * size[1])
    notes = []
    if labels is not None:
        source = any_case(labels[0] / f'{stem}.png')
        classes = read_labels_of(image, size, source, num_classes)
        place_label_map(source, out / f'Category_ids/{stem}.png', classes)
        # Pixels to ignore (255) are the person's: others are background.
        humans = (classes > 0).astype(np.uint8)
        write_label_map(out / f'Human_ids/{stem}.png', humans)
        write_instances(out, stem, classes, humans, num_classes)
        person['area'] = int(humans.sum())
        if not person['area']:
            notes.append('no pixel is labelled')
    return place_image(image, size, out, ([person], notes))


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
                 num_classes: int, stem: str) -> Optional[ImageRecord]:
    image, size = images.require(stem)
    if masks is None:
        return place_image(image, size, out, ([], []))
    if stem not in masks:
        raise InputError(f'{stem} has no masks in parsing_annos')
    painter, expected = PersonPainter(size), masks[stem][0][0]
    for _, person, path in masks[stem]:
        labels = read_labels_of(image, size, path, num_classes,
                                read_red_labels)
        painter.paint(person, labels, labels > 0)
    found = painter.write(out, stem, num_classes)
    if found and len(masks[stem]) != expected:
        found[1].append(f'{len(masks[stem])} of {expected} person masks are '
                        'there')
    return place_image(image, size, out, found)


class _Layout(NamedTuple):
    """A download; in paths, {0} is Training ..., {1} train or val."""

    convert_image: Callable[..., Optional[ImageRecord]]
    num_classes: int
    scattered: bool  # images, labels and lists may be separate archives
    #: List of images (without it all count), images, and labels, which must
    #: be there.
    paths: Tuple[str, ...]
    testing: Tuple[str, ...]  # the same of the test split
    official: Tuple[int, int, int]  # how many images the splits have


_LAYOUTS = {
    'CIHP':
    _Layout(
        _convert_cihp, 20, False,
        ('{0}/{1}_id.txt', '{0}/Images', '{0}/Category_ids', '{0}/Human_ids'),
        ('Testing/test_id.txt', 'Testing/Images'), (28280, 5000, 5000)),
    'LIP':
    _Layout(_convert_single, 20, True,
            ('{1}_id.txt', '{1}_images', '{1}_segmentations'),
            ('test_id.txt', 'testing_images'), (30462, 10000, 10000)),
    'MHP-v2':
    _Layout(_convert_mhp, 59, True,
            ('list/{1}.txt', '{1}/images', '{1}/parsing_annos'),
            ('list/test_all.txt', 'test/images'), (15403, 5000, 5000)),
}


def convert_official(data_set: str,
                     raw: str,
                     out: str,
                     name: Optional[str] = None,
                     num_classes: Optional[int] = None,
                     workers: int = 4) -> List[SplitReport]:
    """Convert a download in which every split has folders of its own.

    Images, and labels that are one-channel PNGs, are linked. CIHP: part
    instances that are missing are rebuilt from the maps of classes and
    persons. LIP: see :func:`convert_single_person`; the test split has the
    boxes without labels. MHP v2: where masks of persons overlap, the higher
    number covers the other, and boxes are tight about what remains visible.
    Running it again is harmless.

    Args:
        data_set (str): CIHP, LIP or MHP-v2.
        raw (str): Where the archives were unpacked, at any depth. Without a
            list of images, all of a split are taken.
        out (str): Folder to write, e.g. ``data/CIHP``.
        name (str, optional): Annotation files are
            ``<name>_{train,val,test}.json``. Defaults to ``data_set``; another
            name is that of other data in its layout.
        num_classes (int, optional): With background, 2..255. Defaults to that
            of the data set.
        workers (int): Number of threads.

    Raises:
        InputError: If the download is incomplete: no split, a split without
            images, labels or persons, or most of a split missing.
    """
    layout = _LAYOUTS[data_set]
    name = data_set if name is None else name
    num_classes = layout.num_classes if num_classes is None else num_classes
    check_num_classes(num_classes)
    paths = {
        split: [path.format(split, short) for path in layout.paths]
        for split, short in SPLITS.items()
    }
    paths['Testing'] = layout.testing
    splits = []
    for (split, (id_list, *names)), number in zip(paths.items(),
                                                  layout.official):
        root, depth = search(Path(raw), names), 0
        if root is None:
            print(f'{split} ({", ".join(names)}) is not in {raw}, left out')
            continue
        if layout.scattered:
            root, depth = Path(raw), 5
        folders = [find_folder(root, folder, depth) for folder in names]
        images, labels = ImageFolder(folders[0]), folders[1:] or None
        id_list = find_file(root, id_list, depth)
        stems = images.stems if id_list is None else read_stems(id_list)
        if data_set == 'MHP-v2':  # its test split may have masks
            masks = folders[-1].with_name('parsing_annos')
            labels = _list_masks(masks) if masks.is_dir() else None
        convert_one = partial(layout.convert_image, images, labels,
                              Path(out, split), num_classes)
        splits.append(
            Split(split, stems, convert_one,
                  number if name == data_set else None, labels is not None))
    if not splits:
        raise not_found(raw, [names[1] for names in paths.values()])
    return convert_splits(out, name, splits, workers)


def _convert_listed(images: ImageFolder, labels: Path, out: str, name: str,
                    stems_of: Dict[str, List[str]], num_classes: int,
                    workers: int) -> List[SplitReport]:
    splits = [
        Split(
            split, stems,
            partial(_convert_single, images, [labels], Path(out, split),
                    num_classes)) for split, stems in stems_of.items()
    ]
    return convert_splits(out, name, splits, workers)


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
    are linked, and so are labels that are one-channel PNGs. Label 255 stays
    and is ignored everywhere.

    The label PNGs have the images' names; annotation files are
    ``<name>_{train,val}.json``. ``train_ids`` and ``val_ids`` are text files
    with the names of a split's images, one per line; without both, all are
    for training. For other arguments see :func:`convert_official`.

    Raises an InputError if a folder or list is missing or empty, most of a
    split cannot be converted, or nothing of it is labelled.
    """
    check_num_classes(num_classes)
    images, labels = ImageFolder(Path(image_dir)), Path(label_dir)
    stems_of = read_split_lists(Training=train_ids, Validation=val_ids)
    if not labels.is_dir():
        raise InputError(f'folder {labels} does not exist')
    return _convert_listed(images, labels, out, name, stems_of
                           or dict(Training=images.stems), num_classes,
                           workers)


def split_by_name(stems: Sequence[str],
                  num_val: int,
                  num_test: int,
                  seed: int = 0) -> Dict[str, List[str]]:
    """Split images by chance, but the same way everywhere.

    They are ordered by the SHA-1 hash of ``'<seed>:<name>'``: the first are
    for validation, the next for testing, the rest for training. An image that
    is missing moves at most one other per split.
    """
    if min(num_val, num_test) < 0 or num_val + num_test >= len(stems):
        raise InputError(
            f'{num_val} images for validation and {num_test} for testing '
            f'leave none of {len(stems)} to train on; set --val and --test')
    order = sorted(
        stems,
        key=lambda stem: hashlib.sha1(f'{seed}:{stem}'.encode()).digest())
    num_held = num_val + num_test
    splits = dict(
        Training=order[num_held:],
        Validation=order[:num_val],
        Testing=order[num_val:num_held])
    return {split: sorted(part) for split, part in splits.items() if part}


def convert_atr(raw: str,
                out: str,
                num_val: int = 700,
                num_test: int = 1000,
                seed: int = 0,
                train_ids: Optional[str] = None,
                val_ids: Optional[str] = None,
                test_ids: Optional[str] = None,
                workers: int = 4) -> List[SplitReport]:
    """Convert the ATR download, see :func:`convert_single_person`.

    In ``raw``, ``JPEGImages`` and ``SegmentationClassAug`` may lie at any
    depth. ATR has no official split: without lists, ``num_val`` and
    ``num_test`` images are taken by :func:`split_by_name`; with any, only the
    images of lists are converted. Raises an InputError if the download is
    incomplete, a list is missing or empty, or nothing is left to train on.
    """
    images = ImageFolder(find_folder(Path(raw), 'JPEGImages'))
    labels = find_folder(Path(raw), 'SegmentationClassAug')
    stems_of = read_split_lists(
        Training=train_ids, Validation=val_ids, Testing=test_ids)
    if not stems_of:
        stems_of = split_by_name(images.stems, num_val, num_test, seed)
        print(f'ATR has no official split: by names, with seed {seed}')
    return _convert_listed(images, labels, out, 'ATR', stems_of, 18, workers)
