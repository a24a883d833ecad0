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
    base = np.array(LOOKS[kind][0], float)
    plain = Material(base, base * .8, folds=.05)
    if kind not in PIECES:
        return Worn(plain, 'short', depth=.5)
    piece = sample_worn(np.random.default_rng(1), kind)
    return replace(piece, **{'material': plain, **changes})


def dressed(*kinds, **pieces):
    """T-shirt, shorts, shoes, and more or other pieces."""
    outfit = {kind: worn(kind) for kind in ('skin', 'hair', *kinds)}
    outfit['shoes'] = worn('shoes', style='sneaker')
    if 'dress' not in kinds:
        ends = {'arm': .5, 'trunk': 0.}
        outfit['top'] = worn('top', ends=ends, style='plain')
    if not {'dress', 'skirt'} & set(kinds):
        outfit['pants'] = worn('pants', ends={'trousers': .8}, flare=.02)
    return {**outfit, **pieces}


def pose(yaw=0., arms=(.5, 0.), **joints):
    arms, thighs = np.array([arms] * 2), np.array([[.12, 0.]] * 2)
    now = Pose(yaw, 0., 0., 0., 0., arms, arms, thighs, np.zeros(2))
    return replace(now, **joints)


def painted(outfit, now=pose(), coordinates=False):
    """Canvas with one person, 240 px wide and 260 px high."""
    canvas = Canvas(np.full((260, 240, 3), 255, np.uint8), coordinates)
    paint_person(canvas, Person(BUILD, outfit, now), Spot(120., 245., SCALE),
                 1, np.array([.4, -.5]), TILT)
    return canvas


def labels(*arguments):
    return painted(*arguments).reduce()[1]


def on_screen(now, joints):
    """Joints (..., 3) of this pose, px (..., 2)."""
    origin = [120, 245 - solve(BUILD, now, TILT).ground * SCALE]
    return origin + SCALE * joints[..., :2]


def middle(found, part):
    ys, xs = np.nonzero(found == part)
    assert len(ys) > 20, part
    return xs.mean(), ys.mean()


@pytest.mark.parametrize('yaw, sign', [(0., 1), (.4, 1), (np.pi, -1)])
def test_sides_are_the_persons_own_and_heads_are_above_feet(yaw, sign):
    found = labels(dressed(), pose(yaw))
    for left, right in (ARMS, LEGS, SHOES):
        assert sign * (middle(found, left)[0] - middle(found, right)[0]) > 5
    parts = (Part.HAIR, Part.UPPER_CLOTHES, Part.PANTS, *LEGS[:1], *SHOES[:1])
    heights = [middle(found, part)[1] for part in parts]
    assert heights == sorted(heights)
    # Seven to eight heads between crown and sole.
    ys = np.nonzero(found)[0]
    assert 6.5 < np.ptp(ys) / SCALE < 8. and abs(ys.max() - 244) < 3
    # Ears may peek out at the back.
    face = (found == Part.FACE).sum()
    assert face > 300 if sign > 0 else face < 60


@pytest.mark.parametrize('kind, style', [
    *(('hat', style) for style in ('cap', 'beanie', 'brim')),
    ('coat', 'open'),
    ('coat', 'closed'),
    ('scarf', 'long'),
    *((kind, '-')
      for kind in ('gloves', 'sunglasses', 'socks', 'skirt', 'dress')),
])
@pytest.mark.parametrize('yaw', [0., np.pi])
def test_each_garment_brings_its_class_and_no_other(kind, style, yaw):
    part, = LOOKS[kind][1]
    plain = labels(dressed(), pose(yaw))
    found = labels(dressed(**{kind: worn(kind, style=style)}), pose(yaw))
    seen = not (kind == 'sunglasses' and yaw)
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


def test_clothes_cover_what_they_should():
    top = worn('top', ends={'arm': 1.9, 'trunk': 0.}, style='plain')
    pants = worn('pants', ends={'trousers': 2.})
    found = labels(dressed('gloves', top=top, pants=pants))
    assert all((found == part).sum() < 25 for part in (*ARMS, *LEGS))
    # An open coat shows the shirt.
    coats = [worn('coat', style=style) for style in ('open', 'closed')]
    opened, closed = (
        np.sum(labels(dressed(coat=coat)) == Part.UPPER_CLOTHES)
        for coat in coats)
    assert opened > 3 * closed


@pytest.mark.parametrize('yaw, seen', [(0., True), (np.pi, False)])
def test_forearms_before_the_belly_hide_it_from_the_front_only(yaw, seen):
    now = pose(yaw, (.2, .6), forearms=np.array([[-1.2, .9]] * 2))
    arms = np.isin(labels(dressed(), now), ARMS)
    assert (arms[:, 111:130].sum() > 100) == seen


@pytest.mark.parametrize('yaw', [0., np.pi])
@pytest.mark.parametrize('i', [0, 1])
def test_thumbs_of_spread_arms_point_up(yaw, i):
    now = pose(yaw, (np.pi / 2 - .25, 0.))
    ys, xs = np.nonzero(labels(dressed(), now) == ARMS[i])
    wrist, tip = on_screen(now, solve(BUILD, now, TILT).arms[i, 2:])
    spots = (np.stack([xs + .5, ys + .5], axis=1) - wrist) / SCALE
    along = (tip - wrist) / np.linalg.norm(tip - wrist)
    up = np.array([along[1], -along[0]]) * np.sign(along[0])
    height = spots[spots @ along > .12] @ up
    assert height.max() > .25 and -.2 < height.min() < 0


def test_sunglasses_cover_the_eyes_and_no_cheek():
    """Below the middle of the skull and above, at both sides of the nose."""
    found, plain = labels(dressed('sunglasses')), labels(dressed())
    ys, xs = np.nonzero(found == Part.SUNGLASSES)
    assert (plain[ys, xs] == Part.FACE).mean() > .95
    skull = on_screen(pose(), solve(BUILD, pose(), TILT).skull)
    x, y = xs + .5 - skull[0], ys + .5 - skull[1]
    assert y.mean() == pytest.approx(0, abs=2) and 7.5 < y.max() < 9
    assert -14 < x.min() < -8 and 8 < x.max() < 14
    assert (np.abs(x) < 1.5).sum() < .2 * len(x)  # the bridge is thin


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


def test_a_person_keeps_clothes_and_body_from_frame_to_frame():
    rng = np.random.default_rng(6)
    person, goal = sample_person(rng), sample_pose(rng)
    frames = []
    for spot, now in ((Spot(90., 280.,
                            33.), None), (Spot(70., 270., 30.),
                                          person.pose.blend(goal, .6))):
        canvas = Canvas(np.full((290, 160, 3), 90, np.uint8))
        paint_person(canvas, person, spot, 1, np.zeros(2), .1, now)
        frames.append(canvas.reduce())
    assert (frames[0][1] != frames[1][1]).mean() > .05
    compared = 0
    for part in list(Part)[1:]:
        chosen = [image[codes == part] for image, codes in frames]
        if min(map(len, chosen)) > 150:
            first, again = (np.median(pixels, axis=0) for pixels in chosen)
            assert np.allclose(first, again, atol=30)
            compared += 1
    assert compared > 3
