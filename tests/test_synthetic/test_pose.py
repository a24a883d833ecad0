# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.synthetic.pose import (FOREARM, SHIN, THIGH, UPPER_ARM,
                                           Build, Pose, draw_build,
                                           limb_direction, solve)
from projects.qanet.synthetic.pose_sampling import draw_pose


def make_pose(yaw=0., tilt=0., arms=(.2, 0.), thighs=(.05, 0.)):
    return Pose(
        yaw=yaw,
        tilt=tilt,
        lean=0.,
        bend=0.,
        head_yaw=0.,
        head_roll=0.,
        upper_arms=np.array([arms, arms]),
        forearms=np.array([arms, arms]),
        thighs=np.array([thighs, thighs]),
        knees=np.zeros(2))


def make_build():
    return Build(False, .7, .66, .56, .6, 1., 1., 1.05)


def test_limb_direction():
    assert np.allclose(limb_direction(1., 0., 0.), [0, 1, 0])
    assert np.allclose(limb_direction(1., np.pi / 2, 0.), [1, 0, 0])
    assert np.allclose(limb_direction(-1., np.pi, 0.), [0, -1, 0])
    assert np.allclose(limb_direction(1., 0., np.pi / 2), [0, 0, 1])


def test_own_left_is_at_image_right_from_the_front_only():
    for yaw, sign in ((0., 1), (np.pi, -1)):
        bones = solve(make_build(), make_pose(yaw))
        assert sign * bones.arms[0, 2, 0] > .8
        assert sign * bones.arms[1, 2, 0] < -.8
        assert sign * bones.legs[0, 2, 0] > .2
        assert np.isclose(bones.torso[2, 2], sign)


def test_positive_yaw_turns_to_image_right():
    bones = solve(make_build(), make_pose(np.pi / 2))
    # Toes point right, the left side is away from the camera.
    assert np.all(bones.feet[:, 2, 0] - bones.feet[:, 0, 0] > .5)
    assert bones.arms[0, 0, 2] < -.5 < .5 < bones.arms[1, 0, 2]


def test_tilt_shows_toes_below_heels_and_keeps_heads_up():
    level = solve(make_build(), make_pose(tilt=0.))
    tilted = solve(make_build(), make_pose(tilt=.3))
    assert np.allclose(level.feet[:, 2, 1] - level.feet[:, 0, 1], 0., atol=.1)
    assert np.all(tilted.feet[:, 2, 1] - tilted.feet[:, 0, 1] > .15)
    assert tilted.skull[1] < tilted.neck[1] < 0 < tilted.ground


@pytest.mark.parametrize('seed', range(5))
def test_bones_keep_their_length(seed):
    rng = np.random.default_rng(seed)
    build, pose = draw_build(rng), draw_pose(rng, .1)
    bones = solve(build, pose)
    length = np.linalg.norm(np.diff(bones.arms, axis=1), axis=2)
    legs = np.linalg.norm(np.diff(bones.legs, axis=1), axis=2)
    # Limbs that are raised forwards at once may come out a little shorter.
    assert np.all(length[:, 0] <= UPPER_ARM * 1.42)
    assert np.all(length[:, 1] <= FOREARM * 1.42)
    assert np.allclose(legs[:, 0], THIGH * build.legs)
    assert np.allclose(legs[:, 1], SHIN * build.legs)


def test_views_are_mostly_from_the_front():
    rng = np.random.default_rng(0)
    facing = np.cos([draw_pose(rng, .1).yaw for _ in range(400)])
    assert .65 < (facing > .6).mean() < .9
    assert .08 < (facing < -.6).mean() < .2
