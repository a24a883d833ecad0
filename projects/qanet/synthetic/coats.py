# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Coats and jackets, open or buttoned, seen from all sides."""
from typing import List

import numpy as np

from .figure import Figure
from .garments import TRUNK_LEVELS, draw_buttons, hem_points
from .labels import Part
from .outfits import Outfit


def draw_coat(figure: Figure, outfit: Outfit) -> None:
    """Draw a coat without its sleeves, open or buttoned.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Cloth, length and whether it is open.
    """
    if figure.pose.seated:
        low_left, low_right = (
            side[0] for side in figure.trunk_sides([-.14], .16))
    else:
        low_left, low_right = hem_points(figure, outfit.coat_length, .16)
    left, right = figure.trunk_sides(
        TRUNK_LEVELS, np.interp(TRUNK_LEVELS, [0., .5, 1.], [.13, .1, .06]))
    # The front edge turns with the body, towards one side of the hem.
    turn = .5 * figure.skeleton.torso[0, 2]
    front = (low_left + low_right) / 2 + (low_right - low_left) * turn
    brush = figure.trunk_brush(outfit.coat, 1.15)
    if figure.facing() < .1:
        shape = np.concatenate([
            figure.trunk([1., 1.02, 1.], [np.pi - 1.2, np.pi, np.pi + 1.2],
                         .05), right, [low_right, low_left], left[::-1]
        ])
        figure.shadow([shape], .4)
        figure.fill(Part.COAT, [shape], brush)
        if figure.facing() < -.3:
            seam = np.stack(
                [figure.trunk(.2, np.pi, .1)[0], (low_left + low_right) / 2])
            figure.stroke(seam, .03, outfit.coat.base * .55)
        return
    gap = .42 if outfit.coat_open else .0
    edges = _front_edges(figure, front, low_right - low_left, gap)
    panels = [
        np.concatenate([edges[0], [low_left], left[::-1]]),
        np.concatenate([edges[1], [low_right], right[::-1]])
    ]
    figure.shadow(panels, .45)
    figure.fill(Part.COAT, panels, brush)
    _coat_front(figure, outfit, edges)


def _front_edges(figure: Figure, front: np.ndarray, span: np.ndarray,
                 gap: float) -> List[np.ndarray]:
    """The two front edges of a coat from neck to hem, px."""
    levels = np.array([.99, .9, .7, .45, .2, 0.])
    # Even a buttoned coat shows a V below the neck.
    opening = np.array([.55, .4, .12, 0., 0., 0.
                        ]) + gap * np.array([.3, .6, .8, .9, 1., 1.])
    edges = []
    for sign in (-1, 1):
        upper = figure.trunk(levels, sign * opening, .08)
        foot = front + sign * span * gap * .26
        edges.append(np.concatenate([upper, foot[None]]))
    return edges


def _coat_front(figure: Figure, outfit: Outfit,
                edges: List[np.ndarray]) -> None:
    """Lapels, edges and buttons."""
    light, dark = outfit.coat.base * 1.25 + 14, outfit.coat.base * .5
    for sign, edge in zip((-1, 1), edges):
        # The lapel folds outwards between the neck and the second button.
        outer = figure.trunk([.97, .86, .8], sign * np.array([.95, 1.1, .75]),
                             .08)
        lapel = np.concatenate([edge[:4], outer[::-1]])
        figure.canvas.tint([lapel], np.clip(light, 0, 255), .75,
                           figure.code(Part.COAT))
        figure.stroke(np.concatenate([outer, edge[3:4]]), .025, dark)
        figure.stroke(edge, .025, dark)
    if not outfit.coat_open:
        line = edges[1]
        spots = [line[3] * (1 - t) + line[-1] * t for t in (0., .3, .6)]
        draw_buttons(figure, np.array(spots), dark * .6)
    pockets = figure.trunk([.1, .1], [-1., -.6], .12)
    figure.stroke(pockets, .03, dark)
    figure.stroke(figure.trunk([.1, .1], [.6, 1.], .12), .03, dark)
