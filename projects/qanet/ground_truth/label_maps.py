# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Label maps: PNG files, read and checked in one place."""
import os
from io import BytesIO
from typing import Dict, Iterable, Tuple

import cv2
import numpy as np
from PIL import Image

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import ByteReader, read_bytes
from .annotations import ImageInfo

#: Value of pixels that belong to no class and are left out everywhere.
IGNORE_LABEL = 255
_GRAY, _PALETTE = 0, 3


def label_path(folder: str,
               file_name: str,
               suffix: str = '.png',
               img_subdir: str = 'Images') -> str:
    """Path of a label file that belongs to an image.

    ``folder`` is that of Category_ids, Human_ids or Instance_ids.
    ``file_name`` is the image's path inside the image folder ``img_subdir``,
    or inside the split when it begins with the image folder.
    """
    stem = os.path.splitext(file_name)[0]
    prefix = img_subdir.rstrip('/') + '/'
    if img_subdir and stem.startswith(prefix):
        stem = stem[len(prefix):]
    return os.path.join(folder, stem + suffix)


def check_label_names(file_names: Iterable[str], where: str) -> None:
    """Refuse images that would share their label maps: ``a.jpg``, ``a.png``.

    Raises an InputError; ``where`` names the file that lists them.
    """
    owners: Dict[str, str] = {}
    for name in file_names:
        path = label_path('', name)
        if path in owners:
            raise InputError(f'{where}: the images {owners[path]} and {name} '
                             f'would share the label map {path}')
        owners[path] = name


def decode_label_map(data: bytes, name: str) -> np.ndarray:
    """Decode a one-channel PNG into its pixel values, (h, w).

    Palette PNGs give their indices, not their colours; 16-bit ones uint16,
    others uint8. Raises an InputError with the ``name`` of what is no PNG, is
    broken, has several channels, or has less than 8 bits of grey (readers
    disagree on their meaning).
    """
    # The header tells what decoders hide: OpenCV turns palettes into colours
    # and stretches 1-bit grey to 0 and 255.
    if len(data) < 33 or data[:8] != b'\x89PNG\r\n\x1a\n':
        raise InputError(f'{name} is not a PNG file (label maps must be '
                         'lossless one-channel PNGs)')
    bit_depth, color_type = data[24], data[25]
    if color_type == _PALETTE:
        try:
            with Image.open(BytesIO(data)) as image:
                return np.array(image, dtype=np.uint8)
        except (OSError, SyntaxError, ValueError,
                Image.DecompressionBombError) as error:
            raise InputError(f'{name} is a broken PNG: {error}') from error
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


def read_label_map(path: str, read: ByteReader = read_bytes) -> np.ndarray:
    """Read a one-channel label PNG: (h, w), uint8 or (16-bit PNGs) uint16.

    Raises a FileNotFoundError, or the InputError of :func:`decode_label_map`.
    """
    try:
        data = read(path)
    except FileNotFoundError:
        raise FileNotFoundError(f'label map {path} does not exist') from None
    return decode_label_map(data, path)


def check_label_size(labels: np.ndarray, size: Tuple[int, int], name: str,
                     other: str) -> None:
    """Refuse a label map that is not (width, height) = ``size`` in pixels.

    The InputError names the map, and what else (``other``) has the size.
    """
    if labels.shape != (size[1], size[0]):
        raise InputError(f'{name} is {labels.shape[1]}x{labels.shape[0]} '
                         f'pixels (w x h), but {other} is {size[0]}x{size[1]}')


def check_label_values(labels: np.ndarray, num_classes: int,
                       name: str) -> None:
    """Refuse label values that are no class (255 is ignored, hence allowed).

    The InputError names the file and the offending values.
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


def check_some_class(labels: np.ndarray, num_classes: int, name: str) -> None:
    """Refuse black and white masks, in which all of a person is ignored.

    Raises an InputError if there are pixels of 255, but none of a class.
    """
    if labels.size and labels.max() == IGNORE_LABEL and not (
        (labels > 0) & (labels < IGNORE_LABEL)).any():
        raise InputError(
            f'{name} holds no labels but 0 and {IGNORE_LABEL}, which is '
            'ignored: labels must be class indices, 1 to '
            f'{num_classes - 1} for the parts')


def read_image_labels(image: ImageInfo, path: str) -> np.ndarray:
    """Read a label map and check that it is as large as its image."""
    labels = read_label_map(path)
    check_label_size(labels, image.size, path,
                     f'{image.file_name} in the annotation file')
    return labels
