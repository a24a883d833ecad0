# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Plane geometry of outlines: smooth curves, circles, tapered limbs."""
from typing import List, Sequence, Tuple

import cv2
import numpy as np


def smooth_closed(points: Sequence, steps: int = 4) -> np.ndarray:
    """Close a polygon with a Catmull-Rom spline through its corners.

    Args:
        points (Sequence): Corners of shape (N, 2), N >= 3.
        steps (int): Points per corner of the result. Defaults to 4.

    Returns:
        np.ndarray: Outline of shape (N * steps, 2), float64.
    """
    pts = np.asarray(points, dtype=np.float64)
    before, after = np.roll(pts, 1, axis=0), np.roll(pts, -1, axis=0)
    beyond = np.roll(pts, -2, axis=0)
    return _catmull_rom(before, pts, after, beyond, steps).reshape(-1, 2)


def smooth_open(points: Sequence, steps: int = 4) -> np.ndarray:
    """Draw a Catmull-Rom spline through points, ends included.

    Args:
        points (Sequence): Points of shape (N, 2), N >= 2.
        steps (int): Points per interval of the result. Defaults to 4.

    Returns:
        np.ndarray: Curve of shape ((N - 1) * steps + 1, 2), float64.
    """
    pts = np.asarray(points, dtype=np.float64)
    ext = np.concatenate([pts[:1], pts, pts[-1:]])
    curve = _catmull_rom(ext[:-3], ext[1:-2], ext[2:-1], ext[3:], steps)
    return np.concatenate([curve.reshape(-1, 2), pts[-1:]])


def _catmull_rom(p0: np.ndarray, p1: np.ndarray, p2: np.ndarray,
                 p3: np.ndarray, steps: int) -> np.ndarray:
    t = (np.arange(steps) / steps)[None, :, None]
    p0, p1, p2, p3 = (p[:, None] for p in (p0, p1, p2, p3))
    return 0.5 * (2 * p1 + (p2 - p0) * t +
                  (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 +
                  (3 * p1 - p0 - 3 * p2 + p3) * t**3)


def ellipse(center: Sequence[float],
            radii: Tuple[float, float],
            angle: float = 0.,
            start: float = 0.,
            stop: float = 2 * np.pi,
            num: int = 20) -> np.ndarray:
    """Sample an ellipse or an arc of it.

    Args:
        center (Sequence[float]): Centre, xy.
        radii (tuple[float, float]): Half axes, x and y before rotation.
        angle (float): Rotation in radians, clockwise on the screen.
        start (float): First angle of the arc in radians.
        stop (float): Angle where the arc ends, itself left out.
        num (int): Number of points. Defaults to 20.

    Returns:
        np.ndarray: Points of shape (num, 2).
    """
    t = np.linspace(start, stop, num, endpoint=False)
    pts = np.stack([radii[0] * np.cos(t), radii[1] * np.sin(t)], axis=1)
    return np.asarray(center) + pts @ rotation(angle).T


def rotation(angle: float) -> np.ndarray:
    """Matrix that turns column vectors clockwise on the screen (y down).

    Args:
        angle (float): Angle in radians.

    Returns:
        np.ndarray: Matrix of shape (2, 2).
    """
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s], [s, c]])


def unit(vector: Sequence[float]) -> np.ndarray:
    """Scale a vector to length one; a vanishing one becomes (0, 1).

    Args:
        vector (Sequence[float]): Vector of two components.

    Returns:
        np.ndarray: Vector of shape (2, ).
    """
    vector = np.asarray(vector, dtype=np.float64)
    length = np.hypot(vector[0], vector[1])
    return vector / length if length > 1e-6 else np.array([0., 1.])


def tapered(start: Sequence[float], end: Sequence[float],
            radii: Sequence[float]) -> np.ndarray:
    """Outline of one limb segment whose radius varies along it.

    Args:
        start (Sequence[float]): Middle of the first cross-section, xy.
        end (Sequence[float]): Middle of the last cross-section, xy.
        radii (Sequence[float]): Radii at evenly spaced cross-sections, at
            least two.

    Returns:
        np.ndarray: Closed outline of shape (2 * len(radii), 2).
    """
    start, end = np.asarray(start, float), np.asarray(end, float)
    radii = np.asarray(radii, float)[:, None]
    along = unit(end - start)
    normal = np.array([-along[1], along[0]])
    middle = start + (end - start) * np.linspace(0, 1, len(radii))[:, None]
    return np.concatenate(
        [middle + normal * radii, (middle - normal * radii)[::-1]])


def hull_around(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Convex outline around outlines.

    Args:
        parts (Sequence[np.ndarray]): Outlines of shape (N, 2).

    Returns:
        np.ndarray: Outline of shape (M, 2), float64.
    """
    points = np.concatenate(parts).astype(np.float32)
    return cv2.convexHull(points)[:, 0].astype(np.float64)


def sub_chain(points: np.ndarray, radii: np.ndarray, start: float,
              stop: float) -> Tuple[np.ndarray, np.ndarray]:
    """Cut a piece out of a polyline with radii.

    Args:
        points (np.ndarray): Polyline of shape (N, 2).
        radii (np.ndarray): Radii of shape (N, ).
        start (float): First position, counted in intervals from 0.
        stop (float): Last position, at most N - 1 and above ``start``.

    Returns:
        tuple[np.ndarray, np.ndarray]: Points (M, 2) and radii (M, ).
    """
    index = np.arange(len(points))
    inner = index[(index > start + 1e-6) & (index < stop - 1e-6)]
    at = np.concatenate([[start], inner, [stop]])
    cols = [np.interp(at, index, points[:, k]) for k in range(2)]
    return np.stack(cols, axis=1), np.interp(at, index, radii)


def limb_outline(points: np.ndarray,
                 radii: np.ndarray,
                 round_end: bool = True) -> List[np.ndarray]:
    """Polygons whose union is a bent, tapered limb with round joints.

    Args:
        points (np.ndarray): Polyline (N, 2), px.
        radii (np.ndarray): Radii (N, ), px.
        round_end (bool): Round off the last end. Defaults to True.

    Returns:
        list[np.ndarray]: Outlines (M, 2), px.
    """
    steps = np.diff(points, axis=0)
    lengths = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-6)
    normals = np.stack([-steps[:, 1], steps[:, 0]], axis=1) / lengths[:, None]
    near, far = normals * radii[:-1, None], normals * radii[1:, None]
    quads = np.stack([
        points[:-1] + near, points[1:] + far, points[1:] - far,
        points[:-1] - near
    ],
                     axis=1)
    last = len(points) if round_end else len(points) - 1
    circles = points[:last, None] + _CIRCLE * radii[:last, None, None]
    return [*quads, *circles]


_AROUND = np.linspace(0, 2 * np.pi, 14, endpoint=False)
_CIRCLE = np.stack([np.cos(_AROUND), np.sin(_AROUND)], axis=1)
_CIRCLE.setflags(write=False)
