# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Things that are no people: furniture, cars, trees, clothes on a rack."""
from typing import Sequence, Tuple

import cv2
import numpy as np

from .textures import cloth_color, hsv


def fill_polygon(image: np.ndarray, points: Sequence,
                 color: Sequence[float]) -> None:
    """Fill an anti-aliased polygon.

    Args:
        image (np.ndarray): (H, W, 3), uint8, BGR; changed in place.
        points (Sequence): Corners (N, 2), px.
        color (Sequence[float]): BGR, clipped to 0 to 255.
    """
    pts = np.round(np.clip(points, -4000, 4000) * np.float64(16))
    cv2.fillPoly(image, [pts.astype(np.int32)], _clip(color), cv2.LINE_AA, 4)


def draw_box(image: np.ndarray, box: Tuple[float, float, float, float],
             color: Sequence[float]) -> None:
    """Fill an upright rectangle.

    Args:
        image (np.ndarray): (H, W, 3), uint8, BGR; changed in place.
        box (tuple[float, float, float, float]): xyxy, px.
        color (Sequence[float]): BGR, clipped to 0 to 255.
    """
    x0, y0, x1, y1 = (int(round(v)) for v in box)
    cv2.rectangle(image, (x0, y0), (x1, y1), _clip(color), -1)


def vertical(height: int, width: int, top: np.ndarray,
             bottom: np.ndarray) -> np.ndarray:
    """A vertical gradient.

    Args:
        height (int): Rows.
        width (int): Columns.
        top (np.ndarray): BGR of the first row.
        bottom (np.ndarray): BGR of the last row.

    Returns:
        np.ndarray: (height, width, 3), uint8.
    """
    t = np.linspace(0, 1, max(height, 1))[:height, None]
    rows = np.clip(top + (np.asarray(bottom) - top) * t, 0, 255)
    return np.repeat(rows[:, None].astype(np.uint8), width, axis=1)


def _clip(color: Sequence[float]) -> Tuple[float, ...]:
    return tuple(min(max(float(c), 0.), 255.) for c in color)


def _at(*values: float) -> Tuple[int, ...]:
    return tuple(int(round(v)) for v in values)


def draw_car(rng: np.random.Generator, image: np.ndarray, x: float, y: float,
             size: float) -> None:
    """A car seen from the side, wheels at ``y``.

    Args:
        rng (np.random.Generator): Source of the colours.
        image (np.ndarray): Changed in place.
        x (float): Middle, px.
        y (float): Ground, px.
        size (float): Height, px.
    """
    color = cloth_color(rng)
    body = np.array([(-1.5, 0), (-1.5, -.5), (-.9, -.6), (-.5, -1), (.6, -1),
                     (1.1, -.55), (1.5, -.45), (1.5, 0)])
    fill_polygon(image, body * size + (x, y - .12 * size), color)
    glass = np.array([(-.75, -.6), (-.42, -.92), (.52, -.92), (.85, -.58)])
    fill_polygon(image, glass * size + (x, y - .12 * size), (90, 80, 70))
    for dx in (-.9, .9):
        center = _at(x + dx * size, y - .12 * size)
        cv2.circle(image, center, int(.24 * size), (25, 25, 25), -1,
                   cv2.LINE_AA)
        cv2.circle(image, center, int(.1 * size), (150, 150, 150), -1,
                   cv2.LINE_AA)


def draw_lamp_post(rng: np.random.Generator, image: np.ndarray, x: float,
                   y: float) -> None:
    """A pole with a lamp, as thick as a limb.

    Args:
        rng (np.random.Generator): Source of sizes and colours.
        image (np.ndarray): Changed in place.
        x (float): Middle, px.
        y (float): Ground, px.
    """
    color = cloth_color(rng, .15, .7)
    half = rng.uniform(.005, .018) * image.shape[1]
    top = y - rng.uniform(.5, 1.2) * y
    draw_box(image, (x - half, top, x + half, y), color)
    draw_box(image, (x + half * .4, top, x + half, y), color * .7)
    cv2.ellipse(image, _at(x, top), _at(half * 3.4, half * 2), 0, 0, 360,
                _clip(color * .5 + 110), -1, cv2.LINE_AA)


def draw_tree(rng: np.random.Generator, image: np.ndarray, x: float, y: float,
              size: float) -> None:
    """A trunk with clumps of leaves.

    Args:
        rng (np.random.Generator): Source of sizes and colours.
        image (np.ndarray): Changed in place.
        x (float): Middle of the trunk, px.
        y (float): Ground, px.
        size (float): Height, px.
    """
    bark = hsv(rng.uniform(15, 35), rng.uniform(.2, .5), rng.uniform(.2, .5))
    half = size * rng.uniform(.03, .06)
    fill_polygon(image, [(x - half * .7, y - size * .7),
                         (x + half * .7, y - size * .7), (x + half * 1.3, y),
                         (x - half * 1.3, y)], bark)
    draw_leaves(rng, image, (x, y - size * .8), (.24 * size, .2 * size), 160)


