# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Outlines and surfaces that the drawn things share."""
from dataclasses import dataclass
from typing import List, Tuple

import numpy as np

from .brushes import Brush, axis_brush
from .geometry import ellipse
from .textures import PATTERNS, TILE, Material, cloth_color


@dataclass
class Spot:
    """Where a thing stands.

    Attributes:
        x (float): Its middle, px.
        feet (float): y of the ground below it, px.
        scale (float): Pixels per head (the unit of figure drawing) there.
        light (tuple[float, float]): Direction towards the light.
    """
    x: float
    feet: float
    scale: float
    light: Tuple[float, float]


def any_material(rng: np.random.Generator) -> Material:
    """Any colour and any pattern: neither tells the class.

    Args:
        rng (np.random.Generator): Source of all draws.

    Returns:
        Material: The surface.
    """
    return Material(
        base=cloth_color(rng),
        accent=cloth_color(rng),
        pattern=str(rng.choice(list(PATTERNS)))
        if rng.random() < .6 else 'plain',
        scale=float(rng.uniform(.15, .6)),
        folds=float(rng.uniform(0, .08)),
        gloss=float(rng.uniform(0, .2)),
        offset=(float(rng.uniform(0, TILE)), float(rng.uniform(0, TILE))))


def globe_brush(rng: np.random.Generator, spot: Spot, center: np.ndarray,
                radius: float) -> Brush:
    """Colours of a sphere: stripes or patches, bright towards the light.

    Args:
        rng (np.random.Generator): Source of the material.
        spot (Spot): Scale and light.
        center (np.ndarray): Middle, (2, ), px.
        radius (float): Radius, px.

    Returns:
        Brush: The brush.
    """
    cloth = axis_brush(center - [0, radius], center + [0, radius], radius,
                       any_material(rng), spot.scale, np.asarray(spot.light))
    lx, ly = spot.light

    def brush(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        dx, dy = (x - center[0]) / radius, (y - center[1]) / radius
        shade = .95 + .3 * (dx * lx + dy * ly) - .3 * (dx * dx + dy * dy)
        return cloth(x, y) * shade[:, None]

    return brush


def shaded_brush(brush: Brush, factor: float) -> Brush:
    """Make a brush brighter or darker.

    Args:
        brush (Brush): The brush.
        factor (float): 1 changes nothing.

    Returns:
        Brush: The other brush.
    """

    def shaded(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return brush(x, y) * np.float32(factor)

    return shaded


def ribbon(points: np.ndarray, half: float) -> np.ndarray:
    """Outline of a line that mostly runs downwards.

    Args:
        points (np.ndarray): The line, (N, 2), px.
        half (float): Half its width, px.

    Returns:
        np.ndarray: Outline, (2N, 2), px.
    """
    return np.concatenate([points - [half, 0], (points + [half, 0])[::-1]])


def slats(corners: np.ndarray, count: int) -> List[np.ndarray]:
    """Upright edges and boards across, with gaps between them.

    Args:
        corners (np.ndarray): Corners around a face, (4, 2), px, the two
            upper ones first.
        count (int): Number of boards.

    Returns:
        list[np.ndarray]: Outlines (4, 2).
    """
    a, b, c, d = corners
    boards = [(0., 1., t, t + .55 / count)
              for t in np.arange(count) / (count - .45)]
    posts = [(0., .14, 0., 1.), (.86, 1., 0., 1.)]

    def point(u: float, v: float) -> np.ndarray:
        return (a + (b - a) * u) * (1 - v) + (d + (c - d) * u) * v

    return [
        np.stack([point(u0, v0),
                  point(u1, v0),
                  point(u1, v1),
                  point(u0, v1)]) for u0, u1, v0, v1 in boards + posts
    ]


def canopy(half: float, rise: float, high: float) -> np.ndarray:
    """Cloth of an open umbrella: a dome with a scalloped rim.

    Args:
        half (float): Half its width, px.
        rise (float): Its height, px.
        high (float): How far its top is above the origin, px.

    Returns:
        np.ndarray: Outline, (M, 2), px; y is negative above the origin.
    """
    dome = ellipse((0, -high + rise), (half, rise), 0, np.pi, 2 * np.pi, 16)
    u = np.linspace(1, -1, 25)
    rim = np.stack([
        u * half, -high + rise - .18 * rise * np.abs(np.sin(u * 2.5 * np.pi))
    ],
                   axis=1)
    return np.concatenate([dome, rim])
