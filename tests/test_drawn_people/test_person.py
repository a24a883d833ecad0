# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from dataclasses import replace

import numpy as np
import pytest

from projects.drawn_people.body import Build, Pose, solve
from projects.drawn_people.canvas import Canvas
from projects.drawn_people.figure import Spot
from projects.drawn_people.labels import Limb, Part
from projects.drawn_people.outfit import PIECES, Worn, sample_worn
from projects.drawn_people.person import Person, paint_person
from projects.drawn_people.surface import Material

SCALE, TILT = 30., .12
BUILD = Build(False, .7, .66, .56, .6, 1., 1., 1.05)
ARMS, LEGS = (Part.LEFT_ARM, Part.RIGHT_ARM), (Part.LEFT_LEG, Part.RIGHT_LEG)
SHOES = (Part.LEFT_SHOE, Part.RIGHT_SHOE)
# yapf: disable
#: One hue for each piece, and its labels.
LOOKS = {
    'skin': ((120, 160, 240), (Part.TORSO_SKIN, *ARMS, *LEGS)),
    'hair': ((20, 60, 60), (Part.HAIR, )), 'shoes': ((160, 160, 20), SHOES),
    'top': ((240, 40, 40), (Part.UPPER_CLOTHES, )),
    'pants': ((40, 240, 40), (Part.PANTS, )),
    'skirt': ((30, 140, 230), (Part.SKIRT, )),
    'dress': ((200, 30, 160), (Part.DRESS, )),
    'coat': ((60, 60, 200), (Part.COAT, )),
    'hat': ((20, 220, 220), (Part.HAT, )),
    'scarf': ((230, 120, 10), (Part.SCARF, )),
    'gloves': ((130, 20, 200), (Part.GLOVE, )),
    'socks': ((130, 200, 20), (Part.SOCKS, )),
    'sunglasses': ((90, 90, 90), (Part.SUNGLASSES, )),
}
# yapf: enable


def worn(kind, **changes):
    """A piece of one colour; ``kind`` may name its style, too."""
    kind, *style = kind.split()
    base = np.array(LOOKS[kind][0], float)
    plain = Material(base, base * .8, folds=.05)
    if kind not in PIECES:
        return Worn(plain, 'short', depth=.5)
    piece = sample_worn(np.random.default_rng(1), kind)
    style = style[0] if style else piece.style
    return replace(piece, material=plain, style=style, **changes)


def dressed(*kinds):
    """T-shirt, shorts, shoes, and more or other pieces."""
    outfit = {kind.split()[0]: worn(kind) for kind in ('skin', 'hair', *kinds)}
    outfit['shoes'] = worn('shoes sneaker')
    if 'dress' not in kinds:
        outfit['top'] = worn('top plain', ends={'arm': .5, 'trunk': 0.})
    if not {'dress', 'skirt'} & set(kinds):
        outfit['pants'] = worn('pants', ends={'trousers': .8}, flare=.02)
    return outfit


def pose(yaw=0., arms=(.5, 0.), **joints):
    arms, thighs = np.array([arms] * 2), np.array([[.12, 0.]] * 2)
    now = Pose(yaw, 0., 0., 0., 0., arms, arms, thighs, np.zeros(2))
    return replace(now, **joints)


def painted(outfit, now=pose(), coordinates=False):
    """Canvas with one person, 240 px wide and 260 px high."""
    canvas = Canvas(np.full((260, 240, 3), 255, np.uint8), coordinates)
    # Another pose than its own.
    paint_person(canvas, Person(BUILD, outfit, pose(1.)),
                 Spot(120., 245., SCALE), 1, np.array([.4, -.5]), TILT, now)
    return canvas


def labels(*arguments):
    return painted(*arguments).reduce()[1]


def on_screen(now, joints):
    """Joints (..., 3) of this pose, px (..., 2)."""
    origin = [120, 245 - solve(BUILD, now, TILT).ground * SCALE]
    return origin + SCALE * joints[..., :2]


@pytest.mark.parametrize('yaw, sign', [(0., 1), (.4, 1), (np.pi, -1)])
def test_left_and_right_are_the_persons_own(yaw, sign):
    found = labels(dressed(), pose(yaw))
    for pair in (ARMS, LEGS, SHOES):
        left, right = (np.nonzero(found == part)[1].mean() for part in pair)
        assert sign * (left - right) > 5
    # Seven to eight heads between crown and sole.
    ys = np.nonzero(found)[0]
    assert 6.5 < np.ptp(ys) / SCALE < 8. and abs(ys.max() - 244) < 3


BEFORE = dict(arms=(.2, .6), forearms=np.array([[-1.2, .9]] * 2))
SEATED = dict(seated=True, thighs=np.array([[.2, 1.4]] * 2))


