# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Label maps: PNG files and lists of instances, as pixels and as runs.

Label maps are piecewise constant: half a million pixels are some ten
thousand runs, and every count that a metric needs is a sum of run lengths.
"""
import os
from io import BytesIO
from typing import Dict, NamedTuple, Tuple

import cv2
import numpy as np
from PIL import Image

from projects.qanet.utils.errors import InputError
from .annotations import MAX_ID, ByteReader, ImageInfo, read_bytes

#: Value of pixels that belong to no class and are left out everywhere.
IGNORE_LABEL = 255

_PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'
_GRAY, _PALETTE = 0, 3


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


def label_path(folder: str,
               file_name: str,
               suffix: str = '.png',
               img_subdir: str = 'Images') -> str:
    """Path of a label file that belongs to an image.

    Args:
        folder (str): Path of Category_ids, Human_ids or Instance_ids.
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
    return os.path.join(folder, stem + suffix)


def decode_label_map(data: bytes, name: str) -> np.ndarray:
    """Decode a one-channel PNG into its pixel values.

    Palette PNGs give their indices, not their colours.

    Args:
        data (bytes): The file's content.
        name (str): What to call the file in error messages.

    Returns:
        np.ndarray: Shape (h, w), uint8 or (16-bit PNGs) uint16.

    Raises:
        InputError: If it is no PNG, is broken, has several channels, or has
            less than 8 bits of grey (readers disagree on their meaning).
    """
    # The header tells what decoders hide: OpenCV turns palettes into colours
    # and stretches 1-bit grey to 0 and 255.
    if len(data) < 33 or data[:8] != _PNG_SIGNATURE:
        raise InputError(f'{name} is not a PNG file (label maps must be '
                         'lossless one-channel PNGs)')
    bit_depth, color_type = data[24], data[25]
    if color_type == _PALETTE:
        return _decode_palette(data, name)
    if color_type != _GRAY:
        raise InputError(f'{name} has several channels, label maps must be '
                         'one-channel PNGs of class or person indices')
    if bit_depth < 8:
        raise InputError(f'{name} has {bit_depth} bit per pixel, label maps '
                         'must have 8 (or 16)')
    labels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if labels is None or labels.ndim != 2:
        raise InputError(f'{name} is a broken PNG')
    return labels


def _decode_palette(data: bytes, name: str) -> np.ndarray:
    try:
        with Image.open(BytesIO(data)) as image:
            return np.array(image, dtype=np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f'{name} is a broken PNG: {error}') from error


def read_label_map(path: str, read: ByteReader = read_bytes) -> np.ndarray:
    """Read a one-channel label PNG.

    Args:
        path (str): File to read.
        read (Callable): Gets its content. Defaults to the local disk.

    Returns:
        np.ndarray: Shape (h, w), uint8 or (16-bit PNGs) uint16.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: See :func:`decode_label_map`.
    """
    try:
        data = read(path)
    except FileNotFoundError:
        raise FileNotFoundError(f'label map {path} does not exist') from None
    return decode_label_map(data, path)


def check_label_size(labels: np.ndarray, size: Tuple[int, int], name: str,
                     other: str) -> None:
    """Refuse a label map of another size than what it belongs to.

    Args:
        labels (np.ndarray): Label map of shape (h, w).
        size (tuple[int, int]): Width and height that it must have.
        name (str): What to call the label map.
        other (str): What to call that which has the size.

    Raises:
        InputError: Names both and their sizes.
    """
    if labels.shape != (size[1], size[0]):
        raise InputError(f'{name} is {labels.shape[1]}x{labels.shape[0]} '
                         f'pixels (w x h), but {other} is {size[0]}x{size[1]}')


def check_label_values(labels: np.ndarray, num_classes: int,
                       name: str) -> None:
    """Refuse label values that are no class (255 is ignored, hence allowed).

    Args:
        labels (np.ndarray): Class indices, any shape, integers.
        num_classes (int): Number of classes, background included.
        name (str): What to call the file in error messages.

    Raises:
        InputError: Names the file and the offending values.
    """
    # One cheap pass decides nearly always; the list of values is for errors.
    if labels.size == 0 or labels.max() < num_classes:
        return
    values = np.unique(labels)
    unknown = values[(values >= num_classes) & (values != IGNORE_LABEL)]
    if unknown.size:
        raise InputError(
            f'{name} holds the label values {unknown.tolist()}, allowed are '
            f'0 to {num_classes - 1} and {IGNORE_LABEL} (ignored)')


