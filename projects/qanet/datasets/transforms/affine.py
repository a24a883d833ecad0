# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import math
from typing import Sequence, Tuple

import numpy as np


def get_warp_matrix(center: Sequence[float], scale: Sequence[float],
                    rotation: float, crop_size: Tuple[int, int]) -> np.ndarray:
    """Affine map from image to crop pixels.

    The box centre lands on the pixel index (w / 2, h / 2), without a
    half-pixel shift, and the box width becomes the crop width.

    Args:
        center (Sequence[float]): Box centre x, y in pixels.
        scale (Sequence[float]): Padded box width and height in pixels; the
            width alone decides, the aspect ratio is the crop's.
        rotation (float): Degrees; positive turns the content
            counter-clockwise.
        crop_size (tuple[int, int]): Width and height of the crop.

    Returns:
        np.ndarray: Shape (2, 3), float64: crop = matrix @ (x, y, 1).
    """
    zoom = crop_size[0] / float(scale[0])
    angle = math.radians(rotation)
    # The y axis points down, hence the sign of the sines.
    cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
    x, y = float(center[0]), float(center[1])
    return np.array([[cos, sin, crop_size[0] / 2 - cos * x - sin * y],
                     [-sin, cos, crop_size[1] / 2 + sin * x - cos * y]])