@pytest.mark.parametrize('kinds, now, areas', [
    (('sunglasses', 'coat open'), pose(.2), [
        52474, 0, 221, 0, 220, 874, 0, 4218, 0, 1457, 413, 0, 0, 233, 221, 225,
        607, 602, 352, 283]),
    (('skirt', 'scarf', 'coat closed'), pose(), [
        51940, 0, 213, 0, 0, 55, 0, 5087, 0, 0, 75, 708, 1447, 458, 223, 220,
        672, 684, 311, 307]),
    (('gloves', ), pose(**BEFORE), [
        54092, 0, 213, 623, 0, 2071, 0, 0, 0, 1995, 467, 0, 0, 458, 310, 321,
        610, 622, 311, 307]),
    (('socks', 'hat'), pose(np.pi, **BEFORE), [
        54126, 289, 384, 0, 0, 3005, 0, 0, 759, 1995, 176, 0, 0, 27, 248, 254,
        279, 266, 295, 297]),
    (('dress', ), pose(-.4, (.3, .9), **SEATED), [
        55656, 0, 248, 0, 0, 0, 3279, 0, 0, 0, 314, 0, 0, 409, 754, 921, 40,
        176, 226, 377]),
])  # yapf: disable
def test_known_persons(kinds, now, areas):
    found = labels(dressed(*kinds), now)
    assert np.allclose(np.bincount(found.flat, minlength=20), areas, .02, 5)


@pytest.mark.parametrize('yaw', [0., np.pi])
@pytest.mark.parametrize('piece', [
    'hat cap', 'hat beanie', 'hat brim', 'coat open', 'coat closed',
    'scarf long', 'gloves', 'sunglasses', 'socks', 'skirt', 'dress'
])
def test_each_garment_brings_its_class_and_no_other(piece, yaw):
    part, = LOOKS[piece.split()[0]][1]
    plain, found = labels(dressed(),
                          pose(yaw)), labels(dressed(piece), pose(yaw))
    seen = not (piece == 'sunglasses' and yaw)
    assert set(found.flat) - set(plain.flat) == ({part} if seen else set())
    assert ((found == part).sum() > 40) == seen


@pytest.mark.parametrize('kinds', [('hat', 'scarf', 'gloves', 'socks'),
                                   ('coat', 'skirt'), ('dress', 'hat')])
@pytest.mark.parametrize('now', [
    pose(),
    pose(np.pi, (.9, .8)),
    pose(.7, (2.6, .2)),
    pose(0., (.3, .9), seated=True, thighs=np.array([[.2, 1.4]] * 2)),
])
def test_what_is_painted_is_what_is_labelled(kinds, now):
    """Light changes brightness, not hue: the hue tells the piece."""
    outfit = dressed(*kinds)
    canvas = painted(outfit, now)
    codes, color = canvas.codes, canvas.color.astype(float)
    assert np.array_equal(codes > 0, (color < 255).any(axis=2))
    hues = np.array([LOOKS[name][0] for name in outfit], float)
    hues /= np.linalg.norm(hues, axis=1, keepdims=True)
    bright = np.linalg.norm(color, axis=2) > 60
    chosen = bright & (codes > 0) & (codes != Part.FACE)
    nearest = (color[chosen] @ hues.T).argmax(axis=1)
    expected = np.zeros(len(Part), int)
    for k, name in enumerate(outfit):
        expected[list(LOOKS[name][1])] = k
    assert len(nearest) > 20000
    assert np.array_equal(nearest, expected[codes[chosen]])


@pytest.mark.parametrize('i', [0, 1])
def test_thumbs_of_spread_arms_point_up(i):
    now = pose(np.pi, (np.pi / 2 - .25, 0.))
    ys, xs = np.nonzero(labels(dressed(), now) == ARMS[i])
    wrist, tip = on_screen(now, solve(BUILD, now, TILT).arms[i, 2:])
    spots = (np.stack([xs + .5, ys + .5], axis=1) - wrist) / SCALE
    along = (tip - wrist) / np.linalg.norm(tip - wrist)
    up = np.array([along[1], -along[0]]) * np.sign(along[0])
    height = spots[spots @ along > .12] @ up
    assert height.max() > .25 and -.2 < height.min() < 0


def test_coordinates_run_along_the_limbs():
    now = pose(arms=(.9, 0.))
    canvas = painted(dressed('socks'), now, True)
    codes = canvas.reduce()[1]
    limb, along, across = np.moveaxis(canvas.reduce_coordinates(), 2, 0)
    assert np.array_equal(limb > 0, codes > 0)
    assert np.abs(across[codes > 0]).max() < 3
    bones = solve(BUILD, now, TILT)
    for part, joints in zip((*ARMS, *LEGS), [*bones.arms, *bones.legs]):
        side = Limb[part.name]
        assert set(limb[codes == part]) == {side}
        # Look up where joints and middles of bones have been painted.
        for position in (.9, 1., 1.3, 1.6, *([2.5] if part in ARMS else [])):
            k, rest = divmod(position, 1)
            a, b = joints[int(k):int(k) + 2]
            x, y = on_screen(now, a + (b - a) * rest).astype(int)
            assert limb[y, x] == side and abs(across[y, x]) < .3
            assert along[y, x] == pytest.approx(position, abs=.06)
    ends = ((Part.HAIR, Limb.HEAD, 1, .2), (SHOES[0], Limb.LEFT_LEG, 3, .1),
            (Part.UPPER_CLOTHES, Limb.TRUNK, 1, .2))
    for part, name, end, tolerance in ends:
        found = along[(codes == part) & (limb == name)]
        assert found.max() == pytest.approx(end, abs=tolerance)
    assert -.15 < found.min() < .1  # the shirt's hem
