# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.drawn_people import draw_scene
from projects.drawn_people.backgrounds import PLACES, draw_place
from projects.drawn_people.canvas import Canvas
from projects.drawn_people.figure import Spot
from projects.drawn_people.labels import Part
from projects.drawn_people.scene import CLASSES
from projects.drawn_people.things import (OBSTACLES, THINGS, paint_thing,
                                          sample_thing)
from projects.qanet.datasets import CIHPParsingDataset
from projects.qanet.utils.errors import InputError


def draw(seed, size=(220, 150), num_people=(2, 4), num_things=None):
    rng = np.random.default_rng(seed)
    return draw_scene(rng, size, num_people, num_things)


def counts(values):
    return np.bincount(values.ravel()).tolist()


@pytest.mark.parametrize('options, categories, numbers, mean, quality', [
    ((13, (200, 150), (5, 5)), [
        16077, 136, 1238, 0, 0, 1550, 1140, 2691, 133, 1518, 245, 0, 1074, 311,
        730, 538, 591, 534, 619, 875
    ], [16077, 2693, 3532, 2108, 2431, 3159], (129.5, 143.3, 148.1), 86),
    ((12, (120, 160), (1, 1), (6, 6)), [14907, 1119, 590, 1001, 1498, 0, 85],
     [14907, 85, 756, 742, 1119, 1001, 60, 530], (165.2, 155.7, 158.6), 79),
])
def test_known_scenes(options, categories, numbers, mean, quality):
    scene = draw(*options)
    # Other versions of OpenCV may round elsewhere.
    assert np.allclose(counts(scene.category_map), categories, .02, 5)
    assert np.allclose(counts(scene.number_map), numbers, .02, 5)
    assert np.allclose(scene.image.mean(axis=(0, 1)), mean, 0, .7)
    assert scene.jpeg_quality == quality
    ys, xs = np.nonzero(scene.number_map == 2)
    size = np.ptp(xs) + 1, np.ptp(ys) + 1
    assert scene.boxes()[1].tolist() == [xs.min(), ys.min(), *size]
    for values in (scene.image, scene.category_map, scene.number_map):
        assert values.shape[:2] == options[1][::-1]
        assert values.dtype == np.uint8


def test_hidden_people_leave_the_scene():
    assert 3 < draw(0, (120, 150), (12, 12)).number_map.max() < 12


def test_only_things_or_only_people():
    scene = draw(1, num_people=(0, 0), num_things=(12, 12))
    assert 1 not in scene.category_map and scene.number_map.max() >= 5
    scene = draw(1, num_people=(2, 2), num_things=(0, 0))
    assert set(np.unique(scene.category_map)) == {0, 1}


def test_surfaces_on_request_change_nothing_else():
    options = dict(size=(150, 110), num_people=(1, 2), num_things=(2, 3))
    plain, scene = (
        draw_scene(np.random.default_rng(3), **options, surface=surface)
        for surface in (False, True))
    assert plain.surface is None
    for name in ('image', 'category_map', 'number_map'):
        assert np.array_equal(getattr(plain, name), getattr(scene, name))
    assert scene.surface.shape == (110, 150, 3)
    # Things have no body.
    assert len(counts(scene.category_map)) > 2
    assert np.array_equal(scene.surface[..., 0] > 0, scene.category_map == 1)
    assert scene.surface[..., 1:].max() <= 1 and scene.surface.min() == 0


def test_class_values():
    assert CLASSES == ('person', 'ball', 'balloon', 'crate', 'bottle',
                       'umbrella', 'sign')
    assert [part.name for part in Part] == [
        name.upper().replace('-', '_')
        for name in CIHPParsingDataset.METAINFO['classes']
    ]


@pytest.mark.parametrize('options, named', [
    (dict(size=(63, 100)), r'size \(w, h\) must be at least 64 px each'),
    (dict(num_people=(0, 2)), 'num_people must be .* within 1 to 12'),
    (dict(num_people=(3, 2)), r'num_people .*got \(3, 2\)'),
    (dict(num_people=(1, 13)), 'num_people'),
    (dict(num_things=(0, 13)), 'num_things .* within 0 to 12'),
    (dict(num_people=(0, 1), num_things=(0, 3)), 'both begin at 0'),
    (dict(num_people=(1, 6), num_things=(3, 7)), 'together'),
])
def test_bad_numbers_are_named(options, named):
    with pytest.raises(InputError, match=named):
        draw(0, **options)


def test_all_classes_occur_often():
    """Every class on a good share of people, as training needs it."""
    worn = []
    for seed in range(25):
        scene = draw(seed, (220, 170), (4, 6))
        assert np.array_equal(scene.number_map > 0, scene.category_map > 0)
        assert min(counts(scene.number_map)) >= 160
        for number in range(1, scene.number_map.max() + 1):
            parts = scene.category_map[scene.number_map == number]
            worn.append(np.bincount(parts, minlength=20) >= 12)
    share = np.mean(worn, axis=0)
    rare = [Part.HAT, Part.GLOVE, Part.SUNGLASSES, Part.SCARF, Part.SOCKS]
    assert len(worn) >= 100 and share[rare].min() > .15
    assert share[1:].min() > .08, share.round(2)


@pytest.mark.parametrize('kind', [*THINGS, *OBSTACLES])
def test_things_stand_where_they_should(kind):
    for seed in range(6):
        canvas = Canvas(np.full((200, 300, 3), 90, np.uint8))
        thing = sample_thing(np.random.default_rng(seed), kind)
        spot, light = Spot(170., 180., 18.), np.array([.5, -.4])
        paint_thing(canvas, thing, spot, 21, light)
        image, codes = canvas.reduce()
        ys, xs = np.nonzero(codes == 21)
        assert 130 < xs.mean() < 210 and 120 < ys.max() <= 182
        # It is drawn where it is labelled, and nowhere else.
        changed = (image != 90).any(axis=2)
        assert changed[codes > 0].mean() > .93
        assert (changed & (codes == 0)).sum() < .25 * len(ys)


@pytest.mark.parametrize('place', PLACES)
@pytest.mark.parametrize('size', [(64, 64), (90, 160), (230, 120)])
def test_every_place_at_any_size(place, size):
    image = draw_place(np.random.default_rng(0), place, size, size[1] // 2)
    assert image.shape == (size[1], size[0], 3) and image.std() > 3
    assert (image.max(axis=2) > 0).mean() > .95
