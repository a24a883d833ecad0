# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from dataclasses import replace

import numpy as np
import pytest

from projects.qanet.synthetic.canvas import Canvas
from projects.qanet.synthetic.labels import Part
from projects.qanet.synthetic.outfits import draw_outfit
from projects.qanet.synthetic.person import Person, draw_person
from projects.qanet.synthetic.pose import Build, Pose, solve
from projects.qanet.synthetic.wardrobe import draw_cloth

SCALE = 30.


def _cloth(seed):
    return draw_cloth(np.random.default_rng(seed), 'bag')


def _bare(**changes):
    """T-shirt, shorts, shoes and nothing else."""
    outfit = draw_outfit(np.random.default_rng(1), False)
    plain = dict(
        hair_style='short',
        sleeve=.5,
        hem=0.,
        lower_kind='shorts',
        lower_length=.8,
        coat=None,
        scarf=None,
        hat=None,
        glasses=None,
        gloves=None,
        socks=None,
        shoe_kind='sneaker',
        bag=None)
    return replace(outfit, **{**plain, **changes})


def _labels(outfit, yaw=0., human=1, **pose):
    """Category map of one person, 150 px wide and 260 px high."""
    arms, thighs = np.array([[.5, 0.]] * 2), np.array([[.12, 0.]] * 2)
    joints = dict(
        tilt=.12,
        lean=0.,
        bend=0.,
        head_yaw=0.,
        head_roll=0.,
        upper_arms=arms,
        forearms=arms,
        thighs=thighs,
        knees=np.zeros(2))
    build = Build(False, .7, .66, .56, .6, 1., 1., 1.05)
    pose = Pose(yaw=yaw, **{**joints, **pose})
    person = Person(build, pose, outfit, solve(build, pose))
    canvas = Canvas(np.zeros((260, 150, 3), np.uint8))
    draw_person(canvas, person, (75., 125.), SCALE, human, (.4, -.5))
    return canvas.reduce()[1]


def _middle(labels, part):
    ys, xs = np.nonzero(labels == part)
    assert len(ys) > 20, part
    return xs.mean(), ys.mean()


@pytest.mark.parametrize('yaw, sign', [(0., 1), (.4, 1), (np.pi, -1)])
def test_left_and_right_are_the_persons_own(yaw, sign):
    labels = _labels(_bare(), yaw)
    for left, right in ((Part.LEFT_ARM, Part.RIGHT_ARM),
                        (Part.LEFT_LEG, Part.RIGHT_LEG), (Part.LEFT_SHOE,
                                                          Part.RIGHT_SHOE)):
        apart = _middle(labels, left)[0] - _middle(labels, right)[0]
        assert sign * apart > 5


def test_order_from_head_to_toe():
    labels = _labels(_bare())
    order = [
        Part.HAIR, Part.FACE, Part.TORSO_SKIN, Part.UPPER_CLOTHES, Part.PANTS,
        Part.LEFT_LEG, Part.LEFT_SHOE
    ]
    heights = [_middle(labels, part)[1] for part in order]
    assert heights == sorted(heights)
    # Seven to eight heads between crown and sole.
    ys = np.nonzero(labels)[0]
    assert 6.5 < (ys.max() - ys.min()) / SCALE < 8.


def test_back_view_has_hair_instead_of_a_face():
    front, back = _labels(_bare()), _labels(_bare(), np.pi)
    assert (front == Part.FACE).sum() > 300
    # Ears may peek out.
    assert (back == Part.FACE).sum() < 60
    assert (back == Part.HAIR).sum() > 1.5 * (front == Part.HAIR).sum()


@pytest.mark.parametrize('change, part', [
    (dict(hat=_cloth(2), hat_kind='cap'), Part.HAT),
    (dict(hat=_cloth(2), hat_kind='beanie'), Part.HAT),
    (dict(hat=_cloth(2), hat_kind='brim'), Part.HAT),
    (dict(gloves=_cloth(3)), Part.GLOVE),
    (dict(glasses=np.zeros(3)), Part.SUNGLASSES),
    (dict(coat=_cloth(4), coat_length=.6, coat_open=True), Part.COAT),
    (dict(coat=_cloth(4), coat_length=.6, coat_open=False), Part.COAT),
    (dict(socks=_cloth(5), sock_height=1.4), Part.SOCKS),
    (dict(scarf=_cloth(6), scarf_tails=2), Part.SCARF),
    (dict(lower_kind='skirt', flare=.2), Part.SKIRT),
    (dict(lower_kind='dress', flare=.2), Part.DRESS),
])
def test_each_garment_brings_its_class_and_no_other(change, part):
    plain, dressed = _labels(_bare()), _labels(_bare(**change))
    added = set(np.unique(dressed)) - set(np.unique(plain))
    assert added == {part}
    assert (dressed == part).sum() > 40


def test_long_sleeves_and_trousers_cover_the_limbs():
    labels = _labels(
        _bare(
            sleeve=1.9, lower_kind='pants', lower_length=2., gloves=_cloth(3)))
    for part in (Part.LEFT_ARM, Part.RIGHT_ARM, Part.LEFT_LEG, Part.RIGHT_LEG):
        assert (labels == part).sum() < 25


def test_an_open_coat_shows_the_shirt_and_a_closed_one_hides_it():
    shirt = [
        (_labels(_bare(coat=_cloth(4), coat_length=.6,
                       coat_open=is_open)) == Part.UPPER_CLOTHES).sum()
        for is_open in (True, False)
    ]
    assert shirt[0] > 3 * shirt[1]


def test_raised_arms_are_above_the_head():
    up = np.array([[2.7, 0.]] * 2)
    labels = _labels(_bare(), upper_arms=up, forearms=up)
    arm = np.nonzero(labels == Part.LEFT_ARM)[0].min()
    assert arm < np.nonzero(labels == Part.HAIR)[0].min()


def test_a_bag_is_background():
    forward = np.array([[.1, .6]] * 2)
    free = _labels(_bare(), upper_arms=forward, forearms=forward)
    carried = _labels(
        _bare(bag=_cloth(7), bag_hand=0), upper_arms=forward, forearms=forward)
    assert set(np.unique(carried)) == set(np.unique(free))
    assert (carried > 0).sum() < (free > 0).sum()


def test_human_id_is_part_of_the_code():
    assert np.array_equal(
        np.unique(_labels(_bare(), human=4))[1:],
        np.unique(_labels(_bare()))[1:] + 60)
