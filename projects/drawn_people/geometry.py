# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Plane outlines: smooth curves, ellipses, strips. y points down."""
from typing import Sequence

import cv2
import numpy as np


def smooth(points: Sequence, steps: int = 4, closed: bool = False):
    """Catmull-Rom spline through (N, 2) points, ``steps`` for each of them.

    An open one, of (N - 1) * steps + 1 points, includes both ends.
    """
    points = np.asarray(points, np.float64)
    around, mode = ((1, 2), 'wrap') if closed else ((1, 1), 'edge')
    padded = np.pad(points, (around, (0, 0)), mode)
    p0, p1, p2, p3 = (padded[k:len(padded) - 3 + k, None] for k in range(4))
    t = (np.arange(steps) / steps)[:, None]
    curve = .5 * (2 * p1 + (p2 - p0) * t +
                  (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 +
                  (3 * p1 - p0 - 3 * p2 + p3) * t**3)
    curve = curve.reshape(-1, 2)
    return curve if closed else np.concatenate([curve, points[-1:]])


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """Corners of a rectangle, (4, 2)."""
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float)


def ellipse(center, radii, angle=0., arc=(0, 2 * np.pi), num=20) -> np.ndarray:
    """Ellipse, or an arc of it without its last point, (num, 2), radians."""
    t = arc[0] + np.arange(num) * ((arc[1] - arc[0]) / num)
    x, y = radii[0] * np.cos(t), radii[1] * np.sin(t)
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([x * c - y * s + center[0], x * s + y * c + center[1]], 1)


def unit(vector: Sequence[float]) -> np.ndarray:
    """A vector of length one; a vanishing one becomes (0, 1)."""
    length = np.hypot(*vector)
    return np.divide(vector, length) if length > 1e-6 else np.array([0., 1.])


def strip(points: np.ndarray, radii: Sequence[float]) -> np.ndarray:
    """One outline, (2 * N, 2), around a curve (N, 2) with half widths."""
    around = points[[0, *range(len(points)), -1]]
    dx, dy = (around[2:] - around[:-2]).T
    half = radii / np.maximum(np.hypot(dx, dy), 1e-6)
    normals = np.stack([-dy * half, dx * half], axis=1)
    return np.concatenate([points + normals, (points - normals)[::-1]])


def hull_around(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Convex outline around outlines of shape (N, 2)."""
    points = np.concatenate(parts).astype(np.float32)
    return cv2.convexHull(points)[:, 0].astype(np.float64)
