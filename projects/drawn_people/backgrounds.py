# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Cluttered places without people: tables of places and of what is in them."""
from typing import Sequence, Tuple

import cv2
import numpy as np

from .geometry import box, ellipse
from .surface import cloth_color, noise_tile, sample_color

_WALL = (42, 240, .02, .24, .5, .95)
_SKY = (190, 225, .05, .5, .6, .98)
# yapf: disable
#: Places: their share; the colour above the floor (hues in degrees,
#: saturations, values) and how bright it is further down; the colour of the
#: floor; and what stands there: name, fewest, most, y of its foot in heights
#: of the floor's edge, and its own height likewise.
PLACES = {
    'street': (.4, _SKY, 1.2, (0, 360, .06, .06, .4, .75), (
        ('house', 4, 7, (1, 1), (.35, 1)), ('tree', 0, 2, (1, 1), (.9, 1.6)),
        ('car', 0, 2, (1, 1.1), (.2, .4)), ('lamp', 1, 3, (1, 1.2), (.5, 1)))),
    'room': (.4, _WALL, .85, (25, 50, 0, .25, .5, .9), (
        ('frame', 1, 3, (.3, .8), (.1, .3)), ('shelf', 0, 2, (1, 1), (.5, 1)),
        ('sofa', 0, 1, (1.1, 1.2), (.2, .4)), ('lamp', 0, 1, (1, 1), (.5, 1)),
        ('rack', 0, 2, (1, 1.2), (.7, 1.1)))),
    'park': (.2, _SKY, 1.2, (75, 125, .25, .55, .45, .75), (
        ('bush', 9, 14, (1, 1), (.3, .6)), ('tree', 1, 4, (1, 1.2), (1, 1.7))
    )),
}
#: Shapes: polygons in heights of the thing from its foot, which of its two
#: colours (2 is grey), brightness.
STENCILS = {
    'car': (
        (np.array([(-1.5, -.12), (-1.5, -.62), (-.9, -.72), (-.5, -1.12),
                   (.6, -1.12), (1.1, -.67), (1.5, -.57), (1.5, -.12)]), 0, 1),
        (np.array([(-.75, -.72), (-.42, -1.04), (.52, -1.04), (.85, -.7)]),
         2, .3),
        *((ellipse((x, -.12), (r, r)), 2, grey)
          for r, grey in ((.24, .1), (.1, .6)) for x in (-.9, .9))),
    'sofa': ((box(-1.3, -1, 1.3, 0), 0, .85), (box(-1.3, -.5, 1.3, 0), 0, 1),
             (box(-1.46, -.7, -1.1, 0), 0, .95),
             (box(1.1, -.7, 1.46, 0), 0, .95), (box(-.01, -1, .01, 0), 0, .7)),
    'lamp': ((box(-.03, -1, .03, 0), 0, 1), (box(.01, -1, .03, 0), 0, .7),
             (ellipse((0, -1), (.1, .06)), 1, 1.2)),
    'frame': ((box(-.66, -1.06, .66, .06), 0, 1), (box(-.6, -1, .6, 0), 1, 1),
              (ellipse((0, -.55), (.18, .26)), 1, .7)),
    'shelf': ((box(-.4, -1, .4, 0), 0, .6), ),
    'house': ((box(-.5, -1, .5, 0), 0, 1), ),
    'tree': ((box(-.05, -.75, .05, 0), 0, .5), ),
    'rack': tuple((box(*edges), 2, .5) for edges in (
        (-.6, -1, -.58, 0), (.58, -1, .6, 0), (-.6, -1, .6, -.98))),
}
#: What is on a thing again and again: columns and rows, whether each has a
#: colour of its own, and its share of a cell's width and height.
_GRIDS = {'house': ((2, 6), (2, 7), False, .56, .5),
          'shelf': ((5, 10), (3, 6), True, .86, .7),
          'rack': ((9, 20), (1, 2), True, .9, .6)}
#: Leaves around y: their spread and number.
_LEAVES = {'tree': (-.8, .24, .2, 160), 'bush': (-.2, .6, .4, 50)}
# yapf: enable


