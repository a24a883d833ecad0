# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from dataclasses import replace

import numpy as np
import pytest

from projects.drawn_people.body import Build, Pose, solve
from projects.drawn_people.canvas import Canvas
from projects.drawn_people.figure import Spot
from projects.drawn_people.labels import Limb, Part
from projects.drawn_people.outfit import PIECES, Worn, sample_worn
from projects.drawn_people.person import (Person, paint_person, sample_person,
                                          sample_pose)
from projects.drawn_people.surface import Material

SCALE, TILT = 30., .12
BUILD = Build(False, .7, .66, .56, .6, 1., 1., 1.05)
# One hue for each piece.
COLORS = dict(
    skin=(120, 160, 240),
    hair=(20, 60, 60),
    top=(240, 40, 40),
    pants=(40, 240, 40),
    shoes=(160, 160, 20),
    skirt=(30, 140, 230),
    dress=(200, 30, 160),
    coat=(60, 60, 200),
    hat=(20, 220, 220),
    scarf=(230, 120, 10),
    gloves=(130, 20, 200),
    socks=(130, 200, 20),
    sunglasses=(90, 90, 90))


def worn(kind, **changes):
    base = np.array(COLORS[kind], float)
    plain = Material(base, base * .8, folds=.05)
    if kind not in PIECES:
        return Worn(plain, 'short', depth=.5)
    piece = sample_worn(np.random.default_rng(1), kind)
    return replace(piece, **{'material': plain, **changes})


def dressed(*kinds, **pieces):
    """T-shirt, shorts, shoes, and more or other pieces."""
    outfit = {
        'skin': worn('skin'),
        'hair': worn('hair'),
        'top': worn('top', ends={
            'arm': .5,
            'trunk': 0.
        }, style='plain'),
        'pants': worn('pants', ends={'trousers': .8}, flare=.02),
        'shoes': worn('shoes', style='sneaker')
    }
    outfit.update((kind, worn(kind)) for kind in kinds)
    outfit.update(pieces)
    if 'dress' in outfit:
        del outfit['top']
    if 'dress' in outfit or 'skirt' in outfit:
        del outfit['pants']
    return outfit


def pose(yaw=0., arms=(.5, 0.), head_yaw=0., **joints):
    arms, thighs = np.array([arms] * 2), np.array([[.12, 0.]] * 2)
    return replace(
        Pose(yaw, 0., 0., head_yaw, 0., arms, arms, thighs, np.zeros(2)),
        **joints)


def painted(outfit, now=pose(), number=1, coordinates=False):
    """Canvas with one person, 240 px wide and 260 px high."""
    canvas = Canvas(np.full((260, 240, 3), 255, np.uint8), coordinates)
    paint_person(canvas, Person(BUILD, outfit,
                                pose()), Spot(120., 245., SCALE), number,
                 np.array([.4, -.5]), TILT, now)
    return canvas


def labels(outfit, now=pose(), number=1):
    return painted(outfit, now, number).reduce()[1]


def middle(found, part):
    ys, xs = np.nonzero(found == part)
    assert len(ys) > 20, part
    return xs.mean(), ys.mean()


@pytest.mark.parametrize('yaw, sign', [(0., 1), (.4, 1), (np.pi, -1)])
def test_left_and_right_are_the_persons_own(yaw, sign):
    found = labels(dressed(), pose(yaw))
    for left, right in ((Part.LEFT_ARM, Part.RIGHT_ARM),
                        (Part.LEFT_LEG, Part.RIGHT_LEG), (Part.LEFT_SHOE,
                                                          Part.RIGHT_SHOE)):
        assert sign * (middle(found, left)[0] - middle(found, right)[0]) > 5


def test_order_from_head_to_toe():
    found = labels(dressed())
    heights = [
        middle(found, part)[1]
        for part in (Part.HAIR, Part.FACE, Part.TORSO_SKIN, Part.UPPER_CLOTHES,
                     Part.PANTS, Part.LEFT_LEG, Part.LEFT_SHOE)
    ]
    assert heights == sorted(heights)
    # Seven to eight heads between crown and sole.
    ys = np.nonzero(found)[0]
    assert 6.5 < np.ptp(ys) / SCALE < 8. and abs(ys.max() - 244) < 3


def test_back_view_has_hair_instead_of_a_face():
    front, back = labels(dressed()), labels(dressed(), pose(np.pi))
    assert (front == Part.FACE).sum() > 300
    assert (back == Part.FACE).sum() < 60  # ears may peek out
    assert (back == Part.HAIR).sum() > 1.5 * (front == Part.HAIR).sum()


