# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Outlines of clothes, limbs and shoes, each a function of the look."""
from typing import List

import numpy as np

from .figure import Look, Piece
from .geometry import ellipse, hull_around, smooth, strip, unit
from .labels import Limb

# yapf: disable
#: Lines around the trunk: level on the spine, width in heads, darkness.
_SEAMS = {'dress': (.34, .04, .6), 'skirt': (.27, .1, .55),
          'pants': (.215, .09, .4)}
#: Prints on the front: levels, azimuths in radians, opacity.
_AROUND = np.linspace(0, 2 * np.pi, 12, endpoint=False)
_TIE = np.array([(.9, -.04), (.86, -.07), (.7, -.1), (.42, -.14), (.36, -.1),
                 (.36, .1), (.42, .14), (.7, .1), (.86, .07), (.9, .04)])
_PRINTS = {'logo': (.68 + .1 * np.sin(_AROUND), .38 * np.cos(_AROUND), .8),
           'tie': (*_TIE.T, .95)}
#: Heights on the spine where outlines of clothes have corners.
_LEVELS = (.96, .91, .83, .72, .56, .4, .26, .12, 0.)
#: Azimuths of the front edge of a buttoned coat and of its lapels.
_COLLAR, _LAPEL = np.array([.55, .4, .12, 0, 0, 0]), np.array([.95, 1.1, .75])
# yapf: enable


def tube(look: Look) -> List[Piece]:
    """Skin, sleeves, socks and trouser legs."""
    row, scale = look.row, look.figure.scale
    if look.stop <= look.start:
        return []
    flare = look.worn.flare if row.chain == 'trousers' else row.flare
    whole, start = look.figure.limb(row.chain, look.i), look.start
    arm, skin = row.chain == 'arm', row.cloth == 'skin'
    cover = 'arm' if arm else 'trousers'
    if skin and max(w.ends.get(cover, 0) for w in look.outfit.values()) > 1.5:
        start = 1.5  # the rest is hidden
    chain = whole.cut(start, look.stop, row.ease * scale, flare * scale)
    # No shadow at the joint itself, where limb and body are one.
    low = whole.cut(min(start + .5, look.stop - .2), look.stop)
    polygons = chain.outline(skin or row.cloth == 'socks')
    piece = Piece(polygons, chain.bones(), shade=low.outline())
    piece.joined = arm and start == 0
    if arm and not skin:
        end, before = chain.points[-1], low.points[0]
        along = unit(end - before)
        across = np.array([-along[1], along[0]]) * chain.radii[-1]
        cuff = np.stack([end - across, end + across]) - along * .04 * scale
        piece.lines.append(([cuff], .03, look.dark(.62)))
    return [piece]


def hand(look: Look) -> List[Piece]:
    """Palm, fingers and the thumb on the side of the body."""
    figure, skeleton = look.figure, look.figure.skeleton
    scale = 1.1 * figure.scale * figure.build.limbs**.5
    elbow, wrist, tip = figure.pixels(skeleton.arms[look.i, 1:])
    reach = np.hypot(*(tip - wrist))
    along = unit(tip - wrist if reach > .2 * scale else wrist - elbow)
    length = max(reach, .34 * scale)
    across = np.array([-along[1], along[0]])
    across *= np.sign(across @ (figure.pixels(skeleton.neck) - wrist))
    knuckle, end = wrist + along * length * .5, wrist + along * length
    root = wrist + along * length * .25 + across * .1 * scale
    thumb = root + (along * .3 + across * .14) * scale
    grow = scale * (1.3 if look.row.cloth == 'gloves' else 1.)
    shapes = []
    for a, b, radii in ((wrist, knuckle, (.1, .15, .155)),
                        (knuckle, end, (.15, .145, .12, .06)),
                        (root, thumb, (.07, .065, .04))):
        middle = np.linspace(a, b, len(radii))
        shapes.append(strip(middle, np.array(radii) * grow))
    finger = np.stack([knuckle, end - along * .08 * scale])
    fingers = [finger + across * k * scale for k in (-.065, 0., .065)]
    lines = [(fingers, .015, look.dark(.72))]
    axis = figure.axis(wrist, end, .2, Limb.LEFT_ARM + look.i, (2, 3))
    return [Piece(shapes, axis, lines=lines)]