def draw_background(rng: np.random.Generator, width: int, height: int,
                    horizon: float) -> np.ndarray:
    """A place, (height, width, 3) uint8 BGR; floors start below the horizon.

    Lengths, and ``horizon``, its y, are in px.
    """
    floor = np.clip(horizon / height + rng.uniform(.06, .3), .3, .82)
    shares = [place[0] for place in PLACES.values()]
    name = str(rng.choice(list(PLACES), p=shares))
    image = draw_place(rng, name, (width, height), int(floor * height))
    # Uneven surfaces: stretched noise over everything.
    size = [int(v * rng.uniform(1, 2.5)) for v in (width, height)]
    grain = cv2.resize(noise_tile((16, 32, 64)), size)[:height, :width, None]
    image = np.clip(image + grain * rng.uniform(4, 16), 0, 255)
    # A camera focuses on people; what is behind them is softer and paler.
    image = cv2.GaussianBlur(
        image.astype(np.uint8), (0, 0), rng.uniform(.5, 1.8))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    grey, paler = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), rng.uniform(.45, .8)
    return cv2.addWeighted(image, paler, grey, 1 - paler, 0)


def draw_place(rng: np.random.Generator, name: str, size: Tuple[int, int],
               floor: int) -> np.ndarray:
    """A key of :data:`PLACES`, (h, w, 3); ``floor`` is where it begins."""
    width, height = size
    _, wall, fade, ground, things = PLACES[name]
    image = np.zeros((height, width, 3), np.uint8)
    wall, ground = sample_color(rng, wall), sample_color(rng, ground)
    for part, top, low in ((image[:floor], wall, wall * fade),
                           (image[floor:], ground * .85, ground * 1.08)):
        t = np.linspace(0, 1, len(part))[:, None, None]
        part[:] = np.clip(top + (low - top) * t, 0, 255)
    if rng.random() < .55 and name != 'park':
        # Lines on the floor run together behind it.
        end = rng.uniform(0, width)
        for x in np.arange(-2, 3, rng.uniform(.12, .4)) * width:
            near = x + (end - x) * .9, floor
            _fill(image, [near, (x, height), (x + 1.5, height)], ground * .8)
    for thing, least, most, y, scale in things:
        for _ in range(rng.integers(least, most + 1)):
            foot = rng.uniform(0, width), rng.uniform(*y) * floor
            _draw_thing(rng, image, thing, foot, rng.uniform(*scale) * floor)
    return image


def _fill(image: np.ndarray, points: Sequence, color: np.ndarray) -> None:
    fixed = np.round(np.clip(points, -4000, 4000) * np.float64(16))
    color = [min(max(c, 0.), 255.) for c in color.tolist()]
    cv2.fillPoly(image, [fixed.astype(np.int32)], color, cv2.LINE_AA, 4)


def _draw_thing(rng: np.random.Generator, image: np.ndarray, name: str,
                foot: Tuple[float, float], size: float) -> None:
    wall = name == 'house'
    colors = (sample_color(rng, _WALL) if wall else cloth_color(rng),
              cloth_color(rng, .4), np.full(3, 250.))
    scale = np.array([size * rng.uniform(.7, 1.3), size])
    for polygon, which, shade in STENCILS.get(name, ()):
        _fill(image, polygon * scale + foot, colors[which] * shade)
    if name in _GRIDS:
        columns, rows, own, wide, high = _GRIDS[name]
        count = rng.integers(*np.transpose([columns, rows]))
        glass = colors[0] * rng.uniform(.3, .7) + rng.uniform(0, 60)
        left = STENCILS[name][0][0][0, 0]
        cell = np.array([-2 * left, 1]) * scale / count
        for column, row in np.ndindex(*count):
            x, y = foot + cell * (column - count[0] / 2 + .5, -row - .1)
            x0, y0 = (x, y) - cell * (wide / 2, high * rng.uniform(.9, 1.3))
            color = cloth_color(rng) if own else glass * rng.uniform(.8, 1.25)
            if name == 'rack':
                y, y0 = y - .4 * size, foot[1] - .97 * size
            _fill(image, box(x0, y0, 2 * x - x0, y), color)
    if name in _LEAVES:
        y, wide, high, count = _LEAVES[name]
        leaf = sample_color(rng, (50, 140, .3, .6, .2, .45))
        spots = rng.normal(0, .45, (count, 2)) * (wide, high)
        sizes = rng.uniform(.06, .16, count) * high
        sizes[:count // 6] *= 2.2
        # Light comes from above.
        shades = np.linspace(.5, 1.5, count) - spots[:, 1] / high * .35
        for spot, radius, shade in zip(spots, sizes, shades):
            center = ((spot + [0, y]) * size + foot).astype(int).tolist()
            color, radius = leaf * max(shade, .3), int(radius * size) + 1
            cv2.circle(image, center, radius, color.tolist(), -1, cv2.LINE_AA)
