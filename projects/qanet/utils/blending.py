# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Colours over a picture. Needs neither torch nor OpenMMLab."""
from typing import Sequence

import numpy as np


def blend_parts(image: np.ndarray, category: np.ndarray,
                palette: Sequence[Sequence[int]], alpha: float) -> np.ndarray:
    """Lay the parts' colours over an image (H, W, 3), uint8; gives a new one.

    Where the class of a pixel, (H, W), is the background (0) or without a
    colour in the palette, such as 255, the pixel stays exactly. ``alpha`` is
    the colours' share, in 0..1; image and palette have the same channels.
    """
    colours = np.asarray(palette, dtype=np.float32).reshape(-1, 3)
    part = (category > 0) & (category < len(colours))
    blended = image.copy()
    mixed = (1 - alpha) * image[part] + alpha * colours[category[part]]
    blended[part] = np.rint(mixed).astype(np.uint8)
    return blended
