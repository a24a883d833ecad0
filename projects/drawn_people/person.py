# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""One whole person: one table of garments, and which layers cover which."""
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple

import numpy as np

from . import heads, shapes
from .body import Build, Pose, sample_build, sample_pose, solve
from .canvas import Canvas
from .figure import Figure, Garment, Look, Spot
from .labels import Part
from .outfit import Outfit, sample_outfit

_ARMS, _LEGS = (Part.LEFT_ARM, Part.RIGHT_ARM), (Part.LEFT_LEG, Part.RIGHT_LEG)
_SHOES, _TOP = (Part.LEFT_SHOE, Part.RIGHT_SHOE), Part.UPPER_CLOTHES
# yapf: disable
#: Layers of each region of the body, inner ones first, as of :class:`Garment`.
GARMENTS: Dict[str, Tuple[Tuple, ...]] = {
    'arm': (
        ('skin', _ARMS, 'hand', 0, 'gloves'),
        ('skin', _ARMS, 'tube', .3, '', 'arm', 0, 2),
        ('gloves', Part.GLOVE, 'hand'),
        ('gloves', Part.GLOVE, 'tube', 0, '', 'arm', 1.58, 2, .05, .02),
        ('top', _TOP, 'tube', 0, 'coat', 'arm', 0, None, .04, .03),
        ('dress', Part.DRESS, 'tube', 0, 'coat', 'arm', 0, None, .04, .03),
        ('coat', Part.COAT, 'tube', .35, '', 'arm', 0, None, .06, .04)),
    'leg': (
        ('skin', _LEGS, 'tube', .3, '', 'leg', 0, 2),
        ('socks', Part.SOCKS, 'tube', 0, '', 'leg', None, 2, .03),
        ('shoes', _SHOES, 'shoe'),
        ('pants', Part.PANTS, 'tube', .3, '', 'trousers', 0, None, .01)),
    'seat': (('pants', Part.PANTS, 'trunk', 0, '', 'trunk', .24, -.1, .03), ),
    'trunk': (
        ('skin', Part.TORSO_SKIN, 'trunk', 0, '', 'trunk', 1, .1),
        ('skin', Part.TORSO_SKIN, 'neck'),
        ('top', _TOP, 'trunk', .35, '', 'trunk', .96, None, .03, .03),
        ('dress', Part.DRESS, 'trunk', .4, '', 'trunk', .96, None, .03, .02),
        ('skirt', Part.SKIRT, 'trunk', .4, '', 'trunk', .3, None, .05),
        ('coat', Part.COAT, 'coat', .45, '', 'trunk', .96, None, .06, .07)),
    'head': (
        ('scarf', Part.SCARF, 'scarf', .45), ('skin', Part.FACE, 'ears', .3),
        ('hair', Part.HAIR, 'cap'), ('skin', Part.FACE, 'face'),
        ('hair', Part.HAIR, 'locks')),
    'back hair': (('hair', Part.HAIR, 'back_hair', .3), ),
    'hat': (('sunglasses', Part.SUNGLASSES, 'sunglasses'),
            ('hat', Part.HAT, 'hat', .4)),
}
# yapf: enable


@dataclass(frozen=True)
class Person:
    """Body and clothes, which stay the same, and a pose to begin with."""
    build: Build
    outfit: Outfit
    pose: Pose

    def extent(self, tilt: float) -> Tuple[float, float]:
        """Hips and crown above the soles in its own pose, heads."""
        skeleton = solve(self.build, self.pose, tilt)
        crown = skeleton.skull[1] - .6 * self.build.head
        return skeleton.ground, skeleton.ground - crown


def sample_person(rng: np.random.Generator) -> Person:
    """Body, clothes and pose; everything comes from ``rng``."""
    build = sample_build(rng)
    return Person(build, sample_outfit(rng, build.female), sample_pose(rng))


def paint_person(canvas: Canvas,
                 person: Person,
                 spot: Spot,
                 number: int,
                 light: np.ndarray,
                 tilt: float,
                 pose: Optional[Pose] = None) -> Figure:
    """Paint a person with its labels; returns the body as it was painted.

    Args:
        number (int): Human id, from 1.
        light (np.ndarray): Direction towards the light on the screen, (2, ),
            length up to 1.
        tilt (float): How far the camera looks down, radians.
        pose (Pose, optional): What it does now. Defaults to None: the
            person's own pose. Clothes and body stay the same in any.
    """
    figure = Figure(canvas, person.build, pose or person.pose, spot, number,
                    light, tilt)
    for region, i in _order(figure, person.outfit):
        for row in (Garment(*row) for row in GARMENTS[region]):
            if row.cloth in person.outfit and row.below not in person.outfit:
                _paint_layer(figure, person.outfit, row, i)
    return figure


def _paint_layer(figure: Figure, outfit: Outfit, row: Garment, i: int) -> None:
    worn = outfit[row.cloth]
    part = row.part[i] if isinstance(row.part, tuple) else row.part
    start, stop = (
        worn.ends[row.chain] if value is None else value
        for value in (row.start, row.stop))
    outline = getattr(shapes, row.shape, None) or getattr(heads, row.shape)
    for piece in outline(Look(figure, outfit, worn, row, start, stop, i)):
        figure.paint(piece, worn.material, part, row.shadow)


def _order(figure: Figure, outfit: Outfit) -> List[Tuple[str, int]]:
    """Regions from far to near."""
    skeleton, hair = figure.skeleton, [('back hair', 0)]
    depth = skeleton.arms[:, 1:, 2].mean(axis=1) + 1.4 * skeleton.torso[2, 1]
    arms = [('arm', int(i)) for i in np.argsort(depth)]
    behind = [arm for arm in arms if depth[arm[1]] < -.22]
    legs = [('leg', int(i)) for i in np.argsort(skeleton.legs[:, 1, 2])]
    legs, trunk = [*legs, ('seat', 0)], ('trunk', 0)
    back = figure.head_depth(0.) < -.1
    lap = figure.pose.seated and figure.facing() > .35 and 'pants' in outfit
    return [
        *([] if back else hair), *behind, *([trunk] if lap else []), *legs,
        *([] if lap else [trunk]), ('head', 0), *(hair if back else []),
        ('hat', 0), *(arm for arm in arms if arm not in behind)
    ]
