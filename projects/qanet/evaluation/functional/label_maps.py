# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Read an image's three label maps once, as runs of constant labels.

Label maps are piecewise constant: half a million pixels are some ten
thousand runs, and every count that a metric needs is a sum of run lengths.
Pillow reads the files: it is no slower than OpenCV on one-channel PNG files
(both spend the time in zlib), keeps palette indices and 16-bit ids as they
are, and needs no libGL.
"""
import os
from typing import Dict, NamedTuple, Tuple

import numpy as np

from projects.qanet.utils.errors import InputError
from .annotations import ImageInfo

IGNORED_LABEL = 255
_ONE_CHANNEL_MODES = ('L', 'P', 'I;16', 'I;16B', 'I')


class LabelRuns(NamedTuple):
    """Ground truth of one image as runs, counted down the columns.

    Attributes:
        starts (np.ndarray): First pixel (x * height + y) of each run, (K,)
            int64, ascending from 0.
        categories (np.ndarray): Value in Category_ids, (K,) int64.
        humans (np.ndarray): Value in Human_ids, (K,) int64.
        instances (np.ndarray): Value in Instance_ids, (K,) int64.
        instance_ids (np.ndarray): Ids that the text file lists, (I,) int64.
        instance_classes (np.ndarray): Their classes, (I,) int64.
    """
    starts: np.ndarray
    categories: np.ndarray
    humans: np.ndarray
    instances: np.ndarray
    instance_ids: np.ndarray
    instance_classes: np.ndarray


def label_path(data_root: str,
               folder: str,
               file_name: str,
               suffix: str = '.png',
               img_subdir: str = 'Images') -> str:
    """Path of a label file that belongs to an image.

    Args:
        data_root (str): Folder of the split, which holds the label folders.
        folder (str): Category_ids, Human_ids or Instance_ids.
        file_name (str): The image's path inside the image folder, or inside
            the split when it begins with the image folder.
        suffix (str): Ending of the label file. Defaults to '.png'.
        img_subdir (str): Name of the image folder. Defaults to 'Images'.

    Returns:
        str: The path.
    """
    stem = os.path.splitext(file_name)[0]
    prefix = img_subdir.rstrip('/') + '/'
    if img_subdir and stem.startswith(prefix):
        stem = stem[len(prefix):]
    return os.path.join(data_root, folder, stem + suffix)


def read_label_map(path: str, image: ImageInfo) -> np.ndarray:
    """Read one label map.

    Args:
        path (str): Path of a one-channel PNG file.
        image (ImageInfo): The image that it belongs to.

    Returns:
        np.ndarray: Labels of shape (H, W), an unsigned or signed integer
        type.

    Raises:
        InputError: If the file is missing, unreadable, not of one
            channel or of another size than the annotation file says.
    """
    # Imported here, so that everything else works without Pillow.
    from PIL import Image
    try:
        with Image.open(path) as file:
            if file.mode not in _ONE_CHANNEL_MODES:
                raise InputError(f'{path} has the mode {file.mode}, '
                                 'label maps have one channel')
            labels = np.asarray(file)
    except FileNotFoundError as error:
        raise InputError(
            f'there is no label map {path} for the image {image.file_name}'
        ) from error
    except (OSError, SyntaxError) as error:
        raise InputError(f'{path} is not readable: {error}') from error
    if labels.shape != (image.height, image.width):
        raise InputError(
            f'{path} has (height, width) = {labels.shape}, the annotation '
            f'file says {(image.height, image.width)} for {image.file_name}')
    return labels


def read_instance_classes(path: str, num_classes: int) -> Dict[int, int]:
    """Read which class each value of Instance_ids has.

    Args:
        path (str): Text file with lines ``instance_id class_id [human_id]``.
        num_classes (int): Number of classes with the background.

    Returns:
        dict[int, int]: Class by id. The third column is not used.

    Raises:
        InputError: If the file is missing, or a line is malformed, or
            lists an id twice or an unknown class.
    """
    try:
        with open(path, encoding='utf-8') as file:
            lines = [line.split() for line in file]
    except FileNotFoundError as error:
        raise InputError(f'there is no list of instances {path}') from error
    classes: Dict[int, int] = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            instance_id, class_id = int(line[0]), int(line[1])
        except (ValueError, IndexError) as error:
            raise InputError(f'{path}, line {number}: not '
                             '"instance_id class_id human_id"') from error
        if instance_id in classes:
            raise InputError(f'{path}, line {number}: instance '
                             f'{instance_id} is listed twice')
        if not 0 <= class_id < num_classes and class_id != IGNORED_LABEL:
            raise InputError(f'{path}, line {number}: class {class_id}, '
                             f'allowed are 0..{num_classes - 1}')
        classes[instance_id] = class_id
    return classes


def maps_to_runs(
    categories: np.ndarray, humans: np.ndarray, instances: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Find the runs in which none of three label maps changes.

    Args:
        categories (np.ndarray): Labels of shape (H, W).
        humans (np.ndarray): Labels of shape (H, W).
        instances (np.ndarray): Labels of shape (H, W).

    Returns:
        tuple: Starts of the runs and the three labels in them, all (K,)
        int64. A run ends at the bottom of its column at the latest.
    """
    height, width = categories.shape
    changes = categories[1:] != categories[:-1]
    changes |= humans[1:] != humans[:-1]
    changes |= instances[1:] != instances[:-1]
    # Finding the few changes in memory order and sorting them is faster than
    # transposing the maps.
    y, x = np.divmod(np.flatnonzero(changes), width)
    tops = np.arange(width, dtype=np.int64) * height
    starts = np.concatenate([tops, x * height + y + 1])
    starts.sort()
    x, y = np.divmod(starts, height)
    pixels = y * width + x
    return (starts, *(labels.reshape(-1)[pixels].astype(np.int64)
                      for labels in (categories, humans, instances)))


