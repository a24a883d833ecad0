# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From a person's box to the region that the network sees."""
from typing import Tuple

import numpy as np

#: Samples of the image that a crop is averaged from, at most: all pixels of a
#: padded box of 67 megapixels. On the CPU each takes 32 bytes.
MAX_SAMPLES = 2**26
#: Padded boxes reach no farther, in pixels.
MAX_COORDINATE = 1e9


def boxes_to_center_scale(
        bboxes: np.ndarray,
        crop_size: Tuple[int, int],
        padding: float = 1.25) -> Tuple[np.ndarray, np.ndarray]:
    """Extend boxes to the crop's aspect ratio, then pad them.

    The shorter side grows about the centre, so nothing of the person is cut
    off (docs/protocol.md, section 3). Boxes are (N, 4), xyxy, in pixels,
    ``crop_size`` is width and height of the network's input, ``padding`` a
    factor on both sides. Gives centres (N, 2), xy, and sizes (N, 2), wh,
    float32, in pixels.
    """
    bboxes = np.asarray(bboxes, dtype=np.float64).reshape(-1, 4)
    aspect = crop_size[0] / crop_size[1]
    center = (bboxes[:, :2] + bboxes[:, 2:]) / 2
    width, height = (bboxes[:, 2:] - bboxes[:, :2]).T
    size = np.maximum((width, height), (height * aspect, width / aspect)).T
    return center.astype(np.float32), (size * padding).astype(np.float32)


def pad_boxes(bboxes: np.ndarray,
              crop_size: Tuple[int, int],
              padding: float = 1.25,
              scale: float = 1.) -> np.ndarray:
    """Boxes (N, 4), xyxy, of :func:`boxes_to_center_scale`, scaled."""
    center, size = boxes_to_center_scale(bboxes, crop_size, padding)
    half = size * np.float32(scale) / 2
    return np.concatenate([center - half, center + half], axis=1)
