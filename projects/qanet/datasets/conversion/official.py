# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""CIHP, LIP and MHP v2: every split has folders of its own."""
import os
import re
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from projects.qanet.utils.errors import InputError
from .files import (ImageFolder, any_case, find_file, find_folder, is_hidden,
                    link_file, not_found, read_stems, search)
from .maps import (PersonPainter, check_num_classes, persons_of,
                   place_label_map, read_labels_of, read_red_labels,
                   write_instance_table, write_instances)
from .records import (ImageRecord, Split, SplitReport, convert_splits,
                      place_image)
from .single_person import convert_single

# <image>_<number of persons>_<person>.png; the image's name may itself hold
# underscores.
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


class _Part(NamedTuple):
    """Where a split lies in a download, and how many images it has."""

    images: str
    labels: Tuple[str, ...]  # must all be there
    id_list: str  # without it all images count
    number: int


class _Layout(NamedTuple):
    """A data set; ``masks`` is a folder of one PNG for each person."""

    num_classes: int
    scattered: bool  # images, labels and lists may be separate archives
    convert_image: Callable[..., Optional[ImageRecord]]
    parts: Dict[str, _Part]
    masks: Optional[str] = None


_LAYOUTS = {
    'CIHP':
    _Layout(
        20, False, _convert_cihp,
        dict(
            Training=_Part('Training/Images',
                           ('Training/Category_ids', 'Training/Human_ids'),
                           'Training/train_id.txt', 28280),
            Validation=_Part(
                'Validation/Images',
                ('Validation/Category_ids', 'Validation/Human_ids'),
                'Validation/val_id.txt', 5000),
            Testing=_Part('Testing/Images', (), 'Testing/test_id.txt', 5000))),
    'LIP':
    _Layout(
        20, True, convert_single,
        dict(
            Training=_Part('train_images', ('train_segmentations', ),
                           'train_id.txt', 30462),
            Validation=_Part('val_images', ('val_segmentations', ),
                             'val_id.txt', 10000),
            Testing=_Part('testing_images', (), 'test_id.txt', 10000))),
    'MHP-v2':
    _Layout(
        59, True, _convert_mhp,
        dict(
            Training=_Part('train/images', ('train/parsing_annos', ),
                           'list/train.txt', 15403),
            Validation=_Part('val/images', ('val/parsing_annos', ),
                             'list/val.txt', 5000),
            Testing=_Part('test/images', (), 'list/test_all.txt', 5000)),
        'parsing_annos'),
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
    boxes without labels. MHP v2: the masks of an image's persons become one
    map of classes and one of persons; where masks overlap, the person with
    the higher number covers the other, and boxes are tight about what remains
    visible. Running it again is harmless.

    Args:
        data_set (str): CIHP, LIP or MHP-v2.
        raw (str): Where the archives were unpacked; further levels of folders
            are looked through. Without a list of images, all of a split are
            taken.
        out (str): Folder to write, e.g. ``data/CIHP``.
        name (str, optional): Annotation files are
            ``<name>_{train,val,test}.json``. Defaults to ``data_set``; another
            name is that of other data in its layout.
        num_classes (int, optional): Number of classes, background included.
            Defaults to that of the data set.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        list[SplitReport]: Per split that is present.

    Raises:
        InputError: If the download is incomplete: no split, a split without
            images, labels or persons, or most of a split missing; or if
            ``num_classes`` is not 2..255.
    """
    layout = _LAYOUTS[data_set]
    name = data_set if name is None else name
    num_classes = layout.num_classes if num_classes is None else num_classes
    check_num_classes(num_classes)
    splits = []
    for split, part in layout.parts.items():
        folders = [part.images, *part.labels]
        root, depth = search(Path(raw), folders), 0
        if root is None:
            print(f'{split} ({", ".join(folders)}) is not in {raw}, left out')
            continue
        if layout.scattered:
            root, depth = Path(raw), 5
        folders = [find_folder(root, folder, depth) for folder in folders]
        images = ImageFolder(folders[0])
        id_list = find_file(root, part.id_list, depth)
        stems = images.stems if id_list is None else read_stems(id_list)
        labels = folders[1:] or None
        if layout.masks:  # a test split may have them
            masks = folders[-1].with_name(layout.masks)
            labels = _list_masks(masks) if masks.is_dir() else None
        convert_one = partial(layout.convert_image, images, labels,
                              Path(out, split), num_classes)
        number = part.number if name == data_set else None
        splits.append(
            Split(split, stems, convert_one, number, labels is not None))
    if not splits:
        raise not_found(raw, [part.images for part in layout.parts.values()])
    return convert_splits(out, name, splits, workers)