def make_label_runs(categories: np.ndarray, humans: np.ndarray,
                    instances: np.ndarray,
                    instance_classes: Dict[int, int]) -> LabelRuns:
    """Ground truth of one image from arrays instead of files.

    Args:
        categories (np.ndarray): Category_ids, (H, W) integers; 255 is
            ignored.
        humans (np.ndarray): Human_ids, (H, W) integers.
        instances (np.ndarray): Instance_ids, (H, W) integers.
        instance_classes (dict[int, int]): Class of each part instance.

    Returns:
        LabelRuns: The labels as runs.
    """
    return LabelRuns(*maps_to_runs(categories, humans, instances),
                     np.array(list(instance_classes.keys()), np.int64),
                     np.array(list(instance_classes.values()), np.int64))


def read_label_runs(image: ImageInfo,
                    data_root: str,
                    num_classes: int,
                    img_subdir: str = 'Images') -> LabelRuns:
    """Read the ground truth of one image, each file once.

    Args:
        image (ImageInfo): The image.
        data_root (str): Folder of the split, with Category_ids, Human_ids
            and Instance_ids.
        num_classes (int): Number of classes with the background.
        img_subdir (str): Name of the image folder. Defaults to 'Images'.

    Returns:
        LabelRuns: The labels as runs.

    Raises:
        InputError: If a file is missing or does not fit the image, or
            has a label that is neither a class nor 255.
    """
    paths = [
        label_path(data_root, folder, image.file_name, '.png', img_subdir)
        for folder in ('Category_ids', 'Human_ids', 'Instance_ids')
    ]
    maps = [read_label_map(path, image) for path in paths]
    text = label_path(data_root, 'Instance_ids', image.file_name, '.txt',
                      img_subdir)
    runs = make_label_runs(*maps, read_instance_classes(text, num_classes))
    labels = runs.categories
    unknown = (labels >= num_classes) & (labels != IGNORED_LABEL)
    if unknown.any():
        raise InputError(
            f'{paths[0]} has the label {labels[np.argmax(unknown)]}, allowed '
            f'are 0..{num_classes - 1} and {IGNORED_LABEL}')
    return runs
