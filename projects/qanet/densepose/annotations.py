# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What is annotated of one person, and where in the image it lies.

An annotation is a COCO record with ``bbox`` (xywh in pixels) and DensePose's
``dp_masks``, ``dp_x``, ``dp_y``, ``dp_I``, ``dp_U`` and ``dp_V``.
"""
from contextlib import suppress
from typing import Any, NamedTuple, Sequence, Tuple

import cv2
import numpy as np

from projects.qanet.structures.rle import decode_runs
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number
from .labels import MASK_SIZE, MAX_POINTS, NUM_PARTS, NUM_PATCHES, POINT_RANGE

# Of each list of numbers: the lowest and the highest one.
_RANGES = dict(
    dp_x=(0, MASK_SIZE),
    dp_y=(0, MASK_SIZE),
    dp_I=(1, NUM_PATCHES - 1),
    dp_U=(0, 1),
    dp_V=(0, 1))
#: The fields of points.
POINT_KEYS = tuple(_RANGES)


class SurfacePoints(NamedTuple):
    """Points of one person: where they are seen and where on the body."""
    xy: np.ndarray  # pixels, (P, 2) float64
    patches: np.ndarray  # 1..24, (P,) int64
    uv: np.ndarray  # inside the patch, in [0, 1], (P, 2) float64


def decode_part_mask(dp_masks: Any, where: str) -> np.ndarray:
    """The labels 0..14 of a box that is stretched to a square.

    ``dp_masks`` are 14 compressed COCO run-length codes, [] for a part that
    is not there; later parts cover earlier ones. Gives (256, 256) uint8.
    Raises an InputError that begins ``where``.
    """
    if not isinstance(dp_masks, list) or len(dp_masks) != NUM_PARTS - 1:
        raise InputError(f'{where} has dp_masks that are no list of '
                         f'{NUM_PARTS - 1} masks')
    parts = [part for part, mask in enumerate(dp_masks, 1) if mask]
    for part in parts:
        mask = dp_masks[part - 1]
        size = mask.get('size') if isinstance(mask, dict) else None
        if size != [MASK_SIZE, MASK_SIZE]:
            raise InputError(f'{where} has a mask of part {part} of the size '
                             f'{size}, expected [{MASK_SIZE}, {MASK_SIZE}]')
    try:
        starts, ends, owners, totals = decode_runs(
            [dp_masks[part - 1].get('counts') for part in parts])
    except ValueError as error:
        reason, position = error.args
        raise InputError(f'{where} has a mask of part {parts[position]} whose '
                         f'{reason}') from error
    for part, total in zip(parts, totals.tolist()):
        if total != MASK_SIZE**2:
            raise InputError(f'{where} has a mask of part {part} of {total} '
                             f'pixels, expected {MASK_SIZE**2}')
    labels = np.zeros(MASK_SIZE**2, np.uint8)
    # Codes count down the columns; those of later parts come later.
    for start, end, owner in zip(starts, ends, owners):
        labels[start:end] = parts[owner]
    return np.ascontiguousarray(labels.reshape(MASK_SIZE, MASK_SIZE).T)


def check_points(annotation: dict, where: str) -> None:
    """Refuse points that are none with an InputError that begins ``where``.

    ``dp_x, dp_y, dp_I, dp_U, dp_V`` must be lists of as many numbers, at most
    196: positions in the box 0..256, whole patches 1..24, coordinates 0..1.
    """
    for key, (low, high) in _RANGES.items():
        if not isinstance(annotation.get(key), list):
            raise InputError(f'{where} has no list of numbers {key}')
        kind = 'whole numbers' if key == 'dp_I' else 'numbers'
        for value in _outside(annotation[key], low, high, kind):
            raise InputError(f'{where} has {value!r:.60} in {key}, allowed '
                             f'are {kind} {low}..{high}')
    lengths = {len(annotation[key]) for key in _RANGES}
    if len(lengths) > 1:
        counts = ', '.join(f'{len(annotation[key])} {key}' for key in _RANGES)
        raise InputError(f'{where} has {counts}, expected as many of each')
    if max(lengths) > MAX_POINTS:
        raise InputError(f'{where} has {max(lengths)} points, allowed are '
                         f'{MAX_POINTS}')


def has_points(annotation: dict) -> bool:
    """Whether a person has points, good ones or not; masks may be alone."""
    return any(annotation.get(key) for key in POINT_KEYS)


def _outside(values: list, low: float, high: float, kind: str) -> list:
    """Values that are not of a kind and range."""
    with suppress(ValueError):  # lists of several lengths
        numbers = np.asarray(values)
        if numbers.dtype.kind in 'iuf' and numbers.ndim == 1:
            good = (numbers >= low) & (numbers <= high)
            if kind == 'whole numbers':
                good &= numbers == numbers.round()
            return numbers[~good].tolist()
    return [value for value in values if not is_number(value)] or values


def place_mask(labels: np.ndarray, bbox: Sequence[float],
               image_size: Tuple[int, int]) -> np.ndarray:
    """Stretch labels over a box in an image, 0 elsewhere.

    Labels are (256, 256) uint8, ``bbox`` is xywh in pixels, ``image_size``
    width and height; gives (H, W) uint8. The nearest label counts. The box's
    corners are cut to whole pixels, and the far one to the image.
    """
    width, height = image_size
    left, top = int(bbox[0]), int(bbox[1])
    right = min(int(bbox[0] + bbox[2]), width)
    bottom = min(int(bbox[1] + bbox[3]), height)
    placed = np.zeros((height, width), np.uint8)
    # Some boxes are thinner than a pixel.
    if right > max(left, 0) and bottom > max(top, 0):
        stretched = cv2.resize(
            labels, (right - left, bottom - top),
            interpolation=cv2.INTER_NEAREST)
        placed[max(top, 0):bottom,
               max(left, 0):right] = stretched[max(-top, 0):,
                                               max(-left, 0):]
    return placed


def place_points(x: np.ndarray, y: np.ndarray,
                 bbox: Sequence[float]) -> np.ndarray:
    """Pixels, (P, 2) float64, of ``dp_x`` and ``dp_y`` in a box (xywh)."""
    return np.add(bbox[:2], np.stack([x, y], 1) / POINT_RANGE * bbox[2:])


def place(annotation: dict,
          image_size: Tuple[int, int],
          where: str = 'annotation') -> Tuple[np.ndarray, SurfacePoints]:
    """Lay a person's parts and points over the image.

    ``image_size`` is width and height. Gives the labels of parts, (H, W)
    uint8, and the points; there may be none. Raises the InputErrors of
    :func:`decode_part_mask` and :func:`check_points`.
    """
    labels = decode_part_mask(annotation.get('dp_masks'), where)
    bbox, columns = annotation['bbox'], [()] * len(POINT_KEYS)
    if has_points(annotation):
        check_points(annotation, where)
        columns = [annotation[key] for key in POINT_KEYS]
    x, y, patches, u, v = (np.asarray(one, np.float64) for one in columns)
    xy, uv = place_points(x, y, bbox), np.stack([u, v], 1)
    points = SurfacePoints(xy, patches.astype(np.int64), uv)
    return place_mask(labels, bbox, image_size), points