def read_image_labels(image: ImageInfo, path: str) -> np.ndarray:
    """Read a label map of an annotated image.

    Args:
        image (ImageInfo): The image.
        path (str): Its label map.

    Returns:
        np.ndarray: Shape (h, w), uint8 or uint16.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it cannot be used or is of another size.
    """
    labels = read_label_map(path)
    check_label_size(labels, image.size, path,
                     f'{image.file_name} in the annotation file')
    return labels


def read_instance_classes(path: str, num_classes: int) -> Dict[int, int]:
    """Read which class each value of Instance_ids has.

    Args:
        path (str): Text file with lines ``instance_id class_id [human_id]``.
        num_classes (int): Number of classes with the background.

    Returns:
        dict[int, int]: Class by id. The third column is not used.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If a line is malformed, lists an id twice, an id that is
            not in 1..65535 or an unknown class.
    """
    try:
        # What is no text is found to be no number below.
        with open(path, encoding='utf-8', errors='replace') as file:
            lines = [line.split() for line in file]
    except FileNotFoundError:
        raise FileNotFoundError(
            f'list of instances {path} does not exist') from None
    classes: Dict[int, int] = {}
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            instance_id, class_id = int(line[0]), int(line[1])
        except (ValueError, IndexError) as error:
            raise InputError(f'{path}, line {number}: not '
                             '"instance_id class_id human_id"') from error
        if not 1 <= instance_id <= MAX_ID:
            raise InputError(f'{path}, line {number}: instance {instance_id},'
                             f' allowed are 1..{MAX_ID}')
        if instance_id in classes:
            raise InputError(f'{path}, line {number}: instance '
                             f'{instance_id} is listed twice')
        if not 0 <= class_id < num_classes and class_id != IGNORE_LABEL:
            raise InputError(f'{path}, line {number}: class {class_id}, '
                             f'allowed are 0..{num_classes - 1}')
        classes[instance_id] = class_id
    return classes


def make_label_runs(categories: np.ndarray, humans: np.ndarray,
                    instances: np.ndarray,
                    instance_classes: Dict[int, int]) -> LabelRuns:
    """Find the runs in which none of three label maps changes.

    Args:
        categories (np.ndarray): Category_ids, (H, W) integers; 255 is
            ignored.
        humans (np.ndarray): Human_ids, (H, W) integers.
        instances (np.ndarray): Instance_ids, (H, W) integers.
        instance_classes (dict[int, int]): Class of each part instance.

    Returns:
        LabelRuns: The labels as runs. A run ends at the bottom of its column
        at the latest.
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
    return LabelRuns(
        starts,
        *(labels.reshape(-1)[pixels].astype(np.int64)
          for labels in (categories, humans, instances)),
        np.array(list(instance_classes.keys()), np.int64),
        np.array(list(instance_classes.values()), np.int64))


def empty_truth() -> LabelRuns:
    """An image of any size in which nobody is annotated.

    Returns:
        LabelRuns: One run of background, to compare predictions alone.
    """
    return LabelRuns(*np.zeros((4, 1), np.int64), *np.zeros((2, 0), np.int64))


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
        FileNotFoundError: If a file is missing.
        InputError: If a file is broken, does not fit the image, or has a
            label that is neither a class nor 255.
    """
    paths = [
        label_path(
            os.path.join(data_root, folder), image.file_name, suffix,
            img_subdir)
        for folder, suffix in (('Category_ids', '.png'), ('Human_ids', '.png'),
                               ('Instance_ids', '.png'), ('Instance_ids',
                                                          '.txt'))
    ]
    maps = [read_image_labels(image, path) for path in paths[:3]]
    runs = make_label_runs(*maps, read_instance_classes(paths[3], num_classes))
    check_label_values(runs.categories, num_classes, paths[0])
    return runs
