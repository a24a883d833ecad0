# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What people do in the drawn scenes: seeded choice of joint angles."""
from typing import Tuple

import numpy as np

from .pose import Pose

#: Arm gestures as degrees: abduction and flexion of the upper arm, then of
#: the forearm, with the weight of each.
ARM_GESTURES = {
    'hanging': ((13, 0), (7, 14), 8.),
    'ready': ((16, -8), (14, 40), 2.),
    'hip': ((46, -22), (-46, 10), 2.),
    'folded': ((16, 22), (-74, 60), .8),
    'phone': ((14, 18), (-12, 118), 1.),
    'waving': ((82, 12), (158, 10), .8),
    'raised': ((150, 8), (168, 6), .8),
    'head': ((118, 10), (205, 30), .6),
    'pointing': ((74, 10), (84, 8), .4),
    'spread': ((50, 0), (62, 12), .5),
    'back': ((16, -35), (0, -20), .8),
}


def _jitter(rng: np.random.Generator,
            degrees: float,
            shape: Tuple[int, ...] = ()) -> np.ndarray:
    return np.deg2rad(rng.normal(0, degrees, shape))


def draw_pose(rng: np.random.Generator, tilt: float) -> Pose:
    """Draw a pose: standing, walking, leaning or sitting, arms at will.

    Three quarters face the camera, some show their back and a few stand
    sideways.

    Args:
        rng (np.random.Generator): Source of all draws.
        tilt (float): Downward look of the scene's camera, radians.

    Returns:
        Pose: Angles in radians.
    """
    yaw = _draw_yaw(rng)
    kind = rng.choice(['stand', 'walk', 'stride', 'sit', 'relaxed'],
                      p=[.38, .26, .07, .05, .24])
    if kind == 'sit' and np.cos(yaw) < -.2:
        # Seen from behind, the seat would have to hide the legs.
        kind = 'stand'
    thighs, knees, swing = _legs(rng, str(kind))
    upper, fore = _arms(rng, swing)
    leaning = rng.random() < .2
    return Pose(
        yaw=yaw,
        tilt=tilt,
        lean=float(_jitter(rng, 9 if leaning else 3)),
        bend=float(np.abs(_jitter(rng, 10 if leaning else 4))),
        head_yaw=float(np.clip(_jitter(rng, 18), -.7, .7)),
        head_roll=float(_jitter(rng, 6)),
        upper_arms=upper,
        forearms=fore,
        thighs=thighs,
        knees=knees,
        seated=kind == 'sit')


def _draw_yaw(rng: np.random.Generator) -> float:
    pick = rng.random()
    if pick < .8:
        return float(np.clip(_jitter(rng, 20), -.8, .8))
    if pick < .93:
        return float(np.pi + np.clip(_jitter(rng, 18), -.7, .7))
    return float(np.deg2rad(rng.uniform(45, 90)) * rng.choice([-1, 1]))


def _legs(rng: np.random.Generator,
          kind: str) -> Tuple[np.ndarray, np.ndarray, float]:
    """Thigh angles, knees, and how far the arms should swing along."""
    abduction = np.deg2rad(rng.uniform(2, 10, 2))
    first = int(rng.integers(2))
    sign = np.array([1., -1.]) if first == 0 else np.array([-1., 1.])
    if kind in ('walk', 'stride'):
        reach = np.deg2rad(
            rng.uniform(10, 26) if kind == 'walk' else rng.uniform(26, 42))
        flexion = sign * reach
        knees = np.where(sign > 0, rng.uniform(.05, .4),
                         rng.uniform(.2, .9) * reach / .4)
        return np.stack([abduction * .6, flexion],
                        axis=1), knees, float(-sign[0] * reach)
    if kind == 'sit':
        flexion = np.deg2rad(rng.uniform(74, 92)) + _jitter(rng, 3, (2, ))
        knees = flexion + _jitter(rng, 10, (2, ))
        abduction = np.deg2rad(rng.uniform(6, 20, 2))
        return np.stack([abduction, flexion], axis=1), knees, 0.
    knees = np.abs(_jitter(rng, 3, (2, )))
    flexion = _jitter(rng, 4, (2, ))
    if kind == 'relaxed':
        bend = np.deg2rad(rng.uniform(12, 34))
        flexion[first] += bend
        knees[first] += bend * 1.4
        abduction[first] += np.deg2rad(rng.uniform(0, 10))
    return np.stack([abduction, flexion], axis=1), knees, 0.


def _arms(rng: np.random.Generator,
          swing: float) -> Tuple[np.ndarray, np.ndarray]:
    """Gestures of both arms; walking people mostly swing them."""
    names = list(ARM_GESTURES)
    weights = np.array([ARM_GESTURES[n][2] for n in names])
    upper, fore = np.zeros((2, 2)), np.zeros((2, 2))
    same = rng.random() < .4
    for i in range(2):
        if i == 0 or not same:
            name = str(rng.choice(names, p=weights / weights.sum()))
        if swing and rng.random() < .75:
            name = 'hanging'
        upper[i], fore[i] = np.deg2rad(ARM_GESTURES[name][:2])
        if swing and name == 'hanging':
            side = swing if i == 0 else -swing
            upper[i][1] += side
            fore[i][1] += side + abs(swing) * .8
    upper += _jitter(rng, 5, (2, 2))
    fore += _jitter(rng, 6, (2, 2))
    upper[:, 0] = np.maximum(upper[:, 0], np.deg2rad(7))
    return upper, fore
