# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Brushes: colour and light at any pixel of a limb, a trunk or a thing.

A brush takes x and y, each of shape (N, ), in px, and gives BGR colours of
shape (N, 3), float32. Light comes from one side of the picture; every
surface is taken as part of a cylinder.
"""
from typing import Callable, List, Sequence

import numpy as np

from .geometry import unit
from .textures import Material

Brush = Callable[[np.ndarray, np.ndarray], np.ndarray]


def plain_brush(color: Sequence[float]) -> Brush:
    """One colour everywhere.

    Args:
        color (Sequence[float]): BGR, 0 to 255.

    Returns:
        Brush: The brush.
    """

    def brush(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.broadcast_to(np.asarray(color, np.float32), (len(x), 3))

    return brush


def axis_brush(start: np.ndarray, end: np.ndarray, radius: float,
               material: Material, scale: float, light: np.ndarray) -> Brush:
    """Colours of a broad part: one axis, one radius.

    Args:
        start (np.ndarray): Upper end of the axis (2, ), px.
        end (np.ndarray): Lower end of the axis (2, ), px.
        radius (float): Half width, px.
        material (Material): Surface.
        scale (float): Pixels per head.
        light (np.ndarray): Direction towards the light (2, ), length up to
            1.

    Returns:
        Brush: The brush.
    """
    # Plain floats keep the arrays float32 with every NumPy.
    (x0, y0), radius, scale = map(float, start), float(radius), float(scale)
    ax, ay = map(float, unit(np.asarray(end) - np.asarray(start)))
    lit = float(ax * light[1] - ay * light[0])

    def brush(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        dx, dy = x - x0, y - y0
        t, u = dx * ax + dy * ay, dy * ax - dx * ay
        side = u / radius
        return _lit(material, u / scale, t / scale, side, side * lit)

    return brush


def chain_brush(points: np.ndarray, radii: np.ndarray, material: Material,
                scale: float, light: np.ndarray) -> Brush:
    """Colours of a limb: light and pattern follow its bones.

    Args:
        points (np.ndarray): Polyline of the bones (N, 2), px.
        radii (np.ndarray): Radii (N, ), px.
        material (Material): Surface.
        scale (float): Pixels per head.
        light (np.ndarray): Direction towards the light (2, ).

    Returns:
        Brush: The brush.
    """
    scale = float(scale)
    spans = np.hypot(*np.diff(points, axis=0).T)
    total = np.concatenate([[0], np.cumsum(spans)])

    def brush(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        t, u, lit = _nearest_bone(points, spans, total, light, x, y)
        radius = np.interp(t, total, radii).astype(np.float32)
        side = u / radius
        return _lit(material, u / scale, t / scale, side, side * lit)

    return brush


def _nearest_bone(points: np.ndarray, spans: np.ndarray, total: np.ndarray,
                  light: np.ndarray, x: np.ndarray,
                  y: np.ndarray) -> List[np.ndarray]:
    """Position along and across the closest bone, and how it is lit."""
    best = None
    for k, start in enumerate(points[:-1]):
        ax, ay = map(float, unit(points[k + 1] - start))
        dx, dy = x - float(start[0]), y - float(start[1])
        t, u = dx * ax + dy * ay, dy * ax - dx * ay
        over = np.maximum(0, np.maximum(-t, t - float(spans[k])))
        lit = ax * light[1] - ay * light[0]
        found = (over + np.abs(u), t + float(total[k]), u,
                 np.full(x.shape, lit, np.float32))
        if best is None:
            best = found
        else:
            closer = found[0] < best[0]
            best = [np.where(closer, f, b) for f, b in zip(found, best)]
    return best[1:]


def joined_brush(limb: Brush, body: Brush, start: np.ndarray, end: np.ndarray,
                 length: float) -> Brush:
    """Let a limb grow out of the body without a seam.

    Args:
        limb (Brush): Colours far from the joint.
        body (Brush): Colours at the joint.
        start (np.ndarray): The joint (2, ), px.
        end (np.ndarray): Next joint (2, ), px.
        length (float): Where the limb's own colours have taken over, px.

    Returns:
        Brush: The brush.
    """
    x0, y0 = map(float, start)
    ax, ay = map(float, unit(np.asarray(end) - start) / length)

    def brush(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        colors = limb(x, y)
        t = (x - x0) * ax + (y - y0) * ay
        near = np.flatnonzero(t < 1)
        weight = np.clip(t[near, None], 0, 1)
        inner = body(x[near], y[near])
        colors[near] = inner + (colors[near] - inner) * weight
        return colors

    return brush


def _lit(material: Material, across: np.ndarray, along: np.ndarray,
         side: np.ndarray, lit: np.ndarray) -> np.ndarray:
    """Shade a material: ``side`` is -1 and 1 at the edges, 0 between."""
    side = np.clip(side, -1, 1)
    front = np.sqrt(1 - side * side)
    shade = .62 + .36 * front + .34 * np.clip(lit, -1, 1)
    if material.folds:
        shade = shade * material.creases(across, along)
    colors = material.colors(across, along) * shade[:, None]
    if material.gloss:
        spot = np.clip(1 - np.abs(side + .3) * 3, 0, 1)
        colors = colors + (material.gloss * 255 * spot)[:, None]
    return colors
