# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""One whole person: in which order its layers cover each other."""
from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np

from .body import Build, Pose, sample_build, sample_pose, solve
from .canvas import Canvas
from .figure import Figure, Spot
from .garments import paint_region
from .outfit import Outfit, sample_outfit


@dataclass(frozen=True)
class Person:
    """Body and clothes, which stay the same, and a pose to begin with.

    Attributes:
        build (Build): Proportions.
        outfit (Outfit): Clothes and looks.
        pose (Pose): What it does unless another pose is given.
    """
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
        canvas (Canvas): Where to draw.
        person (Person): Who.
        spot (Spot): Where, and how large.
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
        paint_region(figure, person.outfit, region, i)


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
