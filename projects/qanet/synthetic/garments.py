# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Clothes on the trunk: tops, trouser seats, skirts, dresses."""
from typing import Tuple

import numpy as np

from .figure import Figure
from .geometry import ellipse, hull_around, limb_outline, smooth_open
from .labels import Part
from .limbs import make_leg
from .outfits import Outfit
from .textures import Material

#: Heights on the spine where outlines of clothes have corners.
TRUNK_LEVELS = (.96, .91, .83, .72, .56, .4, .26, .12, 0.)


def draw_skin_trunk(figure: Figure, outfit: Outfit) -> None:
    """Chest, and the belly where the top is short, as torso skin.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Decides how much can be seen.
    """
    lowest = .1 if outfit.hem > .2 and outfit.lower_kind != 'dress' else .62
    levels = [1., .96, .9, .8, .62] + ([.45, .3, .1] if lowest < .5 else [])
    left, right = figure.trunk_sides(levels)
    figure.fill(Part.TORSO_SKIN, [np.concatenate([left, right[::-1]])],
                figure.trunk_brush(outfit.skin))


def neck_edge(figure: Figure, depth: float, pointed: bool,
              ease: float) -> np.ndarray:
    """Upper edge of a garment from image left to image right, px.

    Args:
        figure (Figure): The person.
        depth (float): Depth of the neckline on the spine.
        pointed (bool): V instead of a round neckline.
        ease (float): How far the garment stands off, heads.

    Returns:
        np.ndarray: Points (N, 2).
    """
    t = np.linspace(-1, 1, 9)
    shape = 1 - np.abs(t) if pointed else 1 - t**2
    if figure.facing() > -.2:
        return figure.trunk(.985 - depth * shape, t * 1.35, ease * .5)
    return figure.trunk(.985 - .03 * shape, np.pi + t * 1.35, ease * .5)


def draw_top(figure: Figure, outfit: Outfit) -> None:
    """Draw the upper clothes without their sleeves.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Cloth, neckline, hem and print.
    """
    levels = [v for v in TRUNK_LEVELS if v > outfit.hem + .04] + [outfit.hem]
    ease = np.interp(levels, [-.2, 0., .4, 1.], [.1, .06, .05, .03])
    left, right = figure.trunk_sides(levels, ease)
    edge = neck_edge(figure, outfit.neckline, outfit.v_neck, .03)
    shape = np.concatenate([edge, right, left[::-1]])
    figure.shadow([shape], .35)
    figure.fill(Part.UPPER_CLOTHES, [shape], figure.trunk_brush(outfit.top))
    figure.stroke(edge, .04, outfit.top.base * .6)
    figure.stroke(np.stack([left[-1], right[-1]]), .03, outfit.top.base * .6)
    if figure.facing() > .2:
        _decorate(figure, outfit)


def _decorate(figure: Figure, outfit: Outfit) -> None:
    """Print, button line or tie on the front."""
    kind, start = outfit.print_kind, .97 - outfit.neckline
    if kind == 'logo':
        around = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        logo = figure.trunk(.68 + .1 * np.sin(around), .38 * np.cos(around),
                            .05)
        figure.canvas.tint([logo], outfit.top.accent, .8,
                           figure.code(Part.UPPER_CLOTHES))
    elif kind == 'buttons':
        line = figure.trunk(np.linspace(start, outfit.hem, 6), 0., .05)
        figure.stroke(line, .025, outfit.top.base * .6)
        draw_buttons(figure, line[1:], outfit.top.base * .35 + 150)
    elif kind == 'tie':
        wide = np.array([.04, .07, .1, .14, .1])
        levels = np.array([start + .01, start - .05, .7, .42, .36])
        tie = np.concatenate([
            figure.trunk(levels, -wide, .05),
            figure.trunk(levels[::-1], wide[::-1], .05)
        ])
        figure.canvas.tint([tie], outfit.top.accent, .95,
                           figure.code(Part.UPPER_CLOTHES))


def draw_buttons(figure: Figure, points: np.ndarray,
                 color: np.ndarray) -> None:
    """Small discs that change no label.

    Args:
        figure (Figure): The person.
        points (np.ndarray): Centres (N, 2), px.
        color (np.ndarray): BGR.
    """
    radius = .035 * figure.scale
    for point in points:
        figure.canvas.tint([ellipse(point, (radius, radius), num=8)],
                           np.clip(color, 0, 255), .9)


def draw_seat(figure: Figure, outfit: Outfit) -> None:
    """The part of trousers between waist and legs.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Cloth.
    """
    left, right = figure.trunk_sides([.24, .14, 0., -.1], .03)
    hips = figure.pixels(figure.skeleton.legs[:, 0])
    crotch = hips.mean(axis=0) + [0, .34 * figure.scale]
    legs = hips[np.argsort(hips[:, 0])] + [0, .22 * figure.scale]
    shape = np.concatenate([right, legs[1:], [crotch], legs[:1], left[::-1]])
    figure.fill(Part.PANTS, [shape], figure.trunk_brush(outfit.lower))
    belt = smooth_open([left[0], figure.trunk(.215, 0., .03)[0], right[0]])
    figure.stroke(belt, .09, outfit.lower.base * .4)
    figure.stroke(
        np.stack([figure.trunk(.12, 0., .03)[0], crotch]), .025,
        outfit.lower.base * .6)


