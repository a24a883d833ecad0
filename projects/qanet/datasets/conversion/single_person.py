# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pictures that show one person each: ATR and the like."""
import hashlib
from functools import partial
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np

from projects.qanet.utils.errors import InputError
from .files import ImageFolder, any_case, find_folder, read_split_lists
from .maps import (check_num_classes, place_label_map, read_labels_of,
                   write_instances, write_label_map)
from .records import (ImageRecord, Split, SplitReport, convert_splits,
                      place_image)


def convert_single(images: ImageFolder, labels: Optional[Sequence[Path]],
                   out: Path, num_classes: int,
                   stem: str) -> Optional[ImageRecord]:
    """Convert a picture of one person; ``labels``: their folder, if any."""
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


def _convert(images: ImageFolder, label_dir: Path, out: str, name: str,
             stems_of: Dict[str, List[str]], num_classes: int,
             workers: int) -> List[SplitReport]:
    splits = [
        Split(
            split, stems,
            partial(convert_single, images, [label_dir], Path(out, split),
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

    Args:
        image_dir (str): Folder of the images.
        label_dir (str): Folder of label PNGs with the images' names.
        out (str): Folder to write, e.g. ``data/LIP``.
        train_ids, val_ids (str, optional): Text files with the names of a
            split's images, one per line. Default to None; without both, all
            images are for training.
        name (str): Annotation files are ``<name>_{train,val}.json``. Defaults
            to 'LIP'.
        num_classes, workers (int): See :func:`convert_official`. Default to
            20 and 4.

    Returns:
        list[SplitReport]: Training, then validation, as far as asked for.

    Raises:
        InputError: If a folder or list is missing or empty, most of a split
            cannot be converted or nothing of it is labelled, or
            ``num_classes`` is not 2..255.
    """
    check_num_classes(num_classes)
    images, labels = ImageFolder(Path(image_dir)), Path(label_dir)
    stems_of = read_split_lists(Training=train_ids, Validation=val_ids)
    if not labels.is_dir():
        raise InputError(f'folder {labels} does not exist')
    return _convert(images, labels, out, name, stems_of
                    or dict(Training=images.stems), num_classes, workers)


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
    splits = dict(
        Training=order[num_val + num_test:],
        Validation=order[:num_val],
        Testing=order[num_val:num_val + num_test])
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

    ATR has no official split: without lists see :func:`split_by_name`.

    Args:
        raw (str): Where ``humanparsing.zip`` was unpacked; ``JPEGImages`` and
            ``SegmentationClassAug`` may lie at any depth.
        out (str): Folder to write, e.g. ``data/ATR``.
        num_val, num_test (int): Numbers of images for validation and testing.
            Default to 700 and 1000.
        seed (int): Of the split. Defaults to 0.
        train_ids, val_ids, test_ids (str, optional): Text files with the names
            of a split's images, one per line. With any, only the images of
            lists are converted. Default to None.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        list[SplitReport]: Per split.

    Raises:
        InputError: If the download is incomplete, a list is missing or empty,
            or the numbers leave nothing to train on.
    """
    images = ImageFolder(find_folder(Path(raw), 'JPEGImages'))
    labels = find_folder(Path(raw), 'SegmentationClassAug')
    stems_of = read_split_lists(
        Training=train_ids, Validation=val_ids, Testing=test_ids)
    if not stems_of:
        stems_of = split_by_name(images.stems, num_val, num_test, seed)
        print(f'ATR has no official split: by names, with seed {seed}')
    return _convert(images, labels, out, 'ATR', stems_of, 18, workers)
