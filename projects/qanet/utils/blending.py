# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Colours over a picture. Needs neither torch nor OpenMMLab."""
from typing import Sequence

import numpy as np


def blend_parts(image: np.ndarray, category: np.ndarray,
                palette: Sequence[Sequence[int]], alpha: float) -> np.ndarray:
    """Lay the parts' colours over an image, and nothing over the rest.

    Args:
        image (np.ndarray): RGB image of shape (H, W, 3), uint8.
        category (np.ndarray): Class of each pixel, (H, W). Background (0) and
            values without a colour, such as 255, keep the image's pixels
            exactly.
        palette (Sequence): One RGB colour per class.
        alpha (float): Share of the colour, in 0..1.

    Returns:
        np.ndarray: A new (H, W, 3) uint8 image.
    """
    colours = np.asarray(palette, dtype=np.float32).reshape(-1, 3)
    part = (category > 0) & (category < len(colours))
    blended = image.copy()
    mixed = (1 - alpha) * image[part] + alpha * colours[category[part]]
    blended[part] = np.rint(mixed).astype(np.uint8)
    return blended
