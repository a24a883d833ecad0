# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.synthetic import SyntheticScene, draw_scene
from projects.qanet.synthetic.labels import Part
from projects.qanet.synthetic.scene import MIN_VISIBLE_AREA
from projects.qanet.utils.errors import InputError

SIZE = (220, 150)


def _scene(seed, size=SIZE, num_people=(2, 4)):
    return draw_scene(np.random.default_rng(seed), size, num_people)


def test_types_and_shapes():
    scene = _scene(0)
    assert scene.image.shape == (150, 220, 3)
    assert scene.image.dtype == np.uint8
    for labels in (scene.category_map, scene.human_map, scene.instance_map):
        assert labels.shape == (150, 220)
        assert labels.dtype == np.uint8


def test_labels_agree_with_each_other():
    for seed in range(6):
        scene = _scene(seed)
        human, category = scene.human_map, scene.category_map
        assert np.array_equal(human > 0, category > 0)
        assert category.max() < 20
        # Ids run from 1 without gaps.
        ids = np.unique(human[human > 0])
        assert ids.tolist() == list(range(1, scene.num_persons + 1))
        assert 1 <= scene.num_persons <= 4
        expected = np.zeros(human.shape, int)
        for y, x in zip(*np.nonzero(human)):
            expected[y, x] = (int(human[y, x]) - 1) * 20 + category[y, x]
        assert np.array_equal(scene.instance_map, expected)


def test_table_boxes_and_areas():
    human = np.zeros((5, 7), np.uint8)
    category = np.zeros((5, 7), np.uint8)
    human[1:3, 2:6], category[1:3, 2:6] = 1, 13
    category[2, 2:6] = 10
    human[4, 6], category[4, 6] = 2, 19
    scene = SyntheticScene(np.zeros((5, 7, 3), np.uint8), category, human)
    assert scene.instance_table().tolist() == [[10, 10, 1], [13, 13, 1],
                                               [39, 19, 2]]
    assert scene.boxes().tolist() == [[2, 1, 4, 2], [6, 4, 1, 1]]
    assert scene.areas().tolist() == [8, 1]


def test_seed_decides_everything():
    first, again, other = _scene(3), _scene(3), _scene(4)
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.instance_map, again.instance_map)
    assert not np.array_equal(first.instance_map, other.instance_map)


def test_hidden_people_are_not_drawn():
    """In a crowd some would only show a sliver: they leave the scene."""
    numbers = []
    for seed in range(4):
        scene = _scene(seed, (120, 150), (12, 12))
        numbers.append(scene.num_persons)
        assert scene.areas().min() >= MIN_VISIBLE_AREA
        assert np.array_equal(
            np.unique(scene.human_map)[1:],
            np.arange(scene.num_persons) + 1)
    assert 3 < min(numbers) <= max(numbers) < 12


def test_class_values():
    names = [
        'background', 'hat', 'hair', 'glove', 'sunglasses', 'upper_clothes',
        'dress', 'coat', 'socks', 'pants', 'torso_skin', 'scarf', 'skirt',
        'face', 'left_arm', 'right_arm', 'left_leg', 'right_leg', 'left_shoe',
        'right_shoe'
    ]
    assert [part.name.lower() for part in sorted(Part)] == names
    assert [int(part) for part in sorted(Part)] == list(range(20))


@pytest.mark.parametrize('size, people, named', [
    ((63, 100), (1, 2), 'size'),
    ((100, 100), (0, 2), 'num_people'),
    ((100, 100), (3, 2), 'num_people'),
    ((100, 100), (1, 13), 'num_people'),
])
def test_bad_arguments(size, people, named):
    with pytest.raises(InputError, match=named):
        _scene(0, size, people)


def test_all_classes_occur_often():
    """Every class on a good share of people, as training needs it."""
    counts, persons = np.zeros(20), 0
    for seed in range(40):
        scene = _scene(seed, (280, 210), (2, 5))
        persons += scene.num_persons
        for human in range(1, scene.num_persons + 1):
            parts = scene.category_map[scene.human_map == human]
            counts += np.bincount(parts, minlength=20) >= 12
    assert persons >= 100
    share = counts / persons
    rare = [Part.HAT, Part.GLOVE, Part.SUNGLASSES, Part.SCARF, Part.SOCKS]
    assert share[rare].min() > .15
    assert share[1:].min() > .08, share.round(2)
