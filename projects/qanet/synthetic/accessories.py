# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Hats, sunglasses, scarves and bags."""
import numpy as np

from .figure import HEAD_X, HEAD_Y, HEAD_Z, Figure
from .geometry import ellipse, smooth_closed, tapered
from .labels import Part
from .outfits import Outfit

_DEG = np.pi / 180


def draw_glasses(figure: Figure, outfit: Outfit) -> None:
    """Draw large sunglasses: two lenses, bridge and temples.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Colour; nothing happens without sunglasses.
    """
    if outfit.glasses is None or figure.head_depth(0.) < .05:
        return
    shapes = []
    for side in (-1, 1):
        if figure.head_depth(side * 28 * _DEG) < .12:
            continue
        corners = np.array([(6, 17), (30, 21), (58, 15), (55, -17), (34, -24),
                            (12, -16)]) * [side, 1] * _DEG
        shapes.append(
            smooth_closed(
                figure.head_points(corners[:, 0], corners[:, 1], 1.04), 3))
        bar = np.array([(50, 12), (92, 10), (92, 3), (50, 4)]) * [side, 1]
        shapes.append(
            figure.head_points(bar[:, 0] * _DEG, bar[:, 1] * _DEG, 1.05))
    if not shapes:
        return
    bridge = np.array([(-12, 11), (12, 11), (12, 2), (-12, 2)]) * _DEG
    shapes.append(figure.head_points(bridge[:, 0], bridge[:, 1], 1.05))
    color = outfit.glasses

    def brush(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        # Lenses mirror the sky: brighter towards the top.
        top = y.max() if len(y) else 0.
        rise = np.clip((top - y) / (.35 * figure.scale), 0, 1)
        return color + (rise * 46)[:, None]

    figure.fill(Part.SUNGLASSES, shapes, brush)


def draw_hat(figure: Figure, outfit: Outfit) -> None:
    """Draw a cap, a beanie or a hat with a wide brim.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Cloth and kind; nothing happens without a hat.
    """
    if outfit.hat is None:
        return
    puff = 1.36 if outfit.hair_style == 'curly' else 1.17
    low = dict(cap=.34, beanie=.22, brim=.36)[outfit.hat_kind]
    top, base = figure.head_local([[0, -.8, 0], [0, -.1, 0]])
    brush = figure.axis_brush(top, base,
                              .52 * puff * figure.build.head * figure.scale,
                              outfit.hat)
    dome = _dome(figure, low, puff)
    front = figure.head_depth(0.) > 0
    if outfit.hat_kind == 'brim':
        figure.fill(Part.HAT, [_ring(figure, low, 1.95)], brush)
    if outfit.hat_kind == 'cap' and not front:
        figure.fill(Part.HAT, [_visor(figure, low)], brush)
    figure.shadow([dome], .4, .06)
    figure.fill(Part.HAT, [dome], brush)
    dark = outfit.hat.base * .55
    band = figure.head_points(_front_arc(figure), low + .12, puff)
    if outfit.hat_kind == 'beanie':
        figure.stroke(band, .05, dark)
        pom = figure.head_local([[0, -HEAD_Y * 1.28, 0]])[0]
        size = .13 * figure.scale
        figure.fill(Part.HAT, [ellipse(pom, (size, size))], brush)
    elif outfit.hat_kind == 'brim':
        figure.stroke(band, .12, outfit.hat.accent * .8)
    elif front:
        figure.shadow([_visor(figure, low)], .5, .1)
        figure.fill(Part.HAT, [_visor(figure, low)], brush)
        figure.stroke(
            figure.head_points(_front_arc(figure)[3:-3], low, puff), .025,
            dark)


def _front_arc(figure: Figure) -> np.ndarray:
    """Azimuths of the side that the camera sees, image left to right."""
    rot = figure.skeleton.head
    middle = np.arctan2(rot[2, 0], rot[2, 2])
    return middle + np.linspace(-np.pi / 2, np.pi / 2, 11)


def _dome(figure: Figure, low: float, grow: float) -> np.ndarray:
    arc = _front_arc(figure)
    lower = figure.head_points(arc, low, grow)
    rise = np.linspace(low, np.pi / 2, 7)
    right = figure.head_points(arc[-1], rise, grow)
    left = figure.head_points(arc[0], rise, grow)
    return np.concatenate([lower, right[1:], left[::-1][1:-1]])


def _ring(figure: Figure, low: float, reach: float) -> np.ndarray:
    """Outline of a brim all around, slightly drooping."""
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = np.stack([
        HEAD_X * reach * np.sin(t),
        np.full(24, -HEAD_Y * np.sin(low) + .03), HEAD_Z * reach * np.cos(t)
    ],
                    axis=1)
    shape = figure.head_local(ring)
    # Seen edge-on the brim still has a thickness.
    thick = np.array([0., .05 * figure.scale])
    return smooth_closed(
        np.concatenate([(shape - thick)[18:], (shape - thick)[:7],
                        (shape + thick)[6:19]]), 1)


def _visor(figure: Figure, low: float) -> np.ndarray:
    t = np.linspace(-62, 62, 9) * _DEG
    y = -HEAD_Y * np.sin(low) * 1.1
    inner = np.stack([
        HEAD_X * 1.16 * np.sin(t),
        np.full(9, y - .02), HEAD_Z * 1.16 * np.cos(t)
    ],
                     axis=1)
    outer = np.stack([
        HEAD_X * 1.3 * np.sin(t), y + .03 + .05 * np.abs(np.sin(t)), HEAD_Z *
        (1.2 + .75 * np.cos(t))
    ],
                     axis=1)
    return figure.head_local(np.concatenate([inner, outer[::-1]]))


def draw_scarf(figure: Figure, outfit: Outfit) -> None:
    """Draw a scarf around the neck with hanging ends.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Cloth and number of ends; may be without a scarf.
    """
    if outfit.scarf is None:
        return
    scale = figure.scale
    base = figure.pixels(figure.skeleton.neck)
    wrap = ellipse(base + [0, -.04 * scale], (.44 * scale, .24 * scale),
                   figure.pose.lean)
    front = figure.facing() > 0
    shapes = [wrap]
    for k in range(outfit.scarf_tails):
        side = (-1, 1)[k] * .3 + (0. if front else np.pi)
        length = (.6, .45)[k]
        start, end = figure.trunk([.93, .93 - length], [side * .8, side], .1)
        shapes.append(
            tapered(start, end,
                    np.array([.14, .17, .18, .17]) * scale))
    figure.shadow(shapes, .45)
    brush = figure.axis_brush(base - [0, .3 * scale], base + [0, scale],
                              .42 * scale, outfit.scarf)
    figure.fill(Part.SCARF, shapes[1:] + shapes[:1], brush)
    for k in (-.09, .05):
        fold = ellipse(base + [0,
                               (k - .06) * scale], (.36 * scale, .13 * scale),
                       figure.pose.lean, .2, np.pi - .2, 9)
        figure.stroke(fold, .028, outfit.scarf.base * .55)
    for tail in shapes[1:]:
        ends = tail[3:5]
        for t in (0., .33, .66, 1.):
            start = ends[0] + (ends[1] - ends[0]) * t
            figure.stroke(
                np.stack([start, start - [0, .1 * scale]]), .02,
                outfit.scarf.base * .5)


def draw_bag(figure: Figure, outfit: Outfit) -> None:
    """Draw a hand bag in front of the body; CIHP calls it background.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Cloth and hand; nothing happens without a bag.
    """
    if outfit.bag is None:
        return
    scale = figure.scale
    grip = figure.pixels(figure.skeleton.arms[outfit.bag_hand, 2:]).mean(0)
    top = grip + [0, .45 * scale]
    shape = np.array([[-.4, 0], [.4, 0], [.5, .75], [-.5, .75]]) * scale + top
    figure.shadow([shape], .3)
    figure.canvas.stroke(
        np.stack([top - [.25 * scale, 0], grip, top + [.25 * scale, 0]]),
        .05 * scale, outfit.bag.base * .6)
    figure.canvas.fill([shape],
                       figure.axis_brush(top, top + [0, scale], .6 * scale,
                                         outfit.bag), 0)
