# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Reading label PNGs as indices, whatever way they were saved."""
from io import BytesIO
from typing import Optional

import cv2
import numpy as np
from mmengine import fileio
from PIL import Image

from projects.qanet.utils.errors import InputError

_PNG_SIGNATURE = b'\x89PNG\r\n\x1a\n'
_GRAY, _PALETTE = 0, 3


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


def read_label_map(path: str,
                   backend_args: Optional[dict] = None) -> np.ndarray:
    """Read a one-channel label PNG.

    Args:
        path (str): File to read.
        backend_args (dict, optional): Storage backend, see
            ``mmengine.fileio``. Defaults to None, the local disk.

    Returns:
        np.ndarray: Shape (h, w), uint8 or (16-bit PNGs) uint16.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: See :func:`decode_label_map`.
    """
    try:
        data = fileio.get(path, backend_args=backend_args)
    except FileNotFoundError:
        raise FileNotFoundError(f'label map {path} does not exist') from None
    return decode_label_map(data, path)


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
    unknown = values[(values >= num_classes) & (values != 255)]
    if unknown.size:
        raise InputError(
            f'{name} holds the label values {unknown.tolist()}, allowed are '
            f'0 to {num_classes - 1} and 255 (ignored)')
