# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Bilinear sampling, along one axis after the other.

Positions are float32 and computed in the order in which torch's operators do,
so that both round alike.
"""
import math
from typing import Tuple

import numpy as np

from projects.qanet.structures.boxes import MAX_SAMPLES


def _taps(positions: np.ndarray, size: int) -> Tuple[np.ndarray, np.ndarray]:
    """Two pixels for each position, and their weights, both (2, n).

    Beyond the border the weight is 0.
    """
    low = np.floor(positions)
    pixels = low.astype(np.int64) + [[0], [1]]
    weights = np.stack([low + 1 - positions, positions - low])
    weights *= (pixels >= 0) & (pixels < size)
    return pixels.clip(0, size - 1), weights.astype(np.float32)


def crop_matrix(low: float, high: float, size: int, count: int,
                thinned: int) -> Tuple[np.ndarray, int]:
    """Weights of RoIAlign along one axis of an image.

    Args:
        low, high (float): The box along that axis, in pixels.
        size (int): Length of the image.
        count (int): Length of the crop.
        thinned (int): Samples per pixel of the crop; 0 for as many as pixels
            of the image fall onto it.

    Returns:
        tuple: Weights (count, n), float32, and the first of the n pixels of
        the image that they apply to.
    """
    low, high = np.float32(low), np.float32(high)
    width = (high - low) / np.float32(count)
    samples = thinned or max(1, math.ceil(width))
    bins = (low - np.float32(.5)) + np.arange(count, dtype=np.float32) * width
    steps = np.arange(samples, dtype=np.float32) + np.float32(.5)
    positions = (bins[:, None] + steps * width / np.float32(samples)).ravel()
    rows = np.arange(count).repeat(samples)
    inside = (positions >= -1) & (positions <= size)
    pixels, weights = _taps(positions[inside].clip(0, size - 1), size)
    start, end = pixels.min(initial=size - 1), pixels.max(initial=0) + 1
    matrix = np.zeros((count, max(0, end - start)), np.float32)
    np.add.at(matrix, (np.tile(rows[inside], (2, 1)), pixels - start),
              weights / np.float32(samples))
    return matrix, start


def paste_taps(start: int, end: int, low: float, high: float,
               size: int) -> Tuple[np.ndarray, np.ndarray]:
    """Which of a crop's pixels make pixels of an image, along one axis.

    The crop of ``size`` pixels lies in the image from low to high; half a
    pixel of the crop beyond its border it has faded to 0. Gives two pixels for
    each of [start, end) and their weights, both (2, end - start).
    """
    centers = np.arange(start, end, dtype=np.float64) + 0.5
    grid = ((centers - low) / (high - low) * 2 - 1).astype(np.float32)
    return _taps(((grid + 1) * np.float32(size) - 1) / np.float32(2), size)


def resample(maps: np.ndarray, taps: Tuple[np.ndarray, np.ndarray],
             axis: int) -> np.ndarray:
    """Maps (C, h, w) sampled along the axis 1 or 2."""
    pixels, weights = taps
    if axis == 1:
        weights = weights[..., None]
    sampled = maps.take(pixels[0], axis)
    sampled *= weights[0]
    other = maps.take(pixels[1], axis)
    other *= weights[1]
    sampled += other
    return sampled


def crop_person(image: np.ndarray, box: np.ndarray,
                crop_size: Tuple[int, int]) -> np.ndarray:
    """Crop (3, h, w), float32, of an image (H, W, 3), uint8, bilinear.

    ``box`` is padded, xyxy, in pixels; outside the image is black.
    ``crop_size`` is width and height. See ``docs/protocol.md``, section 4.
    """
    size = np.float32(crop_size)
    samples = np.ceil((box[2:] - box[:2]) / size).astype(float) * size
    thinned = 0
    if samples.prod() > MAX_SAMPLES:
        thinned = max(1, math.isqrt(MAX_SAMPLES // math.prod(crop_size)))
    height, width = image.shape[:2]
    rows, top = crop_matrix(box[1], box[3], height, crop_size[1], thinned)
    columns, left = crop_matrix(box[0], box[2], width, crop_size[0], thinned)
    window = image[top:top + rows.shape[1], left:left + columns.shape[1]]
    return np.stack([
        rows @ window[..., channel].astype(np.float32) @ columns.T
        for channel in range(3)
    ])
