# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The panel beside a picture: colours, class names and part scores."""
from typing import List, NamedTuple, Optional, Sequence

import numpy as np
from PIL import Image, ImageDraw

from .painting import Colour
from .text import Font, contrast_colour, format_score, text_size

PAPER: Colour = (255, 255, 255)
INK: Colour = (30, 30, 30)
FAINT: Colour = (165, 165, 165)


class ScoreColumn(NamedTuple):
    """Part scores of one person, as one column of the legend.

    ``scores`` and ``present`` (whether the person has the part) are (C - 1,);
    NaN is shown as '-'. The title is the number on the person's tag.
    """
    title: str
    colour: Colour
    scores: np.ndarray
    present: np.ndarray


class _Layout(NamedTuple):
    """Measures of a legend in pixels."""
    row: int
    gap: int
    swatch: int
    name: int
    score: int
    rows: int
    columns: int
    head: int

    @property
    def block(self) -> int:
        return self.swatch + self.gap + self.name


def _layout(labels: Sequence[int], names: Sequence[str], num_scores: int,
            height: int, font: Font) -> _Layout:
    """Fit the rows into as many columns as the height asks for."""
    line = text_size('Ag', font)[1]
    row = int(round(line * 1.5))
    gap = max(4, int(round(line * 0.6)))
    head = row if num_scores else 0
    fits = max(1, (height - 2 * gap - head) // row)
    # A small picture rather gets a panel taller than itself than one that
    # is many times wider.
    rows = min(len(labels), max(fits, 12))
    columns = -(-len(labels) // rows)
    rows = -(-len(labels) // columns)
    return _Layout(
        row=row,
        gap=gap,
        swatch=line,
        name=max(text_size(names[label], font)[0] for label in labels),
        score=text_size('0.00', font)[0] + gap,
        rows=rows,
        columns=columns,
        head=head)


def _draw_row(draw: ImageDraw.ImageDraw, x: int, y: int, layout: _Layout,
              name: str, colour: Colour, ink: Colour, font: Font) -> None:
    """Draw swatch and name; (x, y) is the row's left upper corner."""
    middle = y + layout.row / 2
    top = y + (layout.row - layout.swatch) // 2
    draw.rectangle((x, top, x + layout.swatch - 1, top + layout.swatch - 1),
                   fill=tuple(colour),
                   outline=FAINT)
    draw.text((x + layout.swatch + layout.gap, middle),
              name,
              fill=ink,
              font=font,
              anchor='lm')


def _draw_scores(draw: ImageDraw.ImageDraw, x: int, y: int, layout: _Layout,
                 label: int, columns: Sequence[ScoreColumn],
                 font: Font) -> None:
    """Draw the scores of one part, right-aligned in their columns."""
    for k, column in enumerate(columns):
        if not column.present[label - 1]:
            continue
        draw.text(
            (x + layout.block + (k + 1) * layout.score, y + layout.row / 2),
            format_score(column.scores[label - 1]),
            fill=INK,
            font=font,
            anchor='rm')


def _draw_head(draw: ImageDraw.ImageDraw, x: int, y: int, layout: _Layout,
               columns: Sequence[ScoreColumn], font: Font) -> None:
    """Draw the persons' numbers on chips of their colours."""
    for k, column in enumerate(columns):
        right = x + layout.block + (k + 1) * layout.score
        left = right - layout.score + layout.gap
        draw.rectangle((left, y, right - 1, y + layout.row - layout.gap // 2),
                       fill=tuple(column.colour))
        draw.text(((left + right) / 2, y + (layout.row - layout.gap // 2) / 2),
                  column.title,
                  fill=contrast_colour(column.colour),
                  font=font,
                  anchor='mm')


def draw_legend(labels: Sequence[int],
                names: Sequence[str],
                palette: Sequence[Colour],
                height: int,
                font: Font,
                faint: Sequence[int] = (),
                columns: Optional[Sequence[ScoreColumn]] = None) -> np.ndarray:
    """Draw the legend panel, RGB (h, w, 3) uint8; w is 0 without labels.

    It is at least ``height`` pixels high. More entries than fit make more
    columns; a panel of up to twelve rows may be higher. Classes in ``faint``,
    which don't occur in this picture, are greyed out; ``columns`` are the
    persons whose part scores are written beside the names.
    """
    if not len(labels):
        return np.zeros((height, 0, 3), dtype=np.uint8)
    columns = list(columns or [])
    layout = _layout(labels, names, len(columns), height, font)
    block = layout.block + len(columns) * layout.score
    size = (layout.columns * (block + 2 * layout.gap) + layout.gap,
            max(height,
                layout.rows * layout.row + 2 * layout.gap + layout.head))
    canvas = Image.new('RGB', size, PAPER)
    draw = ImageDraw.Draw(canvas)
    for k, chunk in enumerate(_chunks(labels, layout.rows)):
        x = layout.gap + k * (block + 2 * layout.gap)
        _draw_head(draw, x, layout.gap, layout, columns, font)
        for i, label in enumerate(chunk):
            y = layout.gap + layout.head + i * layout.row
            hidden = label in faint
            _draw_row(draw, x, y, layout, names[label],
                      PAPER if hidden else palette[label],
                      FAINT if hidden else INK, font)
            _draw_scores(draw, x, y, layout, label, columns, font)
    return np.array(canvas)


def _chunks(labels: Sequence[int], size: int) -> List[Sequence[int]]:
    """Cut a list into pieces of at most ``size``."""
    return [labels[i:i + size] for i in range(0, len(labels), size)]


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
