# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Bodies and poses: joint angles to joints as the camera sees them.

Lengths are heads, angles radians. The body frame has x to the person's own
left, y down and z to the front; the view frame has x to image right and z
towards the camera; with yaw 0 they coincide. Limb 0 is the left, 1 the right.
"""
from dataclasses import dataclass
from typing import Tuple

import numpy as np
from scipy.spatial.transform import Rotation

#: Sign of x of the left and of the right side in the body frame.
SIDES = (1., -1.)
SPINE, SHOULDER_LEVEL = 2.3, .85
UPPER_ARM, FOREARM, HAND = 1.32, 1.12, .62
THIGH, SHIN, ANKLE = 1.72, 1.62, .26

# yapf: disable
#: Gestures of an arm in degrees: abduction and flexion of the upper arm, then
#: of the forearm, with the weight of each.
ARM_GESTURES = {
    'hanging': ((13, 0), (7, 14), 8.), 'ready': ((16, -8), (14, 40), 2.),
    'hip': ((46, -22), (-46, 10), 2.), 'folded': ((16, 22), (-74, 60), .8),
    'phone': ((14, 18), (-12, 118), 1.), 'waving': ((82, 12), (158, 10), .8),
    'raised': ((150, 8), (168, 6), .8), 'head': ((118, 10), (205, 30), .6),
    'pointing': ((74, 10), (84, 8), .4), 'spread': ((50, 0), (62, 12), .5),
    'back': ((16, -35), (0, -20), .8)}
#: Stances: share; in degrees the flexion of one thigh and of the other, the
#: bend of their knees, the abduction; and how far the arms swing along.
STANCES = {
    'stand': (.38, (-7, 7), (-7, 7), (0, 6), (0, 6), (2, 10), 0),
    'walk': (.26, (10, 26), (-26, -10), (3, 23), (9, 40), (1, 6), 1),
    'stride': (.07, (26, 42), (-42, -26), (3, 23), (17, 75), (1, 6), 1),
    'sit': (.05, (74, 92), (74, 92), (70, 95), (70, 95), (6, 20), 0),
    'relaxed': (.24, (8, 38), (-7, 7), (15, 50), (0, 6), (2, 14), 0),
}
# yapf: enable


@dataclass(frozen=True)
class Build:
    """Proportions: half widths from shoulder to hips, factors on the rest."""
    female: bool
    shoulder: float  # from the spine to the joint
    chest: float
    waist: float
    hips: float
    limbs: float  # on the thickness of arms and legs
    legs: float  # on their length
    head: float


@dataclass(frozen=True)
class Pose:
    """Angles; rows are left, right, with abduction and flexion of each."""
    yaw: float  # 0 faces the camera, positive turns to image right
    lean: float  # of the torso, sideways
    bend: float  # forwards
    head_yaw: float  # against the body
    head_roll: float
    upper_arms: np.ndarray  # (2, 2)
    forearms: np.ndarray
    thighs: np.ndarray
    knees: np.ndarray  # (2, ) how far they are bent
    seated: bool = False  # there is a seat below

    def blend(self, other: 'Pose', share: float) -> 'Pose':
        """A pose on the way to another one: 0 is this one, 1 the other.

        The body turns the shorter way; ``seated`` is that of the nearer.
        """
        turn = (other.yaw - self.yaw + np.pi) % (2 * np.pi) - np.pi
        *own, _ = vars(self).values()
        angles = [
            a + share * (b - a) for a, b in zip(own,
                                                vars(other).values())
        ]
        angles[0] = self.yaw + share * turn
        return Pose(*angles, (self, other)[share >= .5].seated)


@dataclass(frozen=True)
class Skeleton:
    """Joints in the view frame, origin between the hips."""
    torso: np.ndarray  # (3, 3), its frame to the view frame
    head: np.ndarray  # likewise
    hips: np.ndarray  # likewise, of those on which the legs hang
    neck: np.ndarray  # (3, ), its base
    skull: np.ndarray  # (3, ), its middle
    arms: np.ndarray  # (2, 4, 3) shoulder, elbow, wrist, finger tips
    legs: np.ndarray  # (2, 3, 3) hip, knee, ankle
    feet: np.ndarray  # (2, 3, 3) heel, ball, toe
    ground: float  # y of the lowest sole


def _turned(axes: str, *angles: float) -> np.ndarray:
    """(3, 3) product of rotations about axes, for columns."""
    return Rotation.from_euler(axes, angles).as_matrix()


def _direction(i: int, abduction: float, flexion: float) -> np.ndarray:
    """Unit vector (3, ) of a hanging limb that is moved outwards, forwards."""
    side, down = np.sin(abduction) * SIDES[i], np.cos(abduction)
    return np.array(
        [side, down * np.cos(flexion),
         np.abs(down) * np.sin(flexion)])


def solve(build: Build, pose: Pose, tilt: float) -> Skeleton:
    """Place all joints; ``tilt`` is how far the camera looks down, radians."""
    view = _turned('XY', -tilt, pose.yaw)
    torso = view @ _turned('ZX', pose.lean, -pose.bend)
    head = torso @ _turned('ZY', pose.head_roll, pose.head_yaw)
    neck = torso @ [0., -SPINE, 0.]
    skull = neck + torso @ [0., -.1, .06] + head @ [0., -.55 * build.head, .06]
    arms = np.stack([_arm(build, pose, i) for i in range(2)]) @ torso.T
    limbs = np.stack([_leg(build, pose, i) for i in range(2)]) @ view.T
    legs, feet = limbs[:, :3], limbs[:, 3:]
    return Skeleton(torso, head, view, neck, skull, arms, legs, feet,
                    float(feet[..., 1].max()) + .12)


def _arm(build: Build, pose: Pose, i: int) -> np.ndarray:
    lift = max(0., pose.upper_arms[i][0] - 1.2) * .12
    shoulder = [SIDES[i] * build.shoulder, -SPINE * SHOULDER_LEVEL - lift, 0.]
    upper = _direction(i, *pose.upper_arms[i])
    fore = _direction(i, *pose.forearms[i])
    bones = [shoulder, upper * UPPER_ARM, fore * FOREARM, fore * HAND]
    return np.cumsum(bones, axis=0)


def _leg(build: Build, pose: Pose, i: int) -> np.ndarray:
    abduction, flexion = pose.thighs[i]
    shin = flexion - pose.knees[i]
    upper = _direction(i, abduction, flexion) * THIGH * build.legs
    lower = _direction(i, abduction * .4, shin) * SHIN * build.legs
    hip = np.array([SIDES[i] * build.hips * .56, .08, 0.])
    joints = np.cumsum([hip, upper, lower], axis=0)
    foot = _turned('YX', SIDES[i] * .3, shin * .6)
    sole = [(0, ANKLE * .9, -.12), (0, ANKLE, .38), (0, ANKLE * 1.05, .66)]
    return np.concatenate([joints, joints[-1] + sole @ foot.T])


def sample_build(rng: np.random.Generator) -> Build:
    """The proportions of an adult or, now and then, of a child."""
    female, child = rng.random(2) < (.5, .12)
    stout, size = rng.uniform(.9, 1.2), .88 if child else 1.
    widths = (.6, .6, .47, .66) if female else (.74, .7, .6, .62)
    shoulder, chest, waist, hips = (width * size for width in widths)
    shoulder *= rng.uniform(.96, 1.05)
    legs = .8 if child else rng.uniform(.96, 1.06)
    head = 1.28 if child else rng.uniform(1.15, 1.24)
    limbs = (1.02 if female else 1.15) * stout**.7
    return Build(
        bool(female), shoulder, chest * stout, waist * stout**1.6,
        hips * stout, limbs, legs, head)


def sample_pose(rng: np.random.Generator) -> Pose:
    """Standing, walking, leaning or sitting, arms at will.

    Four fifths face the camera, some show their back and a few stand sideways.
    """
    pick, yaw = rng.random(), np.clip(rng.normal(0, .35), -.8, .8)
    if pick > .93:
        yaw = rng.uniform(.8, 1.6) * rng.choice([-1, 1])
    elif pick > .8:
        yaw += np.pi
    shares = [row[0] for row in STANCES.values()]
    kind = str(rng.choice(list(STANCES), p=shares))
    if kind == 'sit' and np.cos(yaw) < -.2:
        # Seen from behind, the seat would have to hide the legs.
        kind = 'stand'
    _, *legs, spread, swings = STANCES[kind]
    angles = np.deg2rad([rng.uniform(*span) for span in legs]).reshape(2, 2)
    flexion, knees = angles[:, ::rng.choice([-1, 1])]
    thighs = np.stack([np.deg2rad(rng.uniform(*spread, 2)), flexion], axis=1)
    upper_arms, forearms = _arms(rng, -flexion * swings)
    leaning = 3. if rng.random() < .2 else 1.
    lean, bend, head_yaw, head_roll = np.deg2rad(
        rng.normal(0, (3 * leaning, 3.5 * leaning, 18, 6)))
    return Pose(yaw, lean, abs(bend), np.clip(head_yaw, -.7, .7), head_roll,
                upper_arms, forearms, thighs, knees, kind == 'sit')


def _arms(rng: np.random.Generator,
          swing: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Gestures of both arms; walking people mostly swing them."""
    weights = np.array([row[2] for row in ARM_GESTURES.values()])
    names = rng.choice(list(ARM_GESTURES), 2, p=weights / weights.sum())
    if rng.random() < .4:
        names[1] = names[0]
    angles = np.zeros((2, 2, 2))
    for i, side in enumerate(swing):
        name = 'hanging' if side and rng.random() < .75 else names[i]
        angles[:, i] = np.deg2rad(ARM_GESTURES[name][:2])
        if name == 'hanging':
            angles[:, i, 1] += side, side + abs(side) * .8
    angles += np.deg2rad(rng.normal(0, 5.5, angles.shape))
    angles[0, :, 0] = np.maximum(angles[0, :, 0], np.deg2rad(7))
    return angles[0], angles[1]
