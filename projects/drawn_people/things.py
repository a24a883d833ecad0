# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Things as contours: those to segment, and obstacles."""
from dataclasses import replace
from typing import Tuple

import numpy as np

from .canvas import Canvas
from .figure import Spot
from .geometry import box, ellipse, smooth, strip
from .labels import Limb
from .surface import Chain, Cloth, Material, sample_material


def _disc(y: float, rx: float, ry: float, num: int = 32, turn: float = 0.):
    return ellipse((0, y), (rx, ry), 0, (turn, turn + 2 * np.pi), num)


def _mirrored(*right: Tuple[float, float]) -> np.ndarray:
    """A closed outline from its right half, top first."""
    half = np.array(right)
    return np.concatenate([half, half[::-1] * [-1, 1]])


def _slats(corner: Tuple, across: Tuple, down: Tuple, shade: float) -> Tuple:
    """Layers of boards with gaps between two posts, in a parallelogram."""
    boards = [box(0, t, 1, t + .2) for t in (0, .27, .54, .8)]
    boards += [box(0, 0, .14, 1), box(.86, 0, 1, 1)]
    return tuple((board @ np.array([across, down]) + corner, 0, 0, shade, 3)
                 for board in boards)


def _bottle(neck: float, shoulder: float, waist: float) -> Tuple:
    edge = smooth([(neck * 1.2, -1), (neck, -.97), (neck, -shoulder - .2),
                   (1, -shoulder), (waist, -.25), (1, -.05), (.9, 0)], 3)
    label = box(-waist, -.35, waist, -.16)
    return (_mirrored(*edge), 0, 0, 1, 1), (label, 0, 1, 1, 1)


def _sign(corners: int, turn: float) -> Tuple:
    edge, board = (_disc(-.8, r, r / 5, corners, turn) for r in (1, .75))
    post = np.array([(0, -.8), (0, 0)])
    return (post, .08, 2, .5, 1), (edge, 0, 1, 1, 3), (board, 0, 0, 1, 3)


