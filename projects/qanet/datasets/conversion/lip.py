# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import List, Optional

from projects.qanet.utils.errors import InputError
from .files import ImageFolder, find_file, find_folder, read_stems, search_root
from .single_person import single_person_split
from .splits import Split, SplitReport, convert_splits

_NUM_CLASSES = 20
# Split -> its images, labels (the test split has none), list, image count.
_FOLDERS = dict(
    Training=('train_images', 'train_segmentations', 'train_id.txt', 30462),
    Validation=('val_images', 'val_segmentations', 'val_id.txt', 10000),
    Testing=('testing_images', None, 'test_id.txt', 10000))


def _plan(raw: str, out: str, split: str) -> Optional[Split]:
    """What to convert; None if the split is not there."""
    folder, labels, id_list, official = _FOLDERS[split]
    markers = [folder] if labels is None else [folder, labels]
    if search_root(raw, markers) is None:
        print(f'{split} ({", ".join(markers)}) is not in {raw}, left out')
        return None
    # Images and labels come in two archives: one of them is not enough.
    images = ImageFolder(find_folder(raw, folder))
    label_dir = labels and find_folder(raw, labels)
    id_list = find_file(raw, id_list)
    stems = images.stems if id_list is None else read_stems(id_list)
    return single_person_split(split, stems, images, label_dir, out,
                               _NUM_CLASSES, official)


def convert_lip(raw: str, out: str, workers: int = 4) -> List[SplitReport]:
    """Convert the LIP download; images and labels are linked, not copied.

    All labelled pixels are person 1, whose box is the whole picture. The test
    split has no labels; its annotation file has the boxes all the same.
    Running it again is harmless.

    Args:
        raw (str): Where the archives were unpacked, at any depth:
            ``train_images, train_segmentations, train_id.txt`` and the same
            for ``val``, ``testing_images, test_id.txt``. Without a list,
            all images of the folder are taken.
        out (str): Folder to write, e.g. ``data/LIP``.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        list[SplitReport]: Per split that is present.

    Raises:
        InputError: If the download is incomplete: no split, images without
            labels or labels without images, or most of a split missing.
    """
    splits = [_plan(raw, out, split) for split in _FOLDERS]
    if not any(splits):
        raise InputError(
            f'{raw} has none of the folders '
            f'{", ".join(row[0] for row in _FOLDERS.values())}, not in its '
            'sub-folders either: incomplete download?')
    return convert_splits(out, 'LIP', [split for split in splits if split],
                          workers)
