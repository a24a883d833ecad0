# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Materials: what a surface looks like before light falls on it.

A material is asked for colours at positions on the surface, measured in
heads (the unit of figure drawing), so that patterns grow with the person and
follow the limb that they are wrapped around.
"""
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Callable, Dict, Tuple

import cv2
import numpy as np

TILE = 256


@lru_cache(maxsize=None)
def noise_tile(octaves: Tuple[int, ...] = (8, 16, 32)) -> np.ndarray:
    """A smooth, periodic noise image that is the same in every process.

    Args:
        octaves (tuple[int, ...]): Grid sizes that are added up, each with
            half the weight of the one before.

    Returns:
        np.ndarray: Read-only array of shape (256, 256), float32, about -1
        to 1.
    """
    rng = np.random.default_rng(sum(octaves))
    tile = np.zeros((TILE, TILE), np.float32)
    for level, cells in enumerate(octaves):
        grid = rng.uniform(-1, 1, (cells, cells)).astype(np.float32)
        grid = np.tile(grid, (3, 3))
        big = cv2.resize(
            grid, (3 * TILE, 3 * TILE), interpolation=cv2.INTER_CUBIC)
        tile += big[TILE:2 * TILE, TILE:2 * TILE] * 0.5**level
    tile /= np.abs(tile).max()
    tile.setflags(write=False)
    return tile


def sample_noise(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Look up the smooth noise at any positions (it repeats after 256).

    Args:
        x (np.ndarray): Positions in tile pixels.
        y (np.ndarray): Positions in tile pixels, same shape.

    Returns:
        np.ndarray: float32 values of the same shape, about -1 to 1.
    """
    index = (y.astype(np.int32) & 255) * TILE + (x.astype(np.int32) & 255)
    return noise_tile().ravel()[index]


