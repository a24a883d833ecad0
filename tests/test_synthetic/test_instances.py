# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.synthetic.canvas import Canvas
from projects.qanet.synthetic.instances import CLASSES, draw_instance_scene
from projects.qanet.synthetic.instances_shapes import Spot, slats
from projects.qanet.synthetic.instances_things import THINGS, draw_thing
from projects.qanet.utils.errors import InputError

SIZE = (180, 130)


def draw(seed, **options):
    return draw_instance_scene(np.random.default_rng(seed), SIZE, **options)


def test_classes_are_people_and_all_things():
    assert CLASSES == ('person', 'ball', 'balloon', 'crate', 'bottle',
                       'umbrella', 'sign')


def test_every_instance_is_seen_and_has_a_class():
    found = set()
    for seed in range(6):
        scene = draw(seed)
        assert scene.image.shape == (130, 180, 3)
        assert scene.image.dtype == scene.instance_map.dtype == np.uint8
        numbers, areas = np.unique(scene.instance_map, return_counts=True)
        count = len(scene.categories)
        assert numbers.tolist() == list(range(count + 1))
        assert areas[1:].min() >= 60
        assert 1 <= count <= 8
        found |= set(scene.categories.tolist())
    assert found <= set(range(1, 8))
    assert 1 in found and len(found) >= 5


def test_masks_are_the_map_taken_apart():
    scene = draw(3)
    masks = scene.masks()
    assert masks.shape == (len(scene.categories), 130, 180)
    assert masks.sum(0).max() == 1
    again = (masks * np.arange(1, len(masks) + 1)[:, None, None]).sum(0)
    assert np.array_equal(again, scene.instance_map)


def test_same_seed_same_scene_other_seed_another():
    first, second, other = draw(7), draw(7), draw(8)
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.instance_map, second.instance_map)
    assert not np.array_equal(first.instance_map, other.instance_map)


def test_numbers_of_people_and_things():
    scene = draw(1, num_people=(0, 0), num_things=(12, 12))
    assert 1 not in scene.categories and len(scene.categories) >= 5
    scene = draw(1, num_people=(2, 2), num_things=(0, 0))
    assert set(scene.categories.tolist()) == {1}


@pytest.mark.parametrize('kind', THINGS)
def test_things_stand_where_they_should(kind):
    for seed in range(4):
        canvas = Canvas(np.full((200, 300, 3), 90, np.uint8))
        spot = Spot(170., 180., 18., (.5, -.4))
        draw_thing(np.random.default_rng(seed), kind, canvas, spot, 21)
        image, codes = canvas.reduce()
        assert set(np.unique(codes)) == {0, 21}
        ys, xs = np.nonzero(codes)
        assert 100 < xs.mean() < 240
        assert ys.max() <= 190
        # It is drawn where it is labelled, and nowhere far from there.
        changed = (image.astype(int) != 90).any(2)
        assert changed[codes > 0].mean() > .97
        assert (changed & (codes == 0)).sum() < .15 * len(ys) + 80


def test_slats_leave_gaps():
    canvas = Canvas(np.zeros((60, 100, 3), np.uint8))
    corners = np.array([[10, 10], [90, 10], [90, 50], [10, 50]], float)
    canvas.fill(slats(corners, 3), lambda x, y: np.full((len(x), 3), 200.), 5)
    middle = canvas.reduce()[1][10:50, 50]
    runs = np.count_nonzero(np.diff(middle.astype(int)) > 0) + (middle[0] > 0)
    assert runs == 3
    assert 0 < (middle == 0).mean() < .6
    assert (canvas.reduce()[1][12:48, 13] == 5).all()  # an upright edge


@pytest.mark.parametrize('options, named', [
    (dict(num_people=(2, 1)), 'num_people'),
    (dict(num_things=(0, 13)), 'num_things'),
    (dict(num_people=(0, 1), num_things=(0, 3)), 'both begin at 0'),
    (dict(num_people=(1, 6), num_things=(3, 7)), 'together'),
])
def test_bad_numbers_are_named(options, named):
    with pytest.raises(InputError, match=named):
        draw(0, **options)


def test_small_sizes_are_refused():
    with pytest.raises(InputError, match='size'):
        draw_instance_scene(np.random.default_rng(0), (100, 63))
