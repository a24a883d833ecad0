# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import hashlib
from typing import Dict, List, Optional, Sequence

from projects.qanet.utils.errors import InputError
from .files import ImageFolder, find_folder
from .single_person import read_split_lists, single_person_split
from .splits import SplitReport, convert_splits

_NUM_CLASSES = 18


def split_by_name(stems: Sequence[str],
                  num_val: int,
                  num_test: int,
                  seed: int = 0) -> Dict[str, List[str]]:
    """Split images by chance, but the same way everywhere.

    The images are ordered by the SHA-1 hash of ``'<seed>:<name>'``: the
    first are for validation, the next for testing, the rest for training. An
    image that is missing moves at most one other per split.

    Args:
        stems (Sequence[str]): Names of the images.
        num_val (int): Number of images for validation.
        num_test (int): Number of images for testing.
        seed (int): Another number gives another split. Defaults to 0.

    Returns:
        dict[str, list[str]]: Training, Validation and Testing, sorted; a
        split without images is left out.

    Raises:
        InputError: If a number is negative or nothing is left to train on.
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
    return {folder: sorted(part) for folder, part in splits.items() if part}


def convert_atr(raw: str,
                out: str,
                num_val: int = 700,
                num_test: int = 1000,
                seed: int = 0,
                train_ids: Optional[str] = None,
                val_ids: Optional[str] = None,
                test_ids: Optional[str] = None,
                workers: int = 4) -> List[SplitReport]:
    """Convert the ATR download; images and labels are linked, not copied.

    All labelled pixels are person 1, whose box is the whole picture. Label
    255 stays and is ignored everywhere. ATR has no official split: without
    lists see :func:`split_by_name`. Running it again is harmless.

    Args:
        raw (str): Where ``humanparsing.zip`` was unpacked; ``JPEGImages`` and
            ``SegmentationClassAug`` may lie at any depth.
        out (str): Folder to write, e.g. ``data/ATR``.
        num_val (int): Number of images for validation. Defaults to 700.
        num_test (int): Number of images for testing. Defaults to 1000.
        seed (int): Of the split. Defaults to 0.
        train_ids (str, optional): Text file with the names of the training
            images, one per line. Defaults to None. With any list, only the
            images of lists are converted.
        val_ids (str, optional): The same for validation.
        test_ids (str, optional): The same for testing.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        list[SplitReport]: Per split.

    Raises:
        InputError: If the download is incomplete, a list is missing or empty,
            or the numbers leave nothing to train on.
    """
    images = ImageFolder(find_folder(raw, 'JPEGImages'))
    label_dir = find_folder(raw, 'SegmentationClassAug')
    stems_of = read_split_lists(
        Training=train_ids, Validation=val_ids, Testing=test_ids)
    if not stems_of:
        stems_of = split_by_name(images.stems, num_val, num_test, seed)
        print(f'ATR has no official split: by names, with seed {seed}')
    splits = [
        single_person_split(folder, stems, images, label_dir, out,
                            _NUM_CLASSES)
        for folder, stems in stems_of.items()
    ]
    return convert_splits(out, 'ATR', splits, workers)
