# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.drawn_people.body import (FOREARM, HAND, SHIN, THIGH, UPPER_ARM,
                                        Build, Pose, sample_build, sample_pose,
                                        solve)

BUILD = Build(False, .7, .66, .56, .6, 1., 1., 1.05)


def pose(yaw=0., arms=(.2, 0.), seated=False):
    arms, thighs = np.array([arms] * 2), np.array([[.05, 0.]] * 2)
    return Pose(yaw, 0., 0., 0., 0., arms, arms, thighs, np.zeros(2), seated)


def test_positive_yaw_turns_to_image_right():
    bones = solve(BUILD, pose(np.pi / 2), 0.)
    # Toes point right, the left side is away from the camera.
    assert np.all(bones.feet[:, 2, 0] - bones.feet[:, 0, 0] > .5)
    assert bones.arms[0, 0, 2] < -.5 < .5 < bones.arms[1, 0, 2]


def test_tilt_shows_toes_below_heels_and_keeps_heads_up():
    level, tilted = solve(BUILD, pose(), 0.), solve(BUILD, pose(), .3)
    assert np.allclose(level.feet[:, 2, 1] - level.feet[:, 0, 1], 0., atol=.1)
    assert np.all(tilted.feet[:, 2, 1] - tilted.feet[:, 0, 1] > .15)
    assert tilted.skull[1] < tilted.neck[1] < 0 < tilted.ground


@pytest.mark.parametrize('seed', range(6))
def test_bones_keep_their_length(seed):
    rng = np.random.default_rng(seed)
    build = sample_build(rng)
    first, second = sample_pose(rng), sample_pose(rng)
    for now in (first, second, first.blend(second, .4)):
        bones = solve(build, now, .1)
        arms = np.linalg.norm(np.diff(bones.arms, axis=1), axis=2)
        legs = np.linalg.norm(np.diff(bones.legs, axis=1), axis=2)
        assert np.allclose(arms, [[UPPER_ARM, FOREARM, HAND]] * 2, 0, 1e-9)
        assert np.allclose(legs, [[THIGH * build.legs, SHIN * build.legs]] * 2,
                           0, 1e-9)


def test_blending_goes_the_shorter_way():
    first, second = pose(3., (.2, .4)), pose(-3., (.6, 0.), seated=True)
    for share, like in ((0., first), (1., second)):
        same = first.blend(second, share)
        assert np.allclose(same.upper_arms, like.upper_arms)
        assert np.isclose(np.cos(same.yaw), np.cos(like.yaw))
        assert same.seated == like.seated
    middle = first.blend(second, .25)
    assert np.allclose(middle.forearms, [[.3, .3]] * 2)
    assert np.isclose(middle.yaw, 3 + .25 * (2 * np.pi - 6))
    assert not middle.seated


def test_views_and_seats():
    rng = np.random.default_rng(0)
    poses = [sample_pose(rng) for _ in range(400)]
    facing = np.cos([pose.yaw for pose in poses])
    assert .65 < (facing > .6).mean() < .9
    assert .08 < (facing < -.6).mean() < .2
    seated = np.array([pose.seated for pose in poses])
    assert .02 < seated.mean() < .1
    assert facing[seated].min() > -.3
