# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Outlines of face, hair and hats, each a function of the look."""
from typing import List

import numpy as np

from .figure import HEAD_Y, Look, Piece
from .geometry import ellipse, hull_around, smooth, strip
from .labels import Limb

_LONG = ('long', 'bob')
# yapf: disable
#: Eyes, brows, cheeks, nose and mouth, which stay labelled as face: azimuths
#: and elevations in degrees, width of a line or half axes of a blob in heads,
#: whose colour and times what, opacity, and whether both sides have it.
FEATURES = (
    ((25, ), (-1, ), (.07, .034), 'white', (.88, .9, .92), .75, True),
    ((25, ), (-1, ), (.034, .036), 'white', (.16, .14, .12), .95, True),
    ((12, 26, 40), (11, 14, 10), .03, 'hair', .7, 1, True),
    ((34, ), (-29, ), (.1, .08), 'skin', (.85, .85, 1), .3, True),
    ((7, 9, 8, -5), (1, -14, -26, -28), .022, 'skin', .72, 1, False),
    ((-20, -7, 0, 7, 20), (-44, -46, -45, -46, -44), .055, 'skin',
     (.55, .55, .8), 1, False),
    ((-20, -7, 0, 7, 20), (-44, -46, -45, -46, -44), .02, 'skin',
     (.3, .3, .5), 1, False),
)
#: Right halves of outlines on the head, azimuth and elevation in degrees.
CHEEK = np.array([(74, 12), (84, -12), (86, -36), (84, -58), (62, -72)])
LENS = np.array([(6, 17), (30, 21), (58, 15), (55, -17), (34, -24), (12, -16)])
TEMPLE = np.array([(50, 12), (92, 10), (92, 3), (50, 4)])
LOCK = np.array([(40, 72, 88), (43, 17, -29)])
BRIDGE = np.array([(-12, 11), (12, 11), (12, 2), (-12, 2)])
#: How far hair stands off the skull, as a factor.
_PUFF = {'buzz': 1.03, 'curly': 1.24, 'short': 1.1}
# yapf: enable


def neck(look: Look) -> List[Piece]:
    """The neck, in the shadow of the chin."""
    figure, scale = look.figure, look.figure.scale
    skeleton = figure.skeleton
    top, base = figure.pixels([skeleton.skull, skeleton.neck])
    base = base + [0, .12 * scale]
    radius = .19 * figure.build.limbs**.6 * figure.build.head
    half = np.array([1, 1, 1.5]) * radius * scale
    shape = strip(np.linspace(top, base, 3), half)
    chin = ellipse(top + [0, .3 * scale], (.3 * scale, .34 * scale))
    axis = figure.axis(top, base, radius * 1.3, Limb.TRUNK, (1.2, 1))
    return [Piece([shape], axis, [(chin, look.dark(.45), .4)])]


def back_hair(look: Look) -> List[Piece]:
    """What falls behind the neck."""
    figure, style, scale = look.figure, look.worn.style, look.figure.scale
    if style not in _LONG:
        return []
    end, skull = figure.pixels([figure.skeleton.neck, figure.skeleton.skull])
    low = end[1] - skull[1] + (.05 if style == 'bob' else .55) * scale
    width = np.array([.3, .43, .46, .3]) * figure.build.head * scale
    height = np.array([-.45, -.1, low / scale - .25, low / scale]) * scale
    half = np.stack([width, height], axis=1)
    shape = np.concatenate([half, half[::-1] * [-1, 1]]) + skull
    return [Piece([smooth(shape, closed=True)], figure.skull())]


def ears(look: Look) -> List[Piece]:
    """Those that can be seen."""
    figure = look.figure
    size, shapes = np.array([.075, .13]) * figure.scale * figure.build.head, []
    for side in (-1, 1):
        if figure.head_depth(side * 90) >= -.35:
            spot = figure.head_points(side * 95, -5, 1.06)[0]
            shapes.append(ellipse(spot, size))
    shade = [figure.head_outline(-90, 1.)]
    return [Piece(shapes, figure.skull(), shade=shade)] if shapes else []


def cap(look: Look) -> List[Piece]:
    """The hair around the skull, down to the ears or the nape."""
    figure, style = look.figure, look.worn.style
    low = -20. if figure.head_depth(0) > -.1 else -52.
    if style in (*_LONG, 'curly'):
        low = min(low, -38.)
    rim = figure.head_outline(low, _PUFF.get(style, 1.12))
    shapes = [rim]
    if style == 'curly':
        hidden = range(5, 13) if 'hat' in look.outfit else ()
        curls = np.delete(rim, list(hidden), 0)
        size = (.1 * figure.scale, ) * 2
        shapes += [ellipse(p, size, num=9) for p in curls]
    return [Piece(shapes, figure.skull())]


