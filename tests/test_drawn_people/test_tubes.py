# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.drawn_people.body import Build, Pose, solve
from projects.drawn_people.canvas import Canvas
from projects.drawn_people.figure import Figure, Spot
from projects.drawn_people.labels import Limb
from projects.drawn_people.tubes import tubes_of

BUILD = Build(False, .7, .66, .56, .6, 1., 1., 1.1)


def pose(yaw=0., lean=0., bend=0., head=(0., 0.), arms=(.1, 0.), legs=0.):
    arms = np.array([arms] * 2)
    thighs = np.array([[.1, legs]] * 2)
    return Pose(yaw, lean, bend, *head, arms, arms, thighs, np.zeros(2))


POSES = [
    pose(),
    pose(.6, .1, .15, (-.3, .1)),
    pose(-1.5, -.1, .1, (.4, -.2)),
    pose(np.pi + .3, .12, .2, (.5, .1)),
]


@pytest.mark.parametrize('now', POSES)
def test_points_of_trunk_and_head_are_found_where_they_are_painted(now):
    figure = Figure(
        Canvas(np.zeros((8, 8, 3), np.uint8)), BUILD, now,
        Spot(90., 200., 25.), 1, np.zeros(2), .12)
    tubes = tubes_of(BUILD, figure.skeleton)
    # What looks at the camera, all around the body.
    turns, others = (
        v.ravel()
        for v in np.meshgrid(np.linspace(-.9, .9, 9), np.linspace(0, .85, 7)))
    front = figure.skeleton.torso[:, [0, 2]][2]
    azimuth = np.arctan2(*front) + turns
    px = figure.trunk(others, azimuth)
    along, found, across = tubes[Limb.TRUNK].find(
        (px - figure.origin) / figure.scale)
    assert np.allclose(along, others, atol=.015)
    assert np.allclose(np.cos(found - azimuth), 1, atol=.002)
    assert np.abs(across).max() < 1
    elevation = (others - .5) * 120
    px = figure.head_points(figure.head_front() + np.degrees(turns) * .8,
                            elevation)
    along, found, _ = tubes[Limb.HEAD].find(
        (px - figure.origin) / figure.scale)
    assert np.allclose(along, np.sin(np.deg2rad(elevation)), atol=.02)
    azimuth = np.deg2rad(figure.head_front()) + turns * .8
    assert np.allclose(np.cos(found - azimuth), 1, atol=.002)


@pytest.mark.parametrize('yaw, middle', [(0., 0.), (np.pi, np.pi),
                                         (np.pi / 2, -np.pi / 2), (-.4, .4)])
@pytest.mark.parametrize('limb', [Limb.RIGHT_ARM, Limb.LEFT_LEG])
def test_sides_of_limbs_turn_with_the_body(yaw, middle, limb):
    now = pose(yaw, arms=(0., 0.))
    tube = tubes_of(BUILD, solve(BUILD, now, 0.))[limb]
    # Across grows to image left: those are further to the right side.
    across = np.array([-.999, -.5, 0., .5, .999])
    expected = middle + np.array([1.53, np.pi / 6, 0, -np.pi / 6, -1.53])
    found = tube.azimuths(np.full(5, 1.5), across)
    assert np.allclose(np.cos(found - expected), 1, atol=1e-3)


def test_fronts_of_stretched_arms_look_up():
    """A forward swing by a right angle turns the front upwards."""
    skeleton = solve(BUILD, pose(arms=(0., np.pi / 2), legs=np.pi / 2), 0.)
    tubes = tubes_of(BUILD, skeleton)
    for limb in (Limb.LEFT_ARM, Limb.RIGHT_LEG):
        left, down, front = tubes[limb].frames[0].T
        assert np.allclose(front, [0, -1, 0], atol=.11)
        assert np.allclose(left, [1, 0, 0], atol=.11)
        assert np.allclose(down, [0, 0, 1], atol=.11)


@pytest.mark.parametrize('now', [*POSES, pose(arms=(2.6, .2), legs=1.4)])
def test_frames_follow_the_bones(now):
    skeleton = solve(BUILD, now, .12)
    tubes = tubes_of(BUILD, skeleton)
    for limb, tube in tubes.items():
        turns = tube.frames @ tube.frames.transpose(0, 2, 1)
        assert np.allclose(turns, np.eye(3)) and len(turns) + 1 == len(tube.at)
        assert np.allclose(np.linalg.det(tube.frames), 1)
        if limb >= Limb.LEFT_ARM:
            steps = np.diff(tube.points, axis=0)
            steps /= np.linalg.norm(steps, axis=1, keepdims=True)
            gaps = np.abs(steps - tube.frames[:, :, 1]).max(axis=1)
            assert gaps[tube.at[:-1] < 2].max() < 1e-6
            # The ball of a foot is a little below the line to the toes.
            assert gaps[tube.at[:-1] > 2.1].max() < .06
    for i in range(2):
        ends = tubes[Limb.LEFT_ARM + i].place(
            np.array([0., 1., 3.]), np.zeros(3))
        gaps = np.linalg.norm(ends - skeleton.arms[i, [0, 1, 3]], axis=1)
        assert np.allclose(gaps, [.19, .168, .07])


@pytest.mark.parametrize('limb, along', [(Limb.TRUNK, (.1, .9)),
                                         (Limb.HEAD, (-.8, .8)),
                                         (Limb.LEFT_LEG, (.1, 1.9))])
def test_finding_is_the_inverse_of_placing(limb, along):
    """Upright limbs, where flat strips and solids are the same."""
    tube = tubes_of(BUILD, solve(BUILD, pose(.3), 0.))[limb]
    along = np.linspace(*along, 8)
    azimuth = np.linspace(-1.2, 1., 8)
    spots = tube.place(along, azimuth)[:, :2]
    found = tube.find(spots)
    tolerance = .12 if limb == Limb.LEFT_LEG else .01
    assert np.allclose(found[0], along, atol=tolerance / 2)
    assert np.allclose(found[1], azimuth, atol=tolerance)