@pytest.mark.parametrize('kind, part, style', [
    *(('hat', Part.HAT, style) for style in ('cap', 'beanie', 'brim')),
    *(('coat', Part.COAT, style) for style in ('open', 'closed')),
    ('gloves', Part.GLOVE, '-'),
    ('sunglasses', Part.SUNGLASSES, '-'),
    ('socks', Part.SOCKS, '-'),
    ('scarf', Part.SCARF, 'long'),
    ('skirt', Part.SKIRT, '-'),
    ('dress', Part.DRESS, '-'),
])
@pytest.mark.parametrize('yaw', [0., np.pi])
def test_each_garment_brings_its_class_and_no_other(kind, part, style, yaw):
    plain = labels(dressed(), pose(yaw))
    found = labels(dressed(**{kind: worn(kind, style=style)}), pose(yaw))
    seen = not (kind == 'sunglasses' and yaw)
    assert set(np.unique(found)) - set(np.unique(plain)) == {part} - (
        set() if seen else {part})
    assert ((found == part).sum() > 40) == seen


PARTS = dict(
    skin=(Part.TORSO_SKIN, Part.LEFT_ARM, Part.RIGHT_ARM, Part.LEFT_LEG,
          Part.RIGHT_LEG),
    hair=(Part.HAIR, ),
    top=(Part.UPPER_CLOTHES, ),
    pants=(Part.PANTS, ),
    shoes=(Part.LEFT_SHOE, Part.RIGHT_SHOE),
    skirt=(Part.SKIRT, ),
    dress=(Part.DRESS, ),
    coat=(Part.COAT, ),
    hat=(Part.HAT, ),
    scarf=(Part.SCARF, ),
    gloves=(Part.GLOVE, ),
    socks=(Part.SOCKS, ))


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
    canvas = painted(dressed(*kinds), now)
    codes, color = canvas.codes, canvas.color.astype(float)
    assert np.array_equal(codes > 0, (color < 255).any(axis=2))
    names = [name for name in dressed(*kinds) if name in PARTS]
    hues = np.array([COLORS[name] for name in names], float)
    hues /= np.linalg.norm(hues, axis=1, keepdims=True)
    bright = (np.linalg.norm(color, axis=2) > 60) & (codes != Part.FACE)
    pixels = color[bright & (codes > 0)]
    pixels /= np.linalg.norm(pixels, axis=1, keepdims=True)
    nearest = (pixels @ hues.T).argmax(axis=1)
    expected = np.zeros(len(Part), int)
    for k, name in enumerate(names):
        expected[list(PARTS[name])] = k
    wrong = nearest != expected[codes[bright & (codes > 0)]]
    assert len(wrong) > 20000 and wrong.sum() == 0


def test_long_clothes_cover_the_limbs():
    found = labels(
        dressed(
            'gloves',
            top=worn('top', ends={
                'arm': 1.9,
                'trunk': 0.
            }, style='plain'),
            pants=worn('pants', ends={'trousers': 2.})))
    for part in (Part.LEFT_ARM, Part.RIGHT_ARM, Part.LEFT_LEG, Part.RIGHT_LEG):
        assert (found == part).sum() < 25


def test_an_open_coat_shows_the_shirt_and_a_closed_one_hides_it():
    opened, closed = ((labels(
        dressed(coat=worn('coat', style=style))) == Part.UPPER_CLOTHES).sum()
                      for style in ('open', 'closed'))
    assert opened > 3 * closed


@pytest.mark.parametrize('yaw, seen', [(0., True), (np.pi, False)])
def test_forearms_before_the_belly_hide_it_from_the_front_only(yaw, seen):
    now = pose(yaw, (.2, .6), forearms=np.array([[-1.2, .9]] * 2))
    forearm = 0
    for part in (Part.LEFT_ARM, Part.RIGHT_ARM):
        xs = np.nonzero(labels(dressed(), now) == part)[1]
        forearm += (np.abs(xs - 120) < 10).sum()
    assert (forearm > 100) == seen


