# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from dataclasses import replace

import numpy as np
import pytest

from projects.drawn_people.body import Build, Pose
from projects.drawn_people.body_surface import (CHARTS, surface_map,
                                                symmetry_tables, to_patches)
from projects.drawn_people.canvas import Canvas
from projects.drawn_people.figure import Spot
from projects.drawn_people.labels import Limb, Part
from projects.drawn_people.outfit import Worn, sample_worn
from projects.drawn_people.person import Person, paint_person
from projects.drawn_people.surface import Material
from projects.qanet.densepose.labels import (PATCH_FLIP_PAIRS, PATCH_NAMES,
                                             PATCH_TO_PART)

BUILD = Build(False, .7, .66, .56, .6, 1., 1., 1.05)
POSES = [
    dict(),
    dict(yaw=.7, lean=.1, bend=.1, head_yaw=-.4, head_roll=.1,
         upper_arms=[[.5, .2], [1.4, 0.]], thighs=[[.1, .5], [.1, -.3]]),
    dict(yaw=np.pi - .3, upper_arms=[[.3, .8], [2.4, .1]], knees=[.5, 0.]),
    dict(yaw=.4, thighs=[[.2, 1.3], [.3, 1.4]], knees=[1.3, 1.4],
         seated=True),
]  # yapf: disable


def pose(yaw=0., upper_arms=((.5, 0.), (.5, 0.)), seated=False, **angles):
    names = 'lean', 'bend', 'head_yaw', 'head_roll'
    arms = np.array(upper_arms)
    thighs = np.array(angles.get('thighs', [[.12, 0.], [.12, 0.]]))
    return Pose(yaw, *(angles.get(name, 0.) for name in names), arms, arms,
                thighs, np.array(angles.get('knees', [0., 0.])), seated)


def mirrored(now):
    turned = {
        name: -getattr(now, name)
        for name in ('yaw', 'lean', 'head_yaw', 'head_roll')
    }
    swapped = {
        name: getattr(now, name)[::-1]
        for name in ('upper_arms', 'forearms', 'thighs', 'knees')
    }
    return replace(now, **turned, **swapped)


def outfit(*kinds):
    plain, rng = Material(np.full(3, 100.)), np.random.default_rng(1)
    worn = {kind: sample_worn(rng, kind) for kind in ('shoes', *kinds)}
    hair = 'long' if 'dress' in kinds else 'short'
    return dict(skin=Worn(plain), hair=Worn(plain, hair, depth=.5), **worn)


def painted(kinds, now):
    """Patch, U and V, and parts, of a person on 240 x 261 px."""
    canvas = Canvas(np.zeros((261, 240, 3), np.uint8), True)
    figure = paint_person(canvas, Person(BUILD, outfit(*kinds), now),
                          Spot(120., 245., 30.), 1, np.zeros(2), .12)
    codes = canvas.reduce()[1]
    return surface_map(canvas.reduce_coordinates(), codes, [figure]), codes


@pytest.mark.parametrize('limb, along, azimuth, patch, uv', [
    (Limb.TRUNK, 1.1, 0., 2, (.5, 0.)),
    (Limb.TRUNK, .45, np.pi / 4, 2, (.75, .5)),
    (Limb.TRUNK, -.2, -3 * np.pi / 4, 1, (.75, 1.)),
    (Limb.TRUNK, -9., 3 * np.pi / 4, 1, (.25, 1.)),
    (Limb.HEAD, 1., .1 * np.pi, 24, (.1, 0.)),
    (Limb.HEAD, 0., -.1 * np.pi, 23, (.1, .5)),
    (Limb.LEFT_ARM, 2.25, 0., 4, (.5, .25)),
    (Limb.RIGHT_ARM, 2.25, np.pi / 2, 3, (.25, .25)),
    (Limb.LEFT_LEG, 2.25, np.pi / 2, 5, (.75, .25)),
    (Limb.RIGHT_LEG, 3.5, -np.pi / 2, 6, (.75, 1.)),
    (Limb.LEFT_LEG, .5, np.pi, 8, (.5, .5)),
    (Limb.RIGHT_LEG, .25, 0., 9, (.5, .25)),
    (Limb.LEFT_LEG, .25, np.pi / 4, 10, (.75, .25)),
    (Limb.RIGHT_LEG, 1.5, np.pi, 11, (.5, .5)),
    (Limb.RIGHT_LEG, 1.5, -np.pi / 4, 13, (.75, .5)),
    (Limb.LEFT_ARM, .5, -np.pi / 2, 15, (.5, .5)),
    (Limb.RIGHT_ARM, .5, np.pi / 4, 16, (.75, .5)),
    (Limb.LEFT_ARM, .5, np.pi / 4, 17, (.25, .5)),
    (Limb.RIGHT_ARM, 1.5, np.pi / 2, 20, (.5, .5)),
    (Limb.RIGHT_ARM, 1.5, -np.pi / 2, 22, (.5, .5)),
    (Limb.NONE, 1., 0., 0, (0., 0.)),
])
def test_known_points_of_the_body(limb, along, azimuth, patch, uv):
    one = (np.array([v]) for v in (limb, along, azimuth))
    assert np.allclose(to_patches(*one), [[patch, *uv]])


