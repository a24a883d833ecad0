# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.densepose.annotations import (check_points,
                                                  decode_part_mask, place,
                                                  place_mask)
from projects.qanet.utils.errors import InputError
from .people import DATA, PERSON, encode_parts

POINTS = dict(
    dp_x=[0, 255.],
    dp_y=[256., 51],
    dp_I=[1, 24.],
    dp_U=[0., 1],
    dp_V=[.5, .25])


def test_masks_as_released():
    with np.load(DATA / 'crops_48x64.npz') as golden:
        expected = golden['decoded_mask']
    labels = decode_part_mask(PERSON['dp_masks'], 'person')
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, expected)


def test_later_parts_lie_on_top():
    labels = decode_part_mask(
        encode_parts(
            part12=(30, 0, 60, 256),
            part2=(0, 10, 256, 20),
            part14=(0, 0, 5, 12)), 'person')
    expected = np.zeros((256, 256), np.uint8)
    expected[10:20], expected[:, 30:60], expected[:12, :5] = 2, 12, 14
    np.testing.assert_array_equal(labels, expected)
    assert not decode_part_mask([[]] * 14, 'person').any()


def test_a_person_in_an_image():
    """Against the definition, pixel by pixel and point by point."""
    masks = encode_parts(part3=(0, 0, 128, 64), part9=(100, 200, 256, 256))
    person = dict(POINTS, bbox=[10.6, 5.2, 25.9, 40.4], dp_masks=masks)
    labels, points = place(person, (60, 50))
    expected = np.zeros((50, 60), np.uint8)
    decoded = decode_part_mask(masks, 'person')
    for y in range(5, 45):
        for x in range(10, 36):
            expected[y, x] = decoded[(y - 5) * 256 // 40, (x - 10) * 256 // 26]
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_allclose(
        points.xy,
        [[10.6, 5.2 + 256 / 255 * 40.4], [10.6 + 25.9, 5.2 + .2 * 40.4]])
    np.testing.assert_array_equal(points.patches, [1, 24])
    np.testing.assert_array_equal(points.uv, [[0, .5], [1, .25]])
    assert [one.dtype for one in points] == [np.float64, np.int64, np.float64]


def test_masks_alone():
    labels, points = place(
        dict(bbox=[2, 1, 3, 5], dp_masks=encode_parts(part5=(0, 0, 256, 256))),
        (9, 7))
    expected = np.zeros((7, 9))
    expected[1:6, 2:5] = 5
    np.testing.assert_array_equal(labels, expected)
    assert [one.shape for one in points] == [(0, 2), (0, ), (0, 2)]


def test_boxes_at_the_edge():
    quarters = np.array([[1, 2], [3, 4]], np.uint8).repeat(128, 0)
    quarters = quarters.repeat(128, 1)
    # The far side is where the image ends, as released; what lies before the
    # near side is cut off.
    np.testing.assert_array_equal(
        place_mask(quarters, [3, 1, 100, 2], (5, 4)),
        [[0] * 5, [0, 0, 0, 1, 2], [0, 0, 0, 3, 4], [0] * 5])
    np.testing.assert_array_equal(
        place_mask(quarters, [-1, -3, 4, 4], (5, 2)),
        [[3, 4, 4, 0, 0], [0] * 5])
    for thin in ([2.1, 1, .8, 3], [1, 2.1, 3, .8], [-9, 0, 5, 5]):
        assert not place_mask(quarters, thin, (6, 5)).any()


@pytest.mark.parametrize('change, pattern', [
    (dict(dp_x=None), 'no list of numbers dp_x'),
    (dict(dp_V=[.5]), '2 dp_x, 2 dp_y, 2 dp_I, 2 dp_U, 1 dp_V, expected as '),
    (dict(dp_y=[1, -.5]), r'-0.5 in dp_y, allowed are numbers 0..256'),
    (dict(dp_x=[1, float('nan')]), 'nan in dp_x, allowed are numbers 0..256'),
    (dict(dp_x=[[1], [2, 3]]), r'\[1\] in dp_x, allowed'),
    (dict(dp_x=['1', 2]), "'1' in dp_x, allowed"),
    (dict(dp_x=[10**30, 2]), '1000.* in dp_x, allowed'),
    (dict(dp_I=[0, 1]), r'0 in dp_I, allowed are whole numbers 1..24'),
    (dict(dp_I=[25, 1]), '25 in dp_I'),
    (dict(dp_I=[1, 1.5]), '1.5 in dp_I'),
    (dict(dp_U=[.5, 1.01]), r'1.01 in dp_U, allowed are numbers 0..1'),
    (dict(dp_V=[None, 0]), 'None in dp_V'),
    ({
        key: value * 99
        for key, value in POINTS.items()
    }, '198 points, allowed are 196'),
])
def test_wrong_points(change, pattern):
    check_points(POINTS, 'person 7')
    check_points({key: value * 98 for key, value in POINTS.items()}, 'all')
    with pytest.raises(InputError, match=f'^person 7 has {pattern}'):
        check_points(dict(POINTS, **change), 'person 7')


@pytest.mark.parametrize('change, pattern', [
    (lambda masks: masks[:13], 'dp_masks that are no list of 14 masks'),
    (lambda masks: None, 'dp_masks that are no list of 14 masks'),
    (lambda masks: ['x', *masks[1:]], 'a mask of part 1 of the size None'),
    (lambda masks: [dict(masks[0], size=[256, 255]), *masks[1:]],
     r'a mask of part 1 of the size \[256, 255\], expected \[256, 256\]'),
    (lambda masks: [*masks[:13], dict(masks[13], counts='é')],
     'a mask of part 14 whose counts is not a compressed'),
    (lambda masks: [*masks[:13],
                    dict(size=[256, 256], counts='02')],
     'a mask of part 14 of 2 pixels, expected 65536'),
])
def test_wrong_masks(change, pattern):
    masks = encode_parts(part1=(0, 0, 9, 9), part14=(5, 5, 8, 8))
    with pytest.raises(InputError, match=f'^person 7 has {pattern}'):
        place(
            dict(bbox=[0, 0, 5, 5], dp_masks=change(masks)), (9, 8),
            'person 7')