def face(look: Look) -> List[Piece]:
    """The face below the hairline, both cheeks down to the chin."""
    figure, outfit = look.figure, look.outfit
    if figure.head_depth(0) <= -.1:
        return []
    hair, skin = outfit['hair'], outfit['skin'].material.base
    line = 62 if hair.style == 'buzz' else 46 - 22 * hair.depth
    side = np.array([(0, line), (30, line + 2), (56, line - 8), *CHEEK])
    contour = np.concatenate([side, [(0, -80)], side[:0:-1] * [-1, 1]])
    colors = dict(skin=skin, hair=hair.material.base, white=255.)
    piece = Piece([figure.head_points(*contour.T)], figure.skull())
    unit = figure.scale * figure.build.head
    for azimuths, elevations, size, whose, times, opacity, twice in FEATURES:
        color = np.broadcast_to(colors[whose], 3) * times
        for side in (-1, 1) if twice else (1, ):
            if figure.head_depth(24 * side * twice) < (.35 if twice else .1):
                continue
            points = figure.head_points(side * np.array(azimuths), elevations)
            if isinstance(size, tuple):
                blob = ellipse(points[0], np.array(size) * unit)
                piece.patches.append((blob, color, opacity))
            else:
                piece.lines.append(([points], size, color))
    return [piece]


def locks(look: Look) -> List[Piece]:
    """Long hair that falls on both sides of the face."""
    figure, style, shapes = look.figure, look.worn.style, []
    if style not in _LONG or figure.head_depth(0) <= -.1:
        return []
    along = np.linspace(0, 1, 10)
    radii = np.interp(along, [0, .3, .8, 1], [.05, .12, .12, .03])
    for side in (-1, 1):
        if figure.head_depth(side * 80) >= -.5:
            head = figure.head_points(side * LOCK[0], LOCK[1], 1.08)
            tip = figure.trunk(.88 if style == 'bob' else .58, side, .1)
            curve = smooth([*head, *tip], 3)
            shapes.append(strip(curve, radii * figure.scale))
    return [Piece(shapes, figure.skull())] if shapes else []


def sunglasses(look: Look) -> List[Piece]:
    """Two large lenses, bridge and temples."""
    figure, shapes = look.figure, []
    for side in (-1, 1):
        if figure.head_depth(0) >= .05 and figure.head_depth(side * 28) >= .12:
            lens, temple, bridge = (
                figure.head_points(*(contour * [side, 1]).T, 1.05)
                for contour in (LENS, TEMPLE, BRIDGE))
            shapes += [smooth(lens, 3, True), temple, bridge]
    return [Piece(shapes, figure.skull())] if shapes else []


def hat(look: Look) -> List[Piece]:
    """A cap with a visor, a beanie, or a hat with a wide brim."""
    figure, style = look.figure, look.worn.style
    low = {'cap': 19, 'beanie': 13, 'brim': 21}[style]
    puff = 1.36 if look.outfit['hair'].style == 'curly' else 1.17
    # The side that the camera sees, image left to right.
    arc = figure.head_front() + np.linspace(-90, 90, 11)
    rim = figure.head_points(arc, low, puff)
    band = figure.head_points(arc, low + 7, puff)
    sides = figure.head_outline(low, puff)
    chain = figure.skull()
    chain.radii = chain.radii * 1.13 * puff
    dome = Piece([np.concatenate([rim, sides[::-1]])], chain)
    if style == 'beanie':
        pom = figure.head_local([[0, -HEAD_Y * 1.28, 0]])[0]
        dome.polygons.append(ellipse(pom, (.13 * figure.scale, ) * 2))
        dome.lines = [([band], .05, look.dark(.55))]
        return [dome]
    y = -HEAD_Y * np.sin(np.deg2rad(low))
    if style == 'brim':
        t = np.linspace(-np.pi, np.pi, 24, endpoint=False)
        ring = np.stack([.72 * np.sin(t), t * 0 + y + .03, .84 * np.cos(t)], 1)
        # Seen edge-on it still has a thickness.
        thick = ellipse((0, 0), (.03 * figure.scale, ) * 2, num=6)
        brim = hull_around([figure.head_local(ring) + p for p in thick])
        dome.lines = [([band], .12, look.worn.material.accent * .8)]
        return [Piece([brim], chain), dome]
    t = np.deg2rad(np.linspace(-62, 62, 9))
    x, z, y = np.sin(t), np.cos(t), np.full(9, 1.1 * y)
    inner = np.stack([.43 * x, y - .02, .5 * z], 1)
    outer = np.stack([.48 * x, y + .03 + .05 * abs(x), .52 + .32 * z], 1)
    contour = np.concatenate([inner, outer[::-1]])
    visor = Piece([figure.head_local(contour)], chain)
    if figure.head_depth(0) <= 0:
        return [visor, dome]
    visor.lines = [([rim[3:-3]], .025, look.dark(.55))]
    return [dome, visor]