def shoe(look: Look) -> List[Piece]:
    """Three round cross-sections wrapped in one outline, and a shaft."""
    figure, scale, style = look.figure, look.figure.scale, look.worn.style
    spots = figure.pixels(figure.skeleton.feet[look.i])
    radii = np.array([.17, .21, .165]) * scale
    if style == 'pump':
        radii *= .82
    circles = [ellipse(p, (r, r * .9)) for p, r in zip(spots, radii)]
    sole = hull_around(circles)
    shapes = [sole]
    if style != 'pump':
        top = 1.55 if style == 'boot' else 1.9
        shaft = figure.limb('leg', look.i).cut(top, 2., .035 * scale)
        instep = ellipse(spots[1], (radii[1] * .6, ) * 2)
        ankle = ellipse(shaft.points[-1], (shaft.radii[-1] * 1.1, ) * 2)
        shapes += [*shaft.outline(), hull_around([ankle, circles[0], instep])]
    # The sole is a band along the lower edge.
    ends = sole[[sole[:, 0].argmin(), sole[:, 0].argmax()]]
    lower = sole[sole[:, 1] > np.interp(sole[:, 0], *ends.T) + .02 * scale]
    lower = lower[lower[:, 0].argsort()] - [0., .03 * scale]
    white = style == 'white'
    line = [lower], .06, np.full(3, 225.) if white else look.dark(.4)
    limb = Limb.LEFT_LEG + look.i
    chain = figure.axis(spots[0], spots[2], .24, limb, (2, 3))
    return [Piece(shapes, chain, lines=[line])]


def _flanks(look: Look) -> List[np.ndarray]:
    """Outlines at image left and right from the upper to the lower edge."""
    figure, row = look.figure, look.row
    low = max(look.stop, -.14)
    levels = [v for v in _LEVELS if low + .04 < v < look.start - .02]
    levels = np.array([look.start, *levels, low])
    sides = figure.trunk_sides(levels, row.ease + row.flare * (1 - levels))
    if look.stop >= -.2 or figure.pose.seated:
        return list(sides)
    # Cloth that hangs around both legs.
    cuts = [figure.limb('leg', k).cut(0., -look.stop) for k in range(2)]
    ends = np.array([(*cut.points[-1], cut.radii[-1]) for cut in cuts])
    flanks = []
    for sign, side in zip((-1, 1), sides):
        x, y, radius = max(ends, key=lambda end: sign * end[0] + end[2])
        x += sign * (radius + look.worn.flare * figure.scale)
        corner = x, .6 * ends[:, 1].max() + .4 * y
        flanks.append(smooth([*side, corner], 3))
    return flanks


def trunk(look: Look) -> List[Piece]:
    """Tops, dresses, skirts, the seat of trousers, and skin."""
    figure, row, worn = look.figure, look.row, look.worn
    left, right = _flanks(look)
    piece = Piece([], figure.spine(1 + .8 * worn.flare))
    edge, lower = left[:0], left[:0]
    if worn.depth and look.start == .96:
        t = np.linspace(-1, 1, 9)
        shape = 1 - np.abs(t) if worn.pointed else 1 - t**2
        front = figure.facing() > -.2
        edge = figure.trunk(.985 - (worn.depth if front else .03) * shape,
                            t * 1.35 + (0 if front else np.pi), row.ease / 2)
        piece.lines.append(([edge], .04, look.dark(.6)))
    if row.cloth == 'pants':
        hips = figure.pixels(figure.skeleton.legs[:, 0])
        hips = hips[np.argsort(-hips[:, 0])]
        lower = np.insert(hips, 1, hips.mean(axis=0), axis=0)
        lower += np.array([(0, .22), (0, .34), (0, .22)]) * figure.scale
    elif look.stop < -.2 and figure.pose.seated:
        lap = [left[-3:], right[-3:]]
        for k in range(2):
            thigh = figure.limb('leg', k).cut(0., .95, .06 * figure.scale)
            lap += thigh.outline()
        piece.polygons.append(hull_around(lap))
    elif look.stop < -.2:
        sag = (left[-1] + right[-1]) / 2 + [0, .1 * figure.scale]
        lower = smooth([right[-1], sag, left[-1]])
        upper, end = left[[-4, -1]], right[[-4, -1]]
        folds = [upper + (end - upper) * k for k in (.2, .42, .6, .83)]
        piece.lines.append((folds, .03, look.dark(.7)))
    elif row.cloth == 'top':
        hem = np.stack([left[-1], right[-1]])
        piece.lines.append(([hem], .03, look.dark(.6)))
    if row.cloth in _SEAMS:
        level, width, share = _SEAMS[row.cloth]
        (a, ), (b, ) = figure.trunk_sides([level], .05)
        seam = smooth([a, figure.trunk(level, 0., .03)[0], b])
        piece.lines.append(([seam], width, look.dark(share)))
    if worn.style in _PRINTS and figure.facing() > .2:
        levels, azimuths, opacity = _PRINTS[worn.style]
        shape = figure.trunk(levels, azimuths, .05)
        piece.patches.append((shape, worn.material.accent, opacity))
    piece.polygons.append(np.concatenate([edge, right, lower, left[::-1]]))
    return [piece]


