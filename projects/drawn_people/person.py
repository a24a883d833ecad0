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

_ARMS = (Part.LEFT_ARM, Part.RIGHT_ARM)
_LEGS = (Part.LEFT_LEG, Part.RIGHT_LEG)
_SHOES = (Part.LEFT_SHOE, Part.RIGHT_SHOE)
_TOP = Part.UPPER_CLOTHES
# yapf: disable
#: Layers of each region of the body, inner ones first.
GARMENTS: Dict[str, Tuple[Garment, ...]] = {
    'arm': (
        Garment('skin', _ARMS, 'hand', below='gloves'),
        Garment('skin', _ARMS, 'tube', 'arm', 0., 2., 0., 0., .3),
        Garment('gloves', Part.GLOVE, 'hand'),
        Garment('gloves', Part.GLOVE, 'tube', 'arm', 1.58, 2., .05, .02),
        Garment('top', _TOP, 'tube', 'arm', 0., None, .04, .03, 0, 'coat'),
        Garment('dress', Part.DRESS, 'tube', 'arm', 0., None, .04, .03, 0,
                'coat'),
        Garment('coat', Part.COAT, 'tube', 'arm', 0., None, .06, .04, .35)),
    'leg': (
        Garment('skin', _LEGS, 'tube', 'leg', 0., 2., 0., 0., .3),
        Garment('socks', Part.SOCKS, 'tube', 'leg', None, 2., .03),
        Garment('shoes', _SHOES, 'shoe'),
        Garment('pants', Part.PANTS, 'tube', 'trousers', 0., None, .01, 0.,
                .3)),
    'seat': (
        Garment('pants', Part.PANTS, 'trunk', 'trunk', .24, -.1, .03), ),
    'trunk': (
        Garment('skin', Part.TORSO_SKIN, 'trunk', 'trunk', 1., .1),
        Garment('skin', Part.TORSO_SKIN, 'neck'),
        Garment('top', _TOP, 'trunk', 'trunk', .96, None, .03, .03, .35),
        Garment('dress', Part.DRESS, 'trunk', 'trunk', .96, None, .03, .02,
                .4),
        Garment('skirt', Part.SKIRT, 'trunk', 'trunk', .3, None, .05, 0., .4),
        Garment('coat', Part.COAT, 'coat', 'trunk', .96, None, .06, .07, .45)),
    'head': (
        Garment('scarf', Part.SCARF, 'scarf', shadow=.45),
        Garment('skin', Part.FACE, 'ears', shadow=.3),
        Garment('hair', Part.HAIR, 'cap'),
        Garment('skin', Part.FACE, 'face'),
        Garment('hair', Part.HAIR, 'locks')),
    'back hair': (
        Garment('hair', Part.HAIR, 'back_hair', shadow=.3), ),
    'hat': (
        Garment('sunglasses', Part.SUNGLASSES, 'sunglasses'),
        Garment('hat', Part.HAT, 'hat', shadow=.4)),
}
# yapf: enable


@dataclass(frozen=True)
class Person:
    """Body and clothes, which stay the same, and a pose to begin with."""
    build: Build
    outfit: Outfit
    pose: Pose

    def extent(self, tilt: float) -> Tuple[float, float]:
        """How far hips and crown are above the soles in its own pose, heads.

        ``tilt`` is how far the camera looks down, radians.
        """
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
                 pose: Optional[Pose] = None) -> None:
    """Paint a person with its labels.

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
        for row in GARMENTS[region]:
            if row.cloth in person.outfit and row.below not in person.outfit:
                _paint_layer(figure, person.outfit, row, i)


def _paint_layer(figure: Figure, outfit: Outfit, row: Garment, i: int) -> None:
    """``i`` is 0 for the left and 1 for the right arm or leg."""
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
    skeleton = figure.skeleton
    depth = skeleton.arms[:, 1:, 2].mean(axis=1) + 1.4 * skeleton.torso[2, 1]
    arms = [('arm', int(i)) for i in np.argsort(depth)]
    behind = [arm for arm in arms if depth[arm[1]] < -.22]
    legs = [('leg', int(i)) for i in np.argsort(skeleton.legs[:, 1, 2])]
    lower = [*legs, ('seat', 0)]
    hair = [('back hair', 0)]
    back = figure.head_depth(0.) < -.1
    lap = figure.pose.seated and figure.facing() > .35 and 'pants' in outfit
    return [
        *([] if back else hair), *behind,
        *([] if lap else lower), ('trunk', 0), *(lower if lap else []),
        ('head', 0), *(hair if back else []), ('hat', 0),
        *(arm for arm in arms if arm not in behind)
    ]
