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


def test_yaw_turns_to_image_right_and_tilt_shows_toes_below_heels():
    level, turned, tilted = (solve(BUILD, pose(yaw), tilt)
                             for yaw, tilt in ((0., 0.), (np.pi / 2, 0.),
                                               (0., .3)))
    # Toes point right, the left side is away from the camera.
    assert np.all(turned.feet[:, 2, 0] - turned.feet[:, 0, 0] > .5)
    assert turned.arms[0, 0, 2] < -.5 < .5 < turned.arms[1, 0, 2]
    assert np.allclose(level.feet[:, 2, 1] - level.feet[:, 0, 1], 0., atol=.1)
    assert np.all(tilted.feet[:, 2, 1] - tilted.feet[:, 0, 1] > .15)
    assert tilted.skull[1] < tilted.neck[1] < 0 < tilted.ground


def test_bones_keep_their_length_and_seats_are_behind():
    rng = np.random.default_rng(0)
    for _ in range(150):
        build = sample_build(rng)
        first, second = sample_pose(rng), sample_pose(rng)
        # From behind, the seat would have to hide the legs.
        assert not first.seated or np.cos(first.yaw) > -.3
        bones = solve(build, first.blend(second, .4), .1)
        for joints, lengths in ((bones.arms, (UPPER_ARM, FOREARM, HAND)),
                                (bones.legs, (THIGH * build.legs,
                                              SHIN * build.legs))):
            found = np.linalg.norm(np.diff(joints, axis=1), axis=2)
            assert np.allclose(found, [lengths] * 2, 0, 1e-9)


@pytest.mark.parametrize('share, arms, turn', [(0, (.2, .4), 0),
                                               (.25, (.3, .3), .25),
                                               (1, (.6, 0), 1)])
def test_blending_goes_the_shorter_way(share, arms, turn):
    now = pose(3., (.2, .4)).blend(pose(-3., (.6, 0.), seated=True), share)
    assert np.allclose([now.forearms, now.upper_arms], [[arms] * 2] * 2)
    assert np.isclose(now.yaw, 3 + turn * (2 * np.pi - 6))
    assert now.seated == (share == 1)