@dataclass
class Material:
    """Colour, pattern and folds of one surface.

    Attributes:
        base (np.ndarray): Main colour, BGR, float, 0 to 255.
        accent (np.ndarray): Second colour of patterns, BGR.
        pattern (str): One of :data:`PATTERNS`.
        scale (float): Period of the pattern in heads.
        folds (float): How strongly creases change the brightness.
        gloss (float): Strength of a highlight along the middle.
        offset (tuple[float, float]): Where in the noise tile it starts.
    """
    base: np.ndarray
    accent: np.ndarray = field(default_factory=lambda: np.full(3, 255.))
    pattern: str = 'plain'
    scale: float = .3
    folds: float = .1
    gloss: float = 0.
    offset: Tuple[float, float] = (0., 0.)

    def colors(self, across: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Colours at surface positions, without light.

        Args:
            across (np.ndarray): Position across the surface, heads, (N, ).
            along (np.ndarray): Position along the surface, heads, (N, ).

        Returns:
            np.ndarray: BGR colours of shape (N, 3), float32.
        """
        amount = PATTERNS[self.pattern](across / self.scale,
                                        along / self.scale, self)
        base = self.base.astype(np.float32)
        if amount is None:
            return np.broadcast_to(base, (len(across), 3))
        step = (self.accent - self.base).astype(np.float32)
        return base + amount[:, None].astype(np.float32) * step

    def creases(self, across: np.ndarray, along: np.ndarray) -> np.ndarray:
        """Brightness factor of folds in the cloth, about 1.

        Args:
            across (np.ndarray): Position across the surface, heads, (N, ).
            along (np.ndarray): Position along the surface, heads, (N, ).

        Returns:
            np.ndarray: Factors of shape (N, ), float32.
        """
        x, y = self.offset
        wave = sample_noise(across * 34 + along * 14 + x,
                            along * 22 - across * 8 + y)
        return 1 + self.folds * wave


def _plain(s: np.ndarray, v: np.ndarray, material: Material) -> None:
    return None


def _bands(s: np.ndarray, v: np.ndarray, material: Material) -> np.ndarray:
    return (v % 1) < .45


def _pinstripes(s: np.ndarray, v: np.ndarray,
                material: Material) -> np.ndarray:
    return (s % 1) < .3


def _plaid(s: np.ndarray, v: np.ndarray, material: Material) -> np.ndarray:
    return .4 * ((v % 1) < .4) + .4 * ((s % 1) < .4) + .2 * ((s % 1) < .1)


def _dots(s: np.ndarray, v: np.ndarray, material: Material) -> np.ndarray:
    row = np.floor(v)
    ds, dv = (s + .5 * (row % 2)) % 1 - .5, v % 1 - .5
    return ds * ds + dv * dv < .09


def _floral(s: np.ndarray, v: np.ndarray, material: Material) -> np.ndarray:
    x, y = material.offset
    wave = sample_noise(s * 26 + y, v * 26 + x)
    return (wave > .22) * 1. - .35 * (wave < -.3)


def _denim(s: np.ndarray, v: np.ndarray, material: Material) -> np.ndarray:
    x, y = material.offset
    worn = sample_noise(s * 6 + x, v * 2 + y) * .3
    return .18 + worn + .16 * (((s * 3 + v * 3) % 1) < .4)


def _knit(s: np.ndarray, v: np.ndarray, material: Material) -> np.ndarray:
    rib = np.abs((s % 1) - .5) * 2
    return .35 * rib + .2 * ((v * 2 + rib * .5) % 1 < .4)


def _tweed(s: np.ndarray, v: np.ndarray, material: Material) -> np.ndarray:
    zigzag = np.abs(s % 1 - .5) * 2
    return .45 * (((v + zigzag * .5) % .5) < .2)


def _pleats(s: np.ndarray, v: np.ndarray, material: Material) -> np.ndarray:
    return .6 * (s % 1)


def _strands(s: np.ndarray, v: np.ndarray, material: Material) -> np.ndarray:
    x, y = material.offset
    return .5 + .5 * sample_noise(s * 26 + x, v * 1.5 + y)


PATTERNS: Dict[str, Callable] = dict(
    plain=_plain,
    bands=_bands,
    pinstripes=_pinstripes,
    plaid=_plaid,
    dots=_dots,
    floral=_floral,
    denim=_denim,
    knit=_knit,
    tweed=_tweed,
    pleats=_pleats,
    strands=_strands)


def hsv(hue: float, saturation: float, value: float) -> np.ndarray:
    """Colour from hue, saturation and value.

    Args:
        hue (float): Degrees, 0 is red, any number.
        saturation (float): 0 to 1.
        value (float): 0 to 1.

    Returns:
        np.ndarray: BGR, float64, 0 to 255.
    """
    n = np.array([1., 3., 5.])
    k = (n + hue / 60) % 6
    wave = np.clip(np.minimum(k, 4 - k), 0, 1)
    return 255 * value * (1 - saturation * wave)


#: What wardrobes are full of, BGR.
_WARDROBE = ((38, 36, 36), (70, 66, 64), (92, 52, 34), (236, 238, 240),
             (205, 226, 238), (160, 158, 156), (140, 178, 205), (84, 118, 150),
             (70, 96, 92), (58, 34, 112), (52, 48, 176), (170, 148, 214),
             (206, 172, 134), (150, 108, 66), (128, 128, 40), (66, 162, 208),
             (48, 68, 100), (60, 84, 40), (128, 66, 104), (96, 120, 226))


def cloth_color(rng: np.random.Generator,
                dark: float = .1,
                bright: float = 1.) -> np.ndarray:
    """Draw a colour as clothes have them: mostly common ones, some strong.

    Args:
        rng (np.random.Generator): Source of the draw.
        dark (float): Lowest brightness. Defaults to 0.1.
        bright (float): Highest brightness. Defaults to 1.

    Returns:
        np.ndarray: BGR, float64, 0 to 255.
    """
    if rng.random() < .25:
        color = hsv(
            rng.uniform(0, 360), rng.uniform(.3, .75), rng.uniform(.3, .9))
    else:
        color = np.array(_WARDROBE[rng.integers(len(_WARDROBE))], float)
        color = color * rng.uniform(.85, 1.15) + rng.normal(0, 8, 3)
    color = np.clip(color, 8, 250)
    value = color.max() / 255
    return color * (np.clip(value, dark, bright) / value)


def wall_color(rng: np.random.Generator) -> np.ndarray:
    """Draw a colour of walls and houses: mostly pale and cool, or brick.

    Args:
        rng (np.random.Generator): Source of the draw.

    Returns:
        np.ndarray: BGR, float64, 0 to 255.
    """
    if rng.random() < .12:
        return hsv(
            rng.uniform(5, 25), rng.uniform(.3, .5), rng.uniform(.4, .7))
    hue = rng.choice([48., 90., 140., 200., 230.]) + rng.uniform(-15, 15)
    return hsv(hue, rng.uniform(.02, .24), rng.uniform(.5, .95))