_RIM = np.linspace(1, -1, 25)
_CANOPY = np.concatenate([
    ellipse((0, -.72), (1, .28), 0, (np.pi, 2 * np.pi), 16),
    np.stack([_RIM, -.72 - .05 * np.abs(np.sin(_RIM * 2.5 * np.pi))], 1)
])
_HOOK = np.array([(0, -.9), (0, -.06), (.06, -.01), (.16, 0), (.2, -.06)])
# yapf: disable
#: Things to segment in the order of the categories: variants, half width and
#: height in heads, and how often it lies on its side. A layer of a variant:
#: points in units of half width and height from the foot of the thing, y down;
#: the half width in heads of the line that they are, 0 for a polygon; which of
#: the thing's materials, 2 being grey; its brightness; and how flat it is: 0
#: is a ball, 1 a cylinder. Some shapes are shared on purpose (ball, balloon
#: and round sign), so that neither classes nor masks come for free.
THINGS = {
    'ball': ((((_disc(-1, 1, 1), 0, 0, 1, 0), ), ), (.35, 1.1), None, 0),
    'balloon': ((
        ((smooth([(0, -.7), (.4, -.5), (.1, -.3)]), .045, 1, 1, 1),
         (_mirrored((0, -.71), (.2, -.66)), 0, 0, 1, 1),
         (_disc(-.85, 1, .17), 0, 0, 1, 0)),
        ((smooth([(0, -.68), (-.6, -.5), (.6, -.25)]), .045, 1, 1, 1),
         (_mirrored((0, -.69), (.2, -.64)), 0, 0, 1, 1),
         (_disc(-.85, 1, .19), 0, 0, 1, 0))), (.45, 1), (4.5, 7), 0),
    'crate': ((
        ((np.array([(1, -1), (1.4, -1.2), (1.4, -.2), (1, 0)]), 0, 0, .65, 3),
         (np.array([(-1, -1), (-.6, -1.2), (1.4, -1.2), (1, -1)]), 0, 0, 1.2,
          3),
         (box(-1, -1, 1, 0), 0, 0, 1, 3),
         *((box(-1, -1, 1, 0)[[k - 1, k]], .03, 1, .7, 1) for k in range(4))),
        (*_slats((-1, -1), (2, 0), (0, 1), 1),
         *_slats((1, -1), (.4, -.2), (0, 1), .7))), (.7, 1.9), (.9, 2.6), 0),
    'bottle': ((_bottle(.4, .5, .9), _bottle(.25, .42, 1),
                _bottle(.6, .6, .75)[:1]), (.25, .7), (1.3, 3.4), .25),
    'umbrella': ((
        ((_HOOK, .07, 2, .5, 1), (_CANOPY, 0, 0, 1, 1)),
        ((_HOOK, .07, 2, .5, 1), (_CANOPY, 0, 0, 1, 1)),
        ((_HOOK, .07, 2, .3, 1),
         (_mirrored((0, -1), (.18, -.45), (.07, -.3)), 0, 0, 1, 1))),
        (1.3, 2.5), (3, 5.5), 0),
    'sign': (tuple(_sign(corners, np.pi / 2 + turn) for corners, turn in (
        (3, 0), (3, np.pi), (4, 0), (4, np.pi / 4), (8, 0), (32, 0))),
        (.6, 1.3), (3.2, 6), 0),
}
#: What only stands in front of others, likewise.
OBSTACLES = {
    'pole': ((((box(-1, -1, 1, 0), 0, 0, 1, 1), ), ), (.15, .35), (99, 99), 0),
    'table': ((((np.array([(-.85, -.95), (-.85, 0)]), .1, 0, .7, 1),
                (np.array([(.85, -.95), (.85, 0)]), .1, 0, .7, 1),
                (box(-1, -1, 1, -.9), 0, 0, 1, 3)), ), (1.2, 2.4), (2.9, 2.9),
              0),
    'seat': ((((box(-1, -1, 1, -.1), 0, 0, .8, 3),
               (_mirrored((.8, -1.2), (1, -1)), 0, 0, 1.2, 3)), ),
             (1.1, 1.1), None, 0),
}
# yapf: enable


def sample_thing(rng: np.random.Generator, kind: str, height=None) -> Tuple:
    """A thing: its layers, with lengths in heads, and its materials.

    ``kind`` is a key of :data:`THINGS` or :data:`OBSTACLES`; ``height`` is in
    heads, None: any.
    """
    variants, wide, high, lying = {**THINGS, **OBSTACLES}[kind]
    half = rng.uniform(*wide)
    width = half * rng.choice([-1, 1])
    height = height or (half if high is None else rng.uniform(*high))
    layers = [(points * [width, height], *rest)
              for points, *rest in variants[rng.integers(len(variants))]]
    if rng.random() < lying:
        layers = [(points[:, ::-1] - [0, half], *rest)
                  for points, *rest in layers]
    materials = [sample_material(rng, kind in THINGS) for _ in range(2)]
    return layers, [*materials, Material(np.full(3, 220.), folds=0.)]


def paint_thing(canvas: Canvas, thing: Tuple, spot: Spot, code: int,
                light: np.ndarray) -> None:
    """Paint and label a thing of :func:`sample_thing`, lit from ``light``."""
    layers, materials = thing
    for points, half, which, shade, flat in layers:
        points = points * spot.scale + [spot.x, spot.feet]
        if half:
            # A thinner line would fall apart.
            points = strip(points, max(.7, half * spot.scale))
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
        axis = np.array([((x0 + x1) / 2, y) for y in (y0, y1)])
        radius = (x1 - x0) * flat / 2 or max(x1 - x0, y1 - y0) / 2
        chain = Chain(Limb.NONE, axis, np.full(2, radius), np.arange(2))
        plain = materials[which]
        base, accent = plain.base * shade, plain.accent * shade
        material = replace(plain, base=base, accent=accent)
        cloth = Cloth(chain, material, spot.scale, light, ball=flat == 0)
        canvas.fill([points], cloth, code)
