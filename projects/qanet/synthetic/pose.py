# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Bodies and poses: joint angles to joints as the camera sees them.

Lengths are heads. The body frame has x to the person's own left, y down and
z to the front; the view frame has x to the right of the image, y down and z
towards the camera. With yaw 0 they coincide: the person faces the camera and
its left side is at image right. Index 0 is always the left limb, 1 the right.
"""
from dataclasses import dataclass
from typing import Tuple

import numpy as np

#: Sign of x of the left and of the right side in the body frame.
SIDES = (1., -1.)

SPINE, SHOULDER_LEVEL = 2.3, .85
UPPER_ARM, FOREARM, HAND = 1.32, 1.12, .62
THIGH, SHIN, ANKLE = 1.72, 1.62, .26


@dataclass
class Build:
    """Proportions of one body, half widths in heads.

    Attributes:
        female (bool): Chooses waist, hip and hair habits.
        shoulder (float): Middle of the spine to the shoulder joint.
        chest (float): Half width of the chest.
        waist (float): Half width of the waist.
        hips (float): Half width of the hips.
        limbs (float): Factor on the thickness of arms and legs.
        legs (float): Factor on the length of the legs.
        head (float): Factor on the size of the head.
    """
    female: bool
    shoulder: float
    chest: float
    waist: float
    hips: float
    limbs: float
    legs: float
    head: float


@dataclass
class Pose:
    """Angles in radians; pairs and rows are left, right.

    Attributes:
        yaw (float): Turn of the body, 0 faces the camera, positive to image
            right, pi shows the back.
        tilt (float): How far the camera looks down.
        lean (float): Sideways lean of the torso.
        bend (float): Forward bend of the torso.
        head_yaw (float): Turn of the head against the body.
        head_roll (float): Sideways tilt of the head.
        upper_arms (np.ndarray): (2, 2) abduction and flexion of each arm.
        forearms (np.ndarray): (2, 2) the same for the forearms.
        thighs (np.ndarray): (2, 2) the same for the thighs.
        knees (np.ndarray): (2, ) bend of each knee.
        seated (bool): Somebody should draw a seat.
    """
    yaw: float
    tilt: float
    lean: float
    bend: float
    head_yaw: float
    head_roll: float
    upper_arms: np.ndarray
    forearms: np.ndarray
    thighs: np.ndarray
    knees: np.ndarray
    seated: bool = False


@dataclass
class Skeleton:
    """Joints in the view frame, heads, origin between the hips.

    Attributes:
        torso (np.ndarray): (3, 3) torso frame to view frame.
        head (np.ndarray): (3, 3) head frame to view frame.
        neck (np.ndarray): (3, ) base of the neck.
        skull (np.ndarray): (3, ) centre of the head.
        arms (np.ndarray): (2, 4, 3) shoulder, elbow, wrist, finger tips.
        legs (np.ndarray): (2, 3, 3) hip, knee, ankle.
        feet (np.ndarray): (2, 3, 3) heel, ball, toe.
        ground (float): y of the lowest sole.
    """
    torso: np.ndarray
    head: np.ndarray
    neck: np.ndarray
    skull: np.ndarray
    arms: np.ndarray
    legs: np.ndarray
    feet: np.ndarray
    ground: float


def about_x(angle: float) -> np.ndarray:
    """Rotation that brings y (down) towards z (front).

    Args:
        angle (float): Angle in radians.

    Returns:
        np.ndarray: Matrix of shape (3, 3) for column vectors.
    """
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def about_y(angle: float) -> np.ndarray:
    """Rotation that brings z (front) towards x.

    Args:
        angle (float): Angle in radians.

    Returns:
        np.ndarray: Matrix of shape (3, 3) for column vectors.
    """
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def about_z(angle: float) -> np.ndarray:
    """Rotation that brings x towards y, clockwise on the screen.

    Args:
        angle (float): Angle in radians.

    Returns:
        np.ndarray: Matrix of shape (3, 3) for column vectors.
    """
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def limb_direction(side: float, abduction: float,
                   flexion: float) -> np.ndarray:
    """Unit vector of a hanging limb that is moved outwards and forwards.

    Args:
        side (float): 1 for left, -1 for right.
        abduction (float): Outwards, radians; above pi/2 the limb is raised.
        flexion (float): Forwards, radians.

    Returns:
        np.ndarray: Vector of shape (3, ) in the body frame.
    """
    down = np.cos(abduction)
    return np.array([
        side * np.sin(abduction), down * np.cos(flexion),
        np.abs(down) * np.sin(flexion)
    ])


def draw_build(rng: np.random.Generator) -> Build:
    """Draw the proportions of an adult or, now and then, of a child.

    Args:
        rng (np.random.Generator): Source of all draws.

    Returns:
        Build: The body.
    """
    female = bool(rng.random() < .5)
    stout = rng.uniform(.9, 1.2)
    child = rng.random() < .12
    widths = (.6, .6, .47, .66) if female else (.74, .7, .6, .62)
    if child:
        widths = tuple(w * .88 for w in widths)
    shoulder, chest, waist, hips = widths
    return Build(
        female=female,
        shoulder=shoulder * rng.uniform(.96, 1.05),
        chest=chest * stout,
        waist=waist * stout**1.6,
        hips=hips * stout,
        limbs=(1.02 if female else 1.15) * stout**.7,
        legs=.8 if child else rng.uniform(.96, 1.06),
        head=1.28 if child else rng.uniform(1.15, 1.24))


def solve(build: Build, pose: Pose) -> Skeleton:
    """Place all joints.

    Args:
        build (Build): Proportions.
        pose (Pose): Angles.

    Returns:
        Skeleton: Joints in the view frame.
    """
    view = about_x(-pose.tilt) @ about_y(pose.yaw)
    torso = view @ about_z(pose.lean) @ about_x(-pose.bend)
    head = torso @ about_z(pose.head_roll) @ about_y(pose.head_yaw)
    neck = torso @ np.array([0., -SPINE, 0.])
    skull = neck + torso @ np.array([0., -.1, .06]) \
        + head @ np.array([0., -.55 * build.head, .06])
    arms = np.stack([_arm(build, pose, torso, i) for i in range(2)])
    legs, feet = zip(*[_leg(build, pose, view, i) for i in range(2)])
    feet = np.stack(feet)
    return Skeleton(
        torso=torso,
        head=head,
        neck=neck,
        skull=skull,
        arms=arms,
        legs=np.stack(legs),
        feet=feet,
        ground=float(feet[..., 1].max()) + .12)


def _arm(build: Build, pose: Pose, torso: np.ndarray, i: int) -> np.ndarray:
    side = SIDES[i]
    lift = max(0., pose.upper_arms[i][0] - 1.2) * .12
    joints = [
        np.array([side * build.shoulder, -SPINE * SHOULDER_LEVEL - lift, 0.])
    ]
    fore = limb_direction(side, *pose.forearms[i])
    steps = [(limb_direction(side, *pose.upper_arms[i]), UPPER_ARM),
             (fore, FOREARM), (fore, HAND)]
    for direction, length in steps:
        joints.append(joints[-1] + direction * length)
    return np.stack(joints) @ torso.T


def _leg(build: Build, pose: Pose, view: np.ndarray,
         i: int) -> Tuple[np.ndarray, np.ndarray]:
    side = SIDES[i]
    abduction, flexion = pose.thighs[i]
    shin_flexion = flexion - pose.knees[i]
    hip = np.array([side * build.hips * .56, .08, 0.])
    knee = hip + THIGH * build.legs * limb_direction(side, abduction, flexion)
    ankle = knee + SHIN * build.legs * limb_direction(side, abduction * .4,
                                                      shin_flexion)
    foot = about_y(side * .3) @ about_x(shin_flexion * .6)
    drop = np.array([0., ANKLE, 0.])
    toes = [(-.12, .9), (.38, 1.), (.66, 1.05)]
    points = [
        ankle + foot @ (drop * k + np.array([0., 0., z])) for z, k in toes
    ]
    return np.stack([hip, knee, ankle]) @ view.T, np.stack(points) @ view.T
