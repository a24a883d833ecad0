# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The panel beside a picture: colours, class names and part scores."""
from typing import NamedTuple, Sequence

import numpy as np
from PIL import Image, ImageDraw

from .painting import Colour
from .text import Font, contrast_colour, format_score, text_size

PAPER: Colour = (255, 255, 255)
INK: Colour = (30, 30, 30)
FAINT: Colour = (165, 165, 165)


class ScoreColumn(NamedTuple):
    """Part scores of one person, as one column of the legend."""
    title: str  # the number on the person's tag
    colour: Colour
    scores: np.ndarray  # (C - 1,); NaN is shown as '-'
    present: np.ndarray  # whether the person has the part, (C - 1,)


def _draw_head(draw: ImageDraw.ImageDraw, right: int, y: int, width: int,
               height: int, column: ScoreColumn, font: Font) -> None:
    """Draw a person's number on a chip of its colour."""
    draw.rectangle((right - width, y, right - 1, y + height),
                   fill=tuple(column.colour))
    draw.text((right - width / 2, y + height / 2),
              column.title,
              fill=contrast_colour(column.colour),
              font=font,
              anchor='mm')


def draw_legend(
    labels: Sequence[int],
    names: Sequence[str],
    palette: Sequence[Colour],
    height: int,
    font: Font,
    faint: Sequence[int] = (),
    columns: Sequence[ScoreColumn] = ()
) -> np.ndarray:
    """Draw the legend panel, RGB (h, w, 3) uint8; w is 0 without labels.

    It is at least ``height`` pixels high. More entries than fit make more
    blocks side by side; one of up to twelve rows may be higher. Classes in
    ``faint``, which don't occur in this picture, are greyed out; ``columns``
    are the persons whose part scores are written beside the names.
    """
    if not len(labels):
        return np.zeros((height, 0, 3), dtype=np.uint8)
    swatch = text_size('Ag', font)[1]
    row, gap = round(swatch * 1.5), max(4, round(swatch * 0.6))
    head = row if columns else 0
    # A small picture rather gets a panel taller than itself than one that
    # is many times wider.
    rows = max((height - 2 * gap - head) // row, 12)
    blocks = -(-len(labels) // min(len(labels), rows))
    rows = -(-len(labels) // blocks)
    name = swatch + gap + max(text_size(names[k], font)[0] for k in labels)
    score = text_size('0.00', font)[0] + gap
    width = name + len(columns) * score + 2 * gap
    size = blocks * width + gap, max(height, rows * row + 2 * gap + head)
    canvas = Image.new('RGB', size, PAPER)
    draw = ImageDraw.Draw(canvas)
    for k, label in enumerate(labels):
        x = gap + k // rows * width
        y = gap + head + k % rows * row
        middle, top = y + row / 2, y + (row - swatch) // 2
        hidden = label in faint
        draw.rectangle((x, top, x + swatch - 1, top + swatch - 1),
                       fill=PAPER if hidden else tuple(palette[label]),
                       outline=FAINT)
        draw.text((x + swatch + gap, middle),
                  names[label],
                  fill=FAINT if hidden else INK,
                  font=font,
                  anchor='lm')
        for i, column in enumerate(columns, 1):
            right = x + name + i * score
            if k % rows == 0:
                _draw_head(draw, right, gap, score - gap, row - gap // 2,
                           column, font)
            if column.present[label - 1]:
                text = format_score(column.scores[label - 1])
                draw.text((right, middle), text, INK, font, anchor='rm')
    return np.array(canvas)


def join_beside(pictures: Sequence[np.ndarray], gap: int = 0) -> np.ndarray:
    """Put RGB pictures side by side, aligned at the top, on white.

    The first keeps its place; ``gap`` is the white between two, in pixels.
    """
    pictures = [picture for picture in pictures if picture.shape[1]]
    height = max(picture.shape[0] for picture in pictures)
    width = sum(p.shape[1] for p in pictures) + gap * (len(pictures) - 1)
    joined = np.full((height, width, 3), 255, dtype=np.uint8)
    x = 0
    for picture in pictures:
        h, w = picture.shape[:2]
        joined[:h, x:x + w] = picture
        x += w + gap
    return joined
