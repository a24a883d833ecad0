# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Text that stays readable at any image size."""
import functools
import os.path as osp
from typing import Optional, Sequence, Tuple, Union

import matplotlib
import numpy as np
from PIL import ImageFont

from projects.qanet.utils.errors import InputError

# Below this letters blur.
SMALLEST = 11

Font = Union[ImageFont.FreeTypeFont, ImageFont.ImageFont]


@functools.lru_cache(maxsize=64)
def load_font(size: int, path: Optional[str] = None) -> Font:
    """A font of a size in pixels, DejaVu Sans unless a file is given."""
    if path is None:
        path = osp.join(matplotlib.get_data_path(), 'fonts/ttf/DejaVuSans.ttf')
    try:
        return ImageFont.truetype(path, size)
    except OSError as error:
        raise InputError(f'no TrueType font could be read from {path!r}: '
                         f'{error}') from error


def font_size(image_shape: Sequence[int]) -> int:
    """Text height that suits an image: 2.3 % of its mean side, in pixels."""
    height, width = image_shape[:2]
    return max(SMALLEST, int(round(0.023 * np.sqrt(height * width))))


def tag_font_size(image_shape: Sequence[int], bboxes: np.ndarray) -> int:
    """Text height for the persons' tags: smaller where persons are small."""
    largest = font_size(image_shape)
    if not len(bboxes):
        return largest
    side = np.median(np.min(bboxes[:, 2:] - bboxes[:, :2], axis=1))
    return int(np.clip(round(0.18 * float(side)), SMALLEST, largest))


def fit_columns(size: int, num_columns: int, width: int) -> int:
    """Text height at which a table of scores is no wider than its picture."""
    if not num_columns:
        return size
    # A column is about 2.9 times as wide as its text is high.
    return max(SMALLEST, min(size, int(width / (2.9 * num_columns))))


def text_size(text: str, font: Font) -> Tuple[int, int]:
    """Width of this text and height of any line, in pixels."""
    left, _, right, _ = font.getbbox(text)
    _, top, _, bottom = font.getbbox('Ag')
    return int(right - left), int(bottom - top)


def contrast_colour(colour: Sequence[int]) -> Tuple[int, int, int]:
    """Black or white, whichever reads better on a colour."""
    red, green, blue = colour
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    return (0, 0, 0) if light > 140 else (255, 255, 255)


def format_score(score: float) -> str:
    """A score as it stands in a picture: '-' if undefined."""
    return f'{score:.2f}' if np.isfinite(score) else '-'