@pytest.mark.parametrize('yaw', [0., np.pi])
@pytest.mark.parametrize('part', [Part.LEFT_ARM, Part.RIGHT_ARM])
def test_thumbs_of_spread_arms_point_up(yaw, part):
    now = pose(yaw, (np.pi / 2 - .25, 0.))
    found = labels(dressed(), now)
    bones = solve(BUILD, now, TILT)
    _, _, wrist, tip = bones.arms[part - Part.LEFT_ARM]
    ys, xs = np.nonzero(found == part)
    spots = (np.stack([xs + .5, ys + .5], axis=1) -
             [120, 245 - bones.ground * SCALE]) / SCALE - wrist[:2]
    along = (tip - wrist)[:2] / np.linalg.norm((tip - wrist)[:2])
    up = np.array([along[1], -along[0]]) * np.sign(along[0])
    beyond = spots @ along > .12
    height = spots[beyond] @ up
    assert height.max() > .25 and -.2 < height.min() < 0


def test_sunglasses_cover_the_eyes_and_no_cheek():
    """Below the middle of the skull and above, at both sides of the nose."""
    found, plain = labels(dressed('sunglasses')), labels(dressed())
    ys, xs = np.nonzero(found == Part.SUNGLASSES)
    bones = solve(BUILD, pose(), TILT)
    skull = np.array([120, 245 - bones.ground * SCALE]) + (
        SCALE * bones.skull[:2])
    assert (plain[ys, xs] == Part.FACE).mean() > .95
    x, y = xs + .5 - skull[0], ys + .5 - skull[1]
    assert y.mean() == pytest.approx(0, abs=2) and 7.5 < y.max() < 9
    assert -14 < x.min() < -8 and 8 < x.max() < 14
    assert (np.abs(x) < 1.5).sum() < .2 * len(x)  # the bridge is thin


def test_coordinates_run_along_the_limbs():
    now = pose(arms=(.9, 0.))
    canvas = painted(dressed('socks'), now, coordinates=True)
    codes = canvas.reduce()[1]
    limb, along, across = np.moveaxis(canvas.reduce_coordinates(), 2, 0)
    assert np.array_equal(limb > 0, codes > 0)
    assert np.abs(across[codes > 0]).max() < 3
    bones = solve(BUILD, now, TILT)
    origin = np.array([120, 245 - bones.ground * SCALE])
    limbs = (Part.LEFT_ARM, Part.RIGHT_ARM, Part.LEFT_LEG, Part.RIGHT_LEG)
    for part, joints in zip(limbs, [*bones.arms, *bones.legs]):
        side = Limb[part.name]
        assert set(limb[codes == part]) == {side}
        # Look up where joints and middles of bones have been painted.
        for position in (.9, 1., 1.3, 1.6, *([2.5] if side < 5 else [])):
            x, y = origin + SCALE * np.array([
                np.interp(position, range(len(joints)), joints[:, k])
                for k in range(2)
            ])
            spot = int(y), int(x)
            assert limb[spot] == side
            assert along[spot] == pytest.approx(position, abs=.06)
            assert abs(across[spot]) < .3
    head = limb == Limb.HEAD
    assert along[head & (codes == Part.HAIR)].max() == pytest.approx(1, abs=.2)
    assert set(limb[codes == Part.LEFT_SHOE]) == {Limb.LEFT_LEG}
    assert along[codes == Part.LEFT_SHOE].max() == pytest.approx(3, abs=.1)
    chest = along[(codes == Part.UPPER_CLOTHES) & (limb == Limb.TRUNK)]
    assert .8 < chest.max() < 1.1 and -.15 < chest.min() < .1


def test_a_person_keeps_clothes_and_body_from_frame_to_frame():
    rng = np.random.default_rng(6)
    person, goal = sample_person(rng), sample_pose(rng)
    frames = []
    for share, spot in ((0., Spot(90., 280., 33.)), (.6, Spot(70., 270.,
                                                              30.))):
        canvas = Canvas(np.full((290, 160, 3), 90, np.uint8))
        now = person.pose.blend(goal, share)
        paint_person(canvas, person, spot, 1, np.zeros(2), .1, now)
        frames.append(canvas.reduce())
    (first, codes), (second, others) = frames
    assert (codes != others).mean() > .05
    shared = set(np.unique(codes)) & set(np.unique(others)) - {0}
    assert len(shared) > 6
    for part in shared:
        if min((codes == part).sum(), (others == part).sum()) > 150:
            hue, again = (np.median(image[found == part], axis=0)
                          for image, found in ((first, codes), (second,
                                                                others)))
            assert np.allclose(hue, again, atol=30)
    # Without another pose it keeps its own.
    canvas = Canvas(np.full((290, 160, 3), 90, np.uint8))
    paint_person(canvas, person, Spot(90., 280., 33.), 1, np.zeros(2), .1)
    assert np.array_equal(canvas.reduce()[0], first)
