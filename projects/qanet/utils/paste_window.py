# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Where a person's crops lie in the image."""
from typing import Sequence, Tuple

import numpy as np

#: Pixels of an image, (x1, y1, x2, y2), the ends not included.
Window = Tuple[int, int, int, int]


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