def test_charts_cover_the_body_once():
    rng = np.random.default_rng(0)
    limb = rng.integers(1, 7, 5000)
    low, high = np.array([[-1, -.2, 0, 0, 0, 0], [1, 1.1, 3, 3, 3, 3]])
    along = low[limb - 1] + rng.random(5000) * (high - low)[limb - 1]
    azimuth = rng.uniform(-np.pi, np.pi, 5000)
    patch, u, v = to_patches(limb, along, azimuth).T
    assert set(patch) == set(range(1, 25))
    assert min(u.min(), v.min()) >= 0 and max(u.max(), v.max()) <= 1
    for chart in CHARTS:
        for sign, number in zip((1, -1), chart.patches):
            own = patch == number
            found = chart.point(u[own], v[own])
            assert np.allclose(found[0], along[own])
            assert np.allclose(
                np.exp(1j * found[1]), np.exp(1j * sign * azimuth[own]))
            name = PATCH_NAMES[number].lower().replace('-', '_')
            sides = [s for s in ('left', 'right') if name.startswith(s)]
            assert all(Limb(k).name.lower().startswith(*sides)
                       for k in set(limb[own]) if sides)  # yapf: disable


@pytest.mark.parametrize('now', POSES)
@pytest.mark.parametrize('kinds', [('top', 'pants'), ('dress', 'hat')])
def test_mirrored_people_have_mirrored_surfaces(kinds, now):
    now = pose(**now)
    plain, _ = painted(kinds, now)
    (patch, *uv), _ = (np.moveaxis(plain[:, ::-1], 2, 0), None)
    patch = patch.astype(int)
    rows, columns = ((255 * v).astype(int) for v in uv[::-1])
    names = np.arange(25)
    for left, right in PATCH_FLIP_PAIRS:
        names[[left, right]] = right, left
    expected = np.stack([
        names[patch],
        *(table[patch - 1, rows, columns] for table in symmetry_tables())
    ], 2)  # yapf: disable
    found, _ = painted(kinds, mirrored(now))
    both = (patch > 0) & (found[..., 0] > 0)
    assert both.sum() > .98 * (patch > 0).sum() > 4000
    same = both & (found[..., 0] == expected[..., 0])
    # Prints and hems need not be symmetric, nor what is in front.
    assert same.sum() > .97 * both.sum()
    gaps = np.abs(found - expected)[same].max(axis=1)
    assert np.mean(gaps < .02) > .95


def test_tables_are_their_own_inverse():
    u, v = symmetry_tables()
    assert u.shape == v.shape == (24, 256, 256)
    assert min(u.min(), v.min()) >= 0 and max(u.max(), v.max()) <= 1
    index = np.arange(255)
    for patch in range(24):
        twice = u[patch, 9, (255 * u[patch, 7, :255]).astype(int)]
        assert np.array_equal((255 * twice).astype(int), index)
        assert np.array_equal((255 * v[patch, :255, 3]).astype(int), index)
        assert np.allclose(
            u[patch, 0],
            1 - np.arange(256) / 255 if patch < 2 else np.arange(256) / 255,
            atol=.5 / 255 + 1e-9)


def test_what_hangs_lies_on_the_limbs_below():
    """Long hair on the trunk, a dress on the legs, all else on its limb."""
    for now in POSES:
        surface, codes = painted(('dress', ), pose(**now))
        parts = np.array(PATCH_TO_PART)[surface[..., 0].astype(int)]
        assert np.array_equal(surface[..., 0] > 0, codes > 0)
        assert set(parts[codes == Part.HAIR]) == {1, 14}
        assert {1, 6, 7} <= set(parts[codes == Part.DRESS])
        for part, own in ((Part.FACE, {14}), (Part.LEFT_ARM, {3, 10, 12}),
                          (Part.RIGHT_ARM, {2, 11, 13}),
                          (Part.LEFT_SHOE, {4, 9}),
                          (Part.RIGHT_SHOE, {5, 8}),
                          (Part.RIGHT_LEG, {6, 8})):  # yapf: disable
            assert set(parts[codes == part]) <= own


def test_fronts_and_backs():
    front, codes = painted(('top', 'pants'), pose())
    back, _ = painted(('top', 'pants'), pose(np.pi))
    for surface, patches in ((front, (2, 9, 10, 13, 14)), (back, (1, 7, 8, 11,
                                                                  12))):
        seen = np.bincount(surface[..., 0].astype(int).flat, minlength=25)
        pairs = [(1, 2), (7, 9), (8, 10), (11, 13), (12, 14)]
        for pair, patch in zip(pairs, sorted(patches)):
            other = sum(pair) - patch
            assert seen[patch] > 150 and seen[other] < .1 * seen[patch]
    # Along the middle of the trunk V grows downwards, U is one half.
    rows = np.flatnonzero(front[:, 120, 0] == 2)
    u, v = front[rows, 120, 1:].T
    assert np.abs(u - .5).max() < .03 and (np.diff(v) > 0).all()
    assert v[0] < .2 and v[-1] > .9
    assert set(codes[rows, 120]) >= {Part.TORSO_SKIN, Part.UPPER_CLOTHES}
