# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Neck, face, ears and hair."""
import numpy as np

from .brushes import Brush
from .figure import HEAD_Y, Figure
from .geometry import ellipse, smooth_closed, smooth_open, tapered
from .labels import Part
from .outfits import Outfit
from .textures import Material

_DEG = np.pi / 180
_LONG = ('long', 'bob')


def draw_neck(figure: Figure, outfit: Outfit) -> None:
    """Draw the neck, which CIHP counts as torso skin.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Colour of the skin.
    """
    skeleton, scale = figure.skeleton, figure.scale
    top, base = figure.pixels(np.stack([skeleton.skull, skeleton.neck]))
    radius = .19 * figure.build.limbs**.6 * figure.build.head
    shape = tapered(top, base + [0, .12 * scale],
                    np.array([radius, radius, radius * 1.5]) * scale)
    figure.fill(
        Part.TORSO_SKIN, [shape],
        figure.axis_brush(top, base, radius * 1.3 * scale, outfit.skin))
    chin = ellipse(top + [0, .3 * scale], (.3 * scale, .34 * scale))
    figure.canvas.tint([chin], outfit.skin.base * .45, .4,
                       figure.code(Part.TORSO_SKIN))


def _face_seen(figure: Figure) -> bool:
    return figure.head_depth(0.) > -.1


def _skull_brush(figure: Figure, material: Material) -> Brush:
    top, chin = figure.head_local([[0, -HEAD_Y, 0], [0, HEAD_Y, 0]])
    return figure.axis_brush(top, chin, .46 * figure.scale * figure.build.head,
                             material)


def draw_back_hair(figure: Figure, outfit: Outfit) -> None:
    """Hair that hangs behind neck and shoulders (or over them, seen from
    behind; the caller chooses when).

    Args:
        figure (Figure): The person.
        outfit (Outfit): Hair style and colour.
    """
    style = outfit.hair_style
    if style not in _LONG + ('ponytail', ):
        return
    scale, head = figure.scale, figure.build.head
    end = figure.pixels(figure.skeleton.neck)
    if style == 'ponytail':
        root = figure.head_points(np.pi, .5, 1.1, clamp=False)[0]
        tip = (root + end) / 2 + (root - figure.pixels(
            figure.skeleton.skull)) * .5 + [0, .55 * scale]
        shape = tapered(root, tip, np.array([.1, .17, .16, .03]) * scale)
    else:
        drop = .05 if style == 'bob' else .55
        center = figure.pixels(figure.skeleton.skull)
        bottom = np.array([end[0], end[1] + drop * scale])
        shape = smooth_closed(
            np.stack([
                center + [-.43 * scale * head, -.1 * scale],
                center + [-.3 * scale * head, -.45 * scale],
                center + [.3 * scale * head, -.45 * scale],
                center + [.43 * scale * head, -.1 * scale],
                bottom + [.46 * scale, -.25 * scale], bottom + [.3 * scale, 0],
                bottom + [-.3 * scale, 0],
                bottom + [-.46 * scale, -.25 * scale]
            ]))
    figure.shadow([shape], .3)
    figure.fill(Part.HAIR, [shape], _skull_brush(figure, outfit.hair))


def draw_head(figure: Figure, outfit: Outfit) -> None:
    """Draw skull hair, face, ears and features.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Skin and hair.
    """
    seen = _face_seen(figure)
    head = _outline(figure, 1.)
    figure.shadow([head], .3, .1)
    _draw_ears(figure, outfit)
    _draw_cap(figure, outfit, seen)
    if seen:
        face = _face_outline(figure, outfit)
        figure.fill(Part.FACE, [face], _skull_brush(figure, outfit.skin))
        _draw_features(figure, outfit)
        if outfit.hair_style in _LONG:
            _draw_locks(figure, outfit)


def _outline(figure: Figure, grow: float, low: float = -90.) -> np.ndarray:
    """Outline of the skull above an elevation in degrees."""
    rise = np.linspace(low, 90, 9) * _DEG
    facing = np.arctan2(figure.skeleton.head[0, 2], figure.skeleton.head[0, 0])
    left = figure.head_points(-np.pi / 2 - facing, rise, grow)
    right = figure.head_points(np.pi / 2 - facing, rise, grow)
    return np.concatenate([left, right[::-1]])


def _draw_ears(figure: Figure, outfit: Outfit) -> None:
    for side in (-1, 1):
        if figure.head_depth(side * np.pi / 2) < -.35:
            continue
        spot = figure.head_points(side * 95 * _DEG, -.08, 1.06)[0]
        size = figure.scale * figure.build.head
        shape = ellipse(spot, (.075 * size, .13 * size))
        figure.fill(Part.FACE, [shape], _skull_brush(figure, outfit.skin))