def hem_points(figure: Figure, length: float,
               flare: float) -> Tuple[np.ndarray, np.ndarray]:
    """Where cloth around both legs ends.

    Args:
        figure (Figure): The person.
        length (float): Along the legs, 1 knee, 2 ankle.
        flare (float): Room beside the legs in heads.

    Returns:
        tuple[np.ndarray, np.ndarray]: Corner at image left and at image
        right, (2, ), px.
    """
    cuts = [make_leg(figure, i).at(length) for i in range(2)]
    room = flare * figure.scale
    left = min(cuts, key=lambda c: c[0][0] - c[1])
    right = max(cuts, key=lambda c: c[0][0] + c[1])
    low = max(left[0][1], right[0][1])
    corners = []
    for (middle, radius), sign in ((left, -1), (right, 1)):
        y = .6 * low + .4 * middle[1]
        corners.append(np.array([middle[0] + sign * (radius + room), y]))
    return corners[0], corners[1]


def _lap_shape(figure: Figure, top: float, length: float) -> np.ndarray:
    """Outline of cloth over the thighs of somebody who sits, px."""
    left, right = figure.trunk_sides([top, .12, 0., -.1], .05)
    pieces = [
        make_leg(figure, i).piece(0., min(length, .95), .06) for i in range(2)
    ]
    over = hull_around([s for p in pieces for s in limb_outline(*p)])
    return hull_around([left, right, over])


def skirt_shape(figure: Figure, top: float, length: float,
                flare: float) -> np.ndarray:
    """Outline of cloth that hangs from the trunk around both legs.

    Args:
        figure (Figure): The person.
        top (float): Upper edge on the spine.
        length (float): Along the legs, 1 knee, 2 ankle.
        flare (float): Room beside the legs in heads.

    Returns:
        np.ndarray: Outline (N, 2), px.
    """
    if figure.pose.seated:
        return _lap_shape(figure, top, length)
    left, right = figure.trunk_sides([top, top * .5, 0., -.1], .05)
    low_left, low_right = hem_points(figure, length, flare)
    sag = np.array([0., .1 * figure.scale])
    hem = smooth_open([low_right, (low_left + low_right) / 2 + sag, low_left])
    return np.concatenate([
        smooth_open(np.concatenate([right, [low_right]]), 3), hem[1:],
        smooth_open(np.concatenate([[low_left], left[::-1]]), 3)[1:]
    ])


def draw_skirt(figure: Figure, outfit: Outfit) -> None:
    """Draw a skirt with a waistband and folds.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Cloth, length and flare.
    """
    shape = skirt_shape(figure, .3, outfit.lower_length, outfit.flare)
    figure.shadow([shape], .4)
    figure.fill(Part.SKIRT, [shape],
                figure.trunk_brush(outfit.lower, 1 + outfit.flare))
    left, right = figure.trunk_sides([.27], .05)
    figure.stroke(np.concatenate([left, right]), .1, outfit.lower.base * .55)
    _hanging_folds(figure, outfit.lower, outfit.lower_length, outfit.flare, .2)


def _hanging_folds(figure: Figure, material: Material, length: float,
                   flare: float, top: float) -> None:
    if figure.pose.seated:
        return
    low_left, low_right = hem_points(figure, length, flare)
    left, right = (p[0] for p in figure.trunk_sides([top], .02))
    for k in (.2, .42, .6, .83):
        start, end = left + (right - left) * k, low_left + (low_right -
                                                            low_left) * k
        fold = np.stack([start + (end - start) * .35, end])
        figure.stroke(fold, .03, material.base * .7)


def draw_dress(figure: Figure, outfit: Outfit) -> None:
    """Draw a dress without its sleeves: one cloth from chest to hem.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Cloth, neckline, length and flare.
    """
    levels = [v for v in TRUNK_LEVELS if v > .2]
    left, right = figure.trunk_sides(levels, .03)
    edge = neck_edge(figure, outfit.neckline, outfit.v_neck, .03)
    bodice = np.concatenate([edge, right, left[::-1]])
    skirt = skirt_shape(figure, .34, outfit.lower_length, outfit.flare)
    figure.shadow([bodice, skirt], .4)
    figure.fill(Part.DRESS, [bodice, skirt],
                figure.trunk_brush(outfit.top, 1 + .6 * outfit.flare))
    figure.stroke(edge, .04, outfit.top.base * .6)
    waist = figure.trunk_sides([.34], .03)
    figure.stroke(np.concatenate(waist), .04, outfit.top.base * .6)
    _hanging_folds(figure, outfit.top, outfit.lower_length, outfit.flare, .3)
