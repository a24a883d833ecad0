# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Shadows on the ground, seats, and things that stand in front of people."""
from typing import List, Tuple

import cv2
import numpy as np

from .brushes import Brush, plain_brush
from .canvas import Canvas
from .geometry import ellipse
from .textures import cloth_color


def ground_shadows(background: np.ndarray, spots: List[Tuple[float, float,
                                                             float]],
                   side: float) -> np.ndarray:
    """Darken the ground around feet.

    Args:
        background (np.ndarray): (H, W, 3), uint8.
        spots (list[tuple[float, float, float]]): x and y of the feet and
            the size of a head, px, per person.
        side (float): Horizontal direction towards the light, -1 to 1.

    Returns:
        np.ndarray: New image of the same shape.
    """
    mask = np.zeros(background.shape[:2], np.float32)
    for x, y, scale in spots:
        center = (x - side * scale, y - .05 * scale)
        blot = ellipse(center, (scale * (1.1 + abs(side)), .26 * scale))
        cv2.fillPoly(mask, [np.round(blot).astype(np.int32)], .5)
        under = ellipse((x, y - .08 * scale), (.9 * scale, .16 * scale))
        cv2.fillPoly(mask, [np.round(under).astype(np.int32)], .7)
    size = max(3, int(np.mean([s[2] for s in spots]) * .25)) | 1
    mask = cv2.blur(cv2.blur(mask, (size, size)), (size, size))
    return (background * (1 - mask[..., None] * .75)).astype(np.uint8)


def draw_seat(canvas: Canvas, origin: Tuple[float, float], feet: float,
              scale: float) -> None:
    """A box to sit on; it is background.

    Args:
        canvas (Canvas): Where to draw.
        origin (tuple[float, float]): Pixel between the hips.
        feet (float): y of the ground, px.
        scale (float): Pixels per head.
    """
    x, y = origin
    wood = np.array([60., 90., 130.])
    top = y + .3 * scale
    low = max(feet - .25 * scale, top + .3 * scale)
    front = np.array([[x - 1.1 * scale, top], [x + 1.1 * scale, top],
                      [x + 1.05 * scale, low], [x - 1.05 * scale, low]])
    lid = np.array([[x - 1.1 * scale, top], [x + 1.1 * scale, top],
                    [x + .9 * scale, top - .35 * scale],
                    [x - .9 * scale, top - .35 * scale]])
    canvas.fill([front], plain_brush(wood * .8), 0)
    canvas.fill([lid], plain_brush(wood * 1.2), 0)


def draw_obstacle(rng: np.random.Generator, canvas: Canvas, scale: float,
                  feet: float) -> None:
    """A pole, table or bush that hides parts of those drawn before.

    Args:
        rng (np.random.Generator): Source of all draws.
        canvas (Canvas): Where to draw; the thing is background.
        scale (float): Pixels per head at its distance.
        feet (float): y of the ground there, px.
    """
    width = canvas.codes.shape[1] / 2
    x = rng.uniform(.05, .95) * width
    color = cloth_color(rng, .2, .8)
    kind = rng.choice(['pole', 'table', 'bush'])
    if kind == 'pole':
        half = rng.uniform(.15, .35) * scale
        shape = np.array([[x - half, -9], [x + half, -9], [x + half, feet],
                          [x - half, feet]])
        canvas.fill([shape], _rounded(color, x, half), 0)
    elif kind == 'table':
        wide, high = rng.uniform(1.2, 2.4) * scale, 2.9 * scale
        board = np.array([[x - wide, feet - high], [x + wide, feet - high],
                          [x + wide, feet - high + .3 * scale],
                          [x - wide, feet - high + .3 * scale]])
        legs = [
            np.array([[x + s * wide - .1 * scale, feet - high],
                      [x + s * wide + .1 * scale, feet - high],
                      [x + s * wide + .1 * scale, feet],
                      [x + s * wide - .1 * scale, feet]]) for s in (-.85, .85)
        ]
        canvas.fill(legs, plain_brush(color * .7), 0)
        canvas.fill([board], plain_brush(color), 0)
    else:
        green = np.array([40., 100., 50.]) * rng.uniform(.5, 1.1)
        for k in range(60):
            low = 1.6 * (1 - k / 60)
            spot = (x + rng.normal(0, .7) * scale,
                    feet - abs(rng.normal(.3, .5)) * scale)
            radius = rng.uniform(.1, .22) * scale * (1 + low)
            canvas.fill([ellipse(spot, (radius, radius * .8), num=9)],
                        plain_brush(green * (.6 + k / 60)), 0)


def _rounded(color: np.ndarray, x0: float, half: float) -> Brush:

    def brush(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        side = np.clip((x - x0) / half, -1, 1)
        return color * (1.1 - .5 * (side + .3)**2)[:, None]

    return brush