def _draw_cap(figure: Figure, outfit: Outfit, seen: bool) -> None:
    """The hair around the skull, down to the ears or the nape."""
    style = outfit.hair_style
    grow = dict(buzz=1.03, curly=1.24, short=1.1).get(style, 1.12)
    low = -20. if seen else -52.
    if style in _LONG or style == 'curly':
        low = min(low, -38.)
    shapes = [_outline(figure, grow, low)]
    if style == 'bun' and outfit.hat is None:
        spot = figure.head_points(np.pi, 1., 1.3, clamp=False)[0]
        shapes.append(ellipse(spot, (.2 * figure.scale, .18 * figure.scale)))
    if style == 'curly':
        rim = shapes[0]
        if outfit.hat is not None:
            rim = np.concatenate([rim[:5], rim[-5:]])
        shapes += [
            ellipse(p, (.1 * figure.scale, .1 * figure.scale), num=9)
            for p in rim
        ]
    figure.fill(Part.HAIR, shapes, _skull_brush(figure, outfit.hair))


def _face_outline(figure: Figure, outfit: Outfit) -> np.ndarray:
    """The face below the hairline, both cheeks down to the chin."""
    line = 62 if outfit.hair_style == 'buzz' else 46 - 22 * outfit.fringe
    right = np.array([(0, line), (30, line + 2), (56, line - 8), (74, 12),
                      (84, -12), (86, -36), (84, -58), (62, -72), (0, -80)],
                     float)
    left = right[1:-1][::-1] * [-1, 1]
    contour = np.concatenate([right, left]) * _DEG
    return figure.head_points(contour[:, 0], contour[:, 1])


def _draw_features(figure: Figure, outfit: Outfit) -> None:
    """Eyes, brows, nose, mouth; all stay labelled as face."""
    skin, unit = outfit.skin.base, figure.scale * figure.build.head
    for side in (-1, 1):
        if figure.head_depth(side * 24 * _DEG) < .35:
            continue
        eye = figure.head_points(side * 25 * _DEG, -.02)[0]
        figure.canvas.tint([ellipse(eye, (.07 * unit, .034 * unit), num=10)],
                           (225, 230, 235), .75)
        figure.canvas.tint([ellipse(eye, (.034 * unit, .036 * unit), num=8)],
                           (40, 36, 32), .95)
        brow = figure.head_points(side * np.array([12, 26, 40]) * _DEG,
                                  [.2, .24, .18])
        figure.stroke(brow, .03, outfit.hair.base * .7)
        cheek = figure.head_points(side * 34 * _DEG, -.5)[0]
        figure.canvas.tint([ellipse(cheek, (.1 * unit, .08 * unit), num=10)],
                           skin * [.85, .85, 1.], .3)
    bridge = figure.head_points(
        np.array([7, 9, 8, -5]) * _DEG, [.02, -.25, -.46, -.48], 1.03)
    figure.stroke(bridge, .022, skin * .72)
    if figure.head_depth(0.) > .1:
        mouth = figure.head_points(
            np.array([-20, -7, 0, 7, 20]) * _DEG, [-.76, -.8, -.79, -.8, -.76])
        figure.stroke(mouth, .055, skin * [.55, .55, .8])
        figure.stroke(mouth, .02, skin * [.3, .3, .5])


def _draw_locks(figure: Figure, outfit: Outfit) -> None:
    """Hair that falls on both sides of the face."""
    length = .12 if outfit.hair_style == 'bob' else .42
    for side in (-1, 1):
        if figure.head_depth(side * 80 * _DEG) < -.5:
            continue
        top = figure.head_points(side * np.array([40, 72]) * _DEG, [.75, .3],
                                 1.06)
        mid = figure.head_points(side * 88 * _DEG, -.5, 1.12)
        tip = figure.trunk(1. - length, side * 1.0, .1)
        curve = smooth_open(np.concatenate([top, mid, tip]), 3)
        widths = np.interp(
            np.linspace(0, 1, len(curve)), [0, .3, .8, 1],
            [.05, .12, .12, .03]) * figure.scale
        normal = np.gradient(curve, axis=0)
        normal = np.stack([-normal[:, 1], normal[:, 0]], axis=1)
        normal /= np.maximum(np.hypot(*normal.T), 1e-6)[:, None]
        shape = np.concatenate([
            curve + normal * widths[:, None],
            (curve - normal * widths[:, None])[::-1]
        ])
        figure.fill(Part.HAIR, [shape], _skull_brush(figure, outfit.hair))