def coat(look: Look) -> List[Piece]:
    """A coat, open or buttoned, seen from all sides."""
    figure, worn = look.figure, look.worn
    left, right = _flanks(look)
    low, span = (left[-1] + right[-1]) / 2, right[-1] - left[-1]
    piece = Piece([], figure.spine(1.15))
    if figure.facing() < .1:
        collar = np.pi + np.array([-1.2, 0., 1.2])
        back = figure.trunk([1., 1.02, 1.], collar, .05)
        piece.polygons.append(np.concatenate([back, right, left[::-1]]))
        return [piece]
    gap = .42 if worn.style == 'open' else 0.
    # The front edge turns with the body, towards one side of the hem.
    front = low + span * .5 * figure.skeleton.torso[0, 2]
    # Even a buttoned coat shows a V below the neck.
    opening = _COLLAR + gap * np.array([.3, .6, .8, .9, 1., 1.])
    for sign, flank in ((-1, left), (1, right)):
        upper = figure.trunk([.99, .9, .7, .45, .2, 0.], sign * opening, .08)
        edge = np.array([*upper, front + sign * span * gap * .26])
        piece.polygons.append(np.concatenate([edge, flank[::-1]]))
        # The lapel folds outwards between the neck and the waist.
        outer = figure.trunk([.97, .86, .8], sign * _LAPEL, .08)
        lapel = np.concatenate([edge[:4], outer[::-1]])
        piece.patches.append((lapel, look.dark(1.25) + 14, .75))
        curves = [edge, np.array([*outer, edge[3]])]
        piece.lines.append((curves, .025, look.dark(.5)))
    return [piece]


def scarf(look: Look) -> List[Piece]:
    """A scarf around the neck with one or two ends."""
    figure, scale = look.figure, look.figure.scale
    base, lean = figure.pixels(figure.skeleton.neck), figure.pose.lean
    top, low = base - [0, .3 * scale], base + [0, scale]
    piece = Piece([], figure.axis(top, low, .42, Limb.TRUNK, (1.13, .57)))
    back = 0. if figure.facing() > 0 else np.pi
    tails = ((-1, .6), (1, .45))
    for sign, length in tails[:2 if look.worn.style == 'long' else 1]:
        azimuths = sign * np.array([.24, .3]) + back
        ends = figure.trunk([.93, .93 - length], azimuths, .1)
        radii = np.array([.14, .17, .18, .17]) * scale
        piece.polygons.append(strip(np.linspace(*ends, 4), radii))
    arc, size = (.2, np.pi - .2), (.36 * scale, .13 * scale)
    folds = [
        ellipse(base + [0, k * scale], size, lean, arc, 9)
        for k in (-.15, -.01)
    ]
    piece.lines.append((folds, .028, look.dark(.5)))
    middle = base - [0, .04 * scale]
    piece.polygons.append(ellipse(middle, (.44 * scale, .24 * scale), lean))
    return [piece]
