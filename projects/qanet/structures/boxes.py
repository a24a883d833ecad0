# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From a person's box to the region that the network sees."""
from typing import Sequence, Tuple

import numpy as np

#: Pixels of an image, (x1, y1, x2, y2), the ends not included.
Window = Tuple[int, int, int, int]


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


def paste_window(boxes: np.ndarray, crop_sizes: Sequence[Tuple[int, int]],
                 image_size: Tuple[int, int]) -> Window:
    """The pixels (x1, y1, x2, y2) that the crops of one person reach.

    Bilinear sampling with zero padding reaches half a crop pixel over the
    crop's border, so the window covers every box (A, 4), xyxy in pixels, plus
    that. Crop and image sizes are width and height. The window is clipped to
    the image, its ends not included; empty (x1 == x2 or y1 == y2) when no box
    meets the image.
    """
    boxes = np.asarray(boxes, np.float64)
    half = 0.5 * (boxes[:, 2:] - boxes[:, :2]) / crop_sizes
    start = np.floor((boxes[:, :2] - half).min(0)).clip(0, image_size)
    end = np.ceil((boxes[:, 2:] + half).max(0)).clip(start, image_size)
    return (*start.astype(int).tolist(), *end.astype(int).tolist())
