# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Boxes and the score tags that hang on them."""
from typing import List, Sequence, Tuple

import cv2
import numpy as np
from PIL import Image, ImageDraw

from .painting import Colour
from .text import Font, contrast_colour, text_size

Rect = Tuple[int, int, int, int]


def draw_boxes(image: np.ndarray, bboxes: np.ndarray,
               colours: Sequence[Colour], width: int) -> np.ndarray:
    """Draw frames on a copy of an RGB (H, W, 3) uint8 image, the last on top.

    Of the boxes, (N, 4) xyxy in pixels, what reaches over the image's edge is
    drawn along the edge; the line is ``width`` pixels thick.
    """
    drawn = image.copy()
    limit = np.array([image.shape[1] - 1, image.shape[0] - 1] * 2)
    corners = np.clip(np.rint(bboxes), 0, limit).astype(int).tolist()
    for (x1, y1, x2, y2), colour in zip(corners, colours):
        cv2.rectangle(drawn, (x1, y1), (x2, y2), list(map(int, colour)), width)
    return drawn


def _overlap(rect: Rect, others: Sequence[Rect]) -> int:
    """Area of ``rect`` that lies under ``others``, in pixels."""
    total = 0
    for other in others:
        width = min(rect[2], other[2]) - max(rect[0], other[0])
        height = min(rect[3], other[3]) - max(rect[1], other[1])
        total += max(width, 0) * max(height, 0)
    return total


def place_tags(bboxes: np.ndarray, sizes: Sequence[Tuple[int, int]],
               image_size: Tuple[int, int]) -> List[Rect]:
    """Find a place for each tag at the edge of its box, (x1, y1, x2, y2).

    Each is placed, in the order given, at the first of these places that is
    free and inside the image: on top of the box (left, right, middle), inside
    at the top, inside at the bottom, under the box. Where none is free the one
    that hides least of the other tags is taken. All sizes are (width, height).
    """
    placed: List[Rect] = []
    corners = np.rint(bboxes).astype(int).tolist()
    for (x1, y1, x2, y2), (tag_w, tag_h) in zip(corners, sizes):
        places = []
        for y in (y1 - tag_h, y1, y2 + 1 - tag_h, y2 + 1):
            for x in (x1, x2 + 1 - tag_w, (x1 + x2 + 1 - tag_w) // 2):
                left = max(0, min(x, image_size[0] - tag_w))
                top = max(0, min(y, image_size[1] - tag_h))
                rect = (left, top, left + tag_w, top + tag_h)
                # A tag that had to be pushed vertically covers the person.
                places.append((_overlap(rect, placed), abs(top - y), rect))
        placed.append(min(places, key=lambda place: place[:2])[2])
    return placed


def draw_tags(image: np.ndarray, bboxes: np.ndarray, texts: Sequence[str],
              colours: Sequence[Colour], font: Font) -> np.ndarray:
    """Hang a tag with a text on each box; earlier ones choose their place."""
    canvas = Image.fromarray(image)
    draw = ImageDraw.Draw(canvas)
    extents = [text_size(text, font) for text in texts]
    margin = max(1, extents[0][1] // 4) if extents else 0
    sizes = [(w + 2 * margin, h + 2 * margin) for w, h in extents]
    rects = place_tags(bboxes, sizes, (image.shape[1], image.shape[0]))
    for (x1, y1, x2, y2), text, colour in zip(rects, texts, colours):
        draw.rectangle((x1, y1, x2 - 1, y2 - 1), fill=tuple(colour))
        draw.text(((x1 + x2) / 2, (y1 + y2) / 2),
                  text,
                  fill=contrast_colour(colour),
                  font=font,
                  anchor='mm')
    return np.array(canvas)
