# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Surfaces: colours, patterns, folds, and how light falls on a limb."""
import colorsys
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from .geometry import ellipse, unit
from .labels import Limb

_TILE = 256
_CIRCLE = ellipse((0, 0), (1, 1), num=14)


@lru_cache(maxsize=None)
def noise_tile(octaves: Tuple[int, ...] = (8, 16, 32)) -> np.ndarray:
    """Smooth periodic noise, (256, 256) float32 in -1 to 1, read-only.

    Grids of so many cells are added up, each with half the weight of the last.
    """
    rng = np.random.default_rng(sum(octaves))
    tile = np.zeros((_TILE, _TILE), np.float32)
    for level, cells in enumerate(octaves):
        grid = rng.uniform(-1, 1, (cells, cells)).astype(np.float32)
        big = cv2.resize(
            np.tile(grid, (3, 3)), (3 * _TILE, 3 * _TILE),
            interpolation=cv2.INTER_CUBIC)
        tile += big[_TILE:2 * _TILE, _TILE:2 * _TILE] * 0.5**level
    tile /= np.abs(tile).max()
    tile.setflags(write=False)
    return tile


def _noise(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Noise at any positions, in pixels of the tile."""
    index = (y.astype(np.int32) & 255) * _TILE + (x.astype(np.int32) & 255)
    return noise_tile().ravel()[index]


# yapf: disable
#: How much of the second colour is where, from positions across and along
#: the surface, in periods of the pattern.
PATTERNS: Dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    'plain': lambda s, v: np.zeros_like(s),
    'bands': lambda s, v: v % 1 < .45,
    'pinstripes': lambda s, v: s % 1 < .3,
    'plaid': lambda s, v: .4 * (v % 1 < .4) + .4 * (s % 1 < .4),
    'pleats': lambda s, v: .6 * (s % 1),
    'dots': lambda s, v: np.hypot((s + v // 1 % 2 / 2) % 1 - .5,
                                  v % 1 - .5) < .3,
    'flowers': lambda s, v: _noise(s * 26, v * 26) > .2,
    'knit': lambda s, v: .7 * np.abs(s % 1 - .5) + .2 * (
        (v * 2 + np.abs(s % 1 - .5)) % 1 < .4),
    'denim': lambda s, v: .26 + _noise(s * 6, v * 2) * .3,
    'strands': lambda s, v: .5 + .5 * _noise(s * 26, v * 1.5),
}
# yapf: enable


@dataclass
class Material:
    """Colour, pattern and folds; colours are BGR, float, 0 to 255."""
    base: np.ndarray
    accent: np.ndarray = field(default_factory=lambda: np.full(3, 255.))
    pattern: str = 'plain'
    scale: float = .3  # period of the pattern in heads
    folds: float = .1  # how strongly creases change the brightness
    gloss: float = 0.  # strength of a highlight along the middle
    offset: float = 0.  # where patterns and creases begin, heads

    def colors(self, across: np.ndarray, along: np.ndarray) -> np.ndarray:
        """BGR colours (N, 3), float32, without light; positions in heads."""
        base = self.base.astype(np.float32)
        if self.pattern == 'plain':
            return np.broadcast_to(base, (len(across), 3))
        s, v = ((p + np.float32(self.offset)) / np.float32(self.scale)
                for p in (across, along))
        amount = np.asarray(PATTERNS[self.pattern](s, v), np.float32)
        return base + amount[:, None] * (self.accent - base).astype(np.float32)

    def shaded(self, across, along, side, lit) -> np.ndarray:
        """Colours in light: ``side`` is -1 and 1 at the edges, 0 between.

        ``lit`` says how much the edge at 1 looks towards the light.
        """
        side = np.clip(side, -1, 1)
        shade = .62 + .36 * np.sqrt(1 - side * side) + .34 * (side * lit)
        if self.folds:
            shade *= 1 + self.folds * _noise(
                across * 34 + along * 14 + self.offset * 40,
                along * 22 - across * 8)
        colors = self.colors(across, along) * shade[:, None]
        if self.gloss:
            spot = np.clip(1 - np.abs(side + .3) * 3, 0, 1)
            colors = colors + (self.gloss * 255 * spot)[:, None]
        return colors


@dataclass
class Chain:
    """Middle (N, 2) and half widths (N, ) of cross-sections of a limb, px."""
    limb: int
    points: np.ndarray
    radii: np.ndarray
    at: np.ndarray  # positions along it, joints have whole numbers

    def cut(self, start, stop, ease=0., flare=0.) -> 'Chain':
        """A piece of it, wider by ``ease`` and at its end by ``flare`` px."""
        at = self.at[(self.at > start + 1e-6) & (self.at < stop - 1e-6)]
        at = np.array([start, *at, stop])
        x, y, radii = (
            np.interp(at, self.at, v) for v in (*self.points.T, self.radii))
        room = ease + flare * np.linspace(0, 1, len(at))**2
        return Chain(self.limb, np.stack([x, y], axis=1), radii + room, at)

    def outline(self, round_end: bool = True) -> List[np.ndarray]:
        """Polygons that cover it: trapezoids, and circles at the joints."""
        a, b, radii = self.points[:-1], self.points[1:], self.radii[:, None]
        dx, dy = (b - a).T
        lengths = np.maximum(np.hypot(dx, dy), 1e-6)[:, None]
        normals = np.stack([-dy, dx], axis=1) / lengths
        near, far = normals * radii[:-1], normals * radii[1:]
        slabs = np.stack([a + near, b + far, b - far, a - near], axis=1)
        circles = self.points[:, None] + _CIRCLE * radii[:, None]
        return [*slabs, *(circles if round_end else circles[:-1])]

    def bones(self) -> 'Chain':
        """Its ends and joints only: enough for light and patterns."""
        keep = self.at % 1 == 0
        keep[[0, -1]] = True
        return Chain(self.limb, self.points[keep], self.radii[keep],
                     self.at[keep])

    def locate(self, x: np.ndarray, y: np.ndarray, light: np.ndarray) -> Tuple:
        """Where pixels lie, (N, ) each: px along and across, how lit."""
        starts, steps = self.points[:-1], np.diff(self.points, axis=0)
        lengths = np.hypot(*steps.T)
        axes = np.array([unit(step) for step in steps])
        # float32 all the way, or it takes twice the time.
        x0, y0, ax, ay, length, begin, lit = np.stack([
            *starts.T, *axes.T, lengths,
            np.cumsum(lengths) - lengths, axes @ [light[1], -light[0]]
        ])[..., None].astype(np.float32)
        dx, dy = x - x0, y - y0
        t, u = dx * ax + dy * ay, dy * ax - dx * ay
        over = np.maximum(np.maximum(-t, t - length), 0) + np.abs(u)
        nearest = over.argmin(axis=0), np.arange(len(x))
        return (t + begin)[nearest], u[nearest], lit[nearest[0], 0]


@dataclass
class Cloth:
    """A material on a chain, as a brush of a canvas."""
    chain: Chain
    material: Material
    scale: float  # px per head
    light: np.ndarray  # direction towards it on the screen, (2, )
    body: Optional['Cloth'] = None  # the first half head passes into it
    ball: bool = False  # lit like one, else like cylinders

    def __post_init__(self) -> None:
        lengths = np.hypot(*np.diff(self.chain.points, axis=0).T)
        self._steps = np.array([0., *np.cumsum(lengths)])

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        t, u, lit = self.chain.locate(x, y, self.light)
        side = u / self._radius(t)
        scale = np.float32(self.scale)
        colors = self.material.shaded(u / scale, t / scale, side, lit)
        if self.ball:
            (x0, y0), radius = self.chain.points.mean(0), self.chain.radii[0]
            dx, dy = (x - x0) / radius, (y - y0) / radius
            shade = .95 + .3 * (dx * self.light[0] + dy * self.light[1])
            shade = np.maximum(shade - .3 * (dx * dx + dy * dy), 0)
            colors *= shade[:, None]
        if self.body is not None:
            (x0, y0), end = self.chain.points[[0, -1]].tolist()
            ax, ay = unit(np.subtract(end, (x0, y0))) / (.55 * self.scale)
            depth = (x - x0) * float(ax) + (y - y0) * float(ay)
            near = np.flatnonzero(depth < 1)
            weight = np.clip(depth[near, None], 0, 1)
            inner = self.body(x[near], y[near])
            colors[near] = inner + (colors[near] - inner) * weight
        return colors

    def coordinates(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Limb, position along it, position across it, (N, 3) float32."""
        t, u, _ = self.chain.locate(x, y, self.light)
        # It goes on beyond its ends as it does before them.
        steps, at = (
            np.array([2 * v[0] - v[1], *v, 2 * v[-1] - v[-2]])
            for v in (self._steps, self.chain.at))
        along = np.interp(t, steps, at)
        if self.chain.limb >= Limb.LEFT_ARM:
            along = np.clip(along, 0, 3)
        limb = np.full(len(x), self.chain.limb)
        return np.stack([limb, along, u / self._radius(t)], 1)

    def _radius(self, t: np.ndarray) -> np.ndarray:
        return np.interp(t, self._steps, self.chain.radii).astype(np.float32)


def sample_color(rng: np.random.Generator, ranges: Sequence) -> np.ndarray:
    """BGR, 0 to 255, from two hues (degrees), saturations and values."""
    hue, *rest = rng.uniform(ranges[::2], ranges[1::2])
    return 255 * np.array(colorsys.hsv_to_rgb(hue / 360 % 1, *rest)[::-1])


#: What wardrobes are full of, BGR.
_WARDROBE = ((38, 36, 36), (70, 66, 64), (92, 52, 34), (236, 238, 240),
             (205, 226, 238), (160, 158, 156), (140, 178, 205), (84, 118, 150),
             (70, 96, 92), (58, 34, 112), (52, 48, 176), (170, 148, 214),
             (206, 172, 134), (150, 108, 66), (128, 128, 40), (66, 162, 208),
             (48, 68, 100), (60, 84, 40), (128, 66, 104), (96, 120, 226))


def cloth_color(rng: np.random.Generator, dark: float = .1) -> np.ndarray:
    """A colour as clothes have them, BGR, at least a share of 255 bright."""
    if rng.random() < .25:
        color = sample_color(rng, (0, 360, .3, .75, .3, .9))
    else:
        color = np.array(_WARDROBE[rng.integers(len(_WARDROBE))], float)
        color = color * rng.uniform(.85, 1.15) + rng.normal(0, 8, 3)
    color = np.clip(color, 8, 250)
    value = color.max() / 255
    return color * (max(value, dark) / value)


def sample_material(rng: np.random.Generator, printed: bool) -> Material:
    """Any colour, ``printed`` any pattern: neither tells what a thing is."""
    printed = printed and rng.random() < .6
    pattern = rng.choice(list(PATTERNS)) if printed else 'plain'
    return Material(
        cloth_color(rng), cloth_color(rng), str(pattern), rng.uniform(.15, .6),
        rng.uniform(0, .08), rng.uniform(0, .2), rng.uniform(0, 9))
