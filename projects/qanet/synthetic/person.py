# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""One whole person: in which order its layers cover each other."""
from dataclasses import dataclass
from typing import Tuple

import numpy as np

from . import accessories, coats, garments, heads
from .canvas import Canvas
from .figure import Figure
from .limbs import draw_arm, draw_leg
from .outfits import Outfit, draw_outfit
from .pose import Build, Pose, Skeleton, draw_build, solve
from .pose_sampling import draw_pose


@dataclass
class Person:
    """A person that has been thought of but not drawn.

    Attributes:
        build (Build): Proportions.
        pose (Pose): Joint angles.
        outfit (Outfit): Clothes and looks.
        skeleton (Skeleton): Joints in heads.
    """
    build: Build
    pose: Pose
    outfit: Outfit
    skeleton: Skeleton

    def head_top(self) -> float:
        """Height of the crown in heads from the hips, negative is up."""
        return float(self.skeleton.skull[1]) - .6 * self.build.head


def invent_person(rng: np.random.Generator, tilt: float) -> Person:
    """Draw body, pose and clothes.

    Args:
        rng (np.random.Generator): Source of all draws.
        tilt (float): Downward look of the camera, radians.

    Returns:
        Person: The person.
    """
    build = draw_build(rng)
    pose = draw_pose(rng, tilt)
    return Person(build, pose, draw_outfit(rng, build.female),
                  solve(build, pose))


def draw_person(canvas: Canvas, person: Person, origin: Tuple[float, float],
                scale: float, number: int, light: Tuple[float, float]) -> None:
    """Draw a person with its labels.

    Args:
        canvas (Canvas): Where to draw.
        person (Person): Who.
        origin (tuple[float, float]): Pixel between the hips.
        scale (float): Pixels per head.
        number (int): Human id, from 1.
        light (tuple[float, float]): Direction towards the light.
    """
    figure = Figure(canvas, person.skeleton, person.build, person.pose, origin,
                    scale, number, light)
    outfit = person.outfit
    behind, before = _sort_arms(person.skeleton)
    back = figure.head_depth(0.) < -.1
    if not back:
        heads.draw_back_hair(figure, outfit)
    for i in behind:
        draw_arm(figure, outfit, i)
    lap = (
        person.pose.seated and figure.facing() > .35
        and outfit.lower_kind in ('pants', 'shorts'))
    if not lap:
        _draw_lower(figure, outfit)
    _draw_trunk(figure, outfit)
    if outfit.coat is not None:
        coats.draw_coat(figure, outfit)
    if lap:
        _draw_lower(figure, outfit)
    accessories.draw_scarf(figure, outfit)
    heads.draw_head(figure, outfit)
    if back:
        heads.draw_back_hair(figure, outfit)
    accessories.draw_glasses(figure, outfit)
    accessories.draw_hat(figure, outfit)
    for i in before:
        draw_arm(figure, outfit, i)
    accessories.draw_bag(figure, outfit)


def _sort_arms(skeleton: Skeleton) -> Tuple[list, list]:
    """Arms behind and in front of the trunk, each far ones first."""
    depth = skeleton.arms[:, 1:, 2].mean(axis=1)
    depth = depth - skeleton.torso[2, 1] * -1.4
    order = [int(i) for i in np.argsort(depth)]
    behind = [i for i in order if depth[i] < -.22]
    return behind, [i for i in order if i not in behind]


def _draw_lower(figure: Figure, outfit: Outfit) -> None:
    """Legs, far one first, and what hangs around them."""
    knees = figure.skeleton.legs[:, 1, 2]
    for i in np.argsort(knees):
        draw_leg(figure, outfit, int(i))
    if outfit.lower_kind in ('pants', 'shorts'):
        garments.draw_seat(figure, outfit)


def _draw_trunk(figure: Figure, outfit: Outfit) -> None:
    """Skin and clothes of the trunk, inner ones first."""
    garments.draw_skin_trunk(figure, outfit)
    heads.draw_neck(figure, outfit)
    if outfit.lower_kind == 'dress':
        garments.draw_dress(figure, outfit)
    elif outfit.lower_kind == 'skirt':
        garments.draw_top(figure, outfit)
        garments.draw_skirt(figure, outfit)
    else:
        garments.draw_top(figure, outfit)