def draw_leaves(rng: np.random.Generator, image: np.ndarray,
                center: Tuple[float, float], spread: Tuple[float, float],
                count: int) -> None:
    """A cloud of leaf clumps, dark ones below and bright ones on top.

    Args:
        rng (np.random.Generator): Source of positions and colours.
        image (np.ndarray): Changed in place.
        center (tuple[float, float]): Middle, px.
        spread (tuple[float, float]): Half width and half height, px.
        count (int): Number of clumps.
    """
    leaf = hsv(rng.uniform(50, 140), rng.uniform(.3, .6), rng.uniform(.2, .45))
    spots = rng.normal(0, .45, (count, 2)) * spread + center
    sizes = rng.uniform(.06, .16, count) * min(spread) + 1
    sizes[:count // 6] *= 2.2
    shades = np.linspace(.5, 1.5, count) * rng.uniform(.8, 1.2, count)
    # Light comes from above.
    shades += (center[1] - spots[:, 1]) / spread[1] * .35
    for spot, size, shade in zip(spots, sizes, shades):
        cv2.circle(image, _at(*spot), int(size), _clip(leaf * max(shade, .3)),
                   -1, cv2.LINE_AA)


def draw_frame(rng: np.random.Generator, image: np.ndarray, x: float, y: float,
               size: float) -> None:
    """A picture, poster or window; some show skin-coloured ovals.

    Args:
        rng (np.random.Generator): Source of sizes and colours.
        image (np.ndarray): Changed in place.
        x (float): Left edge, px.
        y (float): Upper edge, px.
        size (float): Height, px.
    """
    width = size * rng.uniform(.6, 1.6)
    edge = max(2., size * .06)
    draw_box(image, (x - edge, y - edge, x + width + edge, y + size + edge),
             cloth_color(rng))
    inside = cloth_color(rng, .4, 1.)
    draw_box(image, (x, y, x + width, y + size), inside)
    if rng.random() < .5:
        skin = hsv(
            rng.uniform(12, 30), rng.uniform(.3, .55), rng.uniform(.4, .95))
        cv2.ellipse(image, _at(x + width / 2, y + size * .45),
                    _at(size * .18, size * .26), 0, 0, 360, _clip(skin), -1,
                    cv2.LINE_AA)
    else:
        draw_box(image, (x + width * .48, y, x + width * .52, y + size),
                 inside * .6)


def draw_shelf(rng: np.random.Generator, image: np.ndarray, x: float, y: float,
               size: float) -> None:
    """Shelves full of coloured boxes and books.

    Args:
        rng (np.random.Generator): Source of sizes and colours.
        image (np.ndarray): Changed in place.
        x (float): Left edge, px.
        y (float): Ground, px.
        size (float): Height, px.
    """
    width = size * rng.uniform(.4, 1.1)
    wood = hsv(rng.uniform(15, 35), rng.uniform(.2, .6), rng.uniform(.3, .7))
    draw_box(image, (x, y - size, x + width, y), wood)
    rows = int(rng.integers(3, 6))
    step = size / rows
    for j in range(rows):
        base = y - j * step - step * .08
        draw_box(image, (x + 3, base - step * .84, x + width - 3, base),
                 wood * .45)
        left = x + 4
        while left < x + width - 6:
            wide = rng.uniform(.08, .35) * step
            right = min(left + wide, x + width - 4)
            draw_box(image,
                     (left, base - step * rng.uniform(.45, .8), right, base),
                     cloth_color(rng))
            left = right + 1


def draw_sofa(rng: np.random.Generator, image: np.ndarray, x: float, y: float,
              size: float) -> None:
    """A sofa in a cloth colour.

    Args:
        rng (np.random.Generator): Source of the colour.
        image (np.ndarray): Changed in place.
        x (float): Middle, px.
        y (float): Ground, px.
        size (float): Height, px.
    """
    color, half = cloth_color(rng), size * 1.3
    for box, shade in (((-1., -1., 1., 0), .85), ((-1., -.5, 1., 0), 1.05),
                       ((-1.12, -.7, -.85, 0), .95), ((.85, -.7, 1.12, 0),
                                                      .95)):
        draw_box(image, (x + box[0] * half, y + box[1] * size,
                         x + box[2] * half, y + box[3] * size), color * shade)
    cv2.line(image, _at(x, y - size), _at(x, y), _clip(color * .7), 1)


def draw_rack(rng: np.random.Generator, image: np.ndarray, x: float, y: float,
              size: float) -> None:
    """Clothes on hangers: cloth and shapes of people, but nobody inside.

    Args:
        rng (np.random.Generator): Source of sizes and colours.
        image (np.ndarray): Changed in place.
        x (float): Middle, px.
        y (float): Ground, px.
        size (float): Height of the bar above ground, px.
    """
    half = size * rng.uniform(.4, .8)
    metal = (120., 120., 125.)
    for dx in (-half, half):
        cv2.line(image, _at(x + dx, y - size), _at(x + dx, y), metal, 2,
                 cv2.LINE_AA)
    cv2.line(image, _at(x - half, y - size), _at(x + half, y - size), metal, 2,
             cv2.LINE_AA)
    left = x - half * .85
    while left < x + half * .8:
        color = cloth_color(rng)
        wide, long = size * rng.uniform(.12, .2), size * rng.uniform(.4, .75)
        top = y - size * .97
        shape = [(0, 0), (wide * .6, wide * .3), (wide * .5, long),
                 (-wide * .5, long), (-wide * .6, wide * .3)]
        fill_polygon(image, np.array(shape) + (left, top), color)
        fold = np.array([(0, wide * .5), (wide * .1, long)]) + (left, top)
        cv2.line(image, _at(*fold[0]), _at(*fold[1]), _clip(color * .7), 1,
                 cv2.LINE_AA)
        left += wide * rng.uniform(.5, .9)
