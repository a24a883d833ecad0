# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from projects.qanet.densepose.annotations import check_points, decode_part_mask
from projects.qanet.utils.errors import InputError

POINTS = dict(
    dp_x=[0., 255.9],
    dp_y=[3, 256],
    dp_I=[1., 24.],
    dp_U=[0., 1.],
    dp_V=[.25, 1])


def test_good_points():
    check_points(POINTS, 'x')
    check_points({key: [] for key in POINTS}, 'x')
    check_points({key: values[:1] * 196 for key, values in POINTS.items()}, '')


@pytest.mark.parametrize('change, message', [
    (dict(dp_U=[.5, 1.01]), r'has 1.01 in dp_U, allowed are numbers 0\.\.1'),
    (dict(dp_V=[-.1, 0]), r'has -0.1 in dp_V, allowed are numbers 0\.\.1'),
    (dict(dp_I=[1, 25]), r'has 25 in dp_I, allowed are whole numbers 1\.\.24'),
    (dict(dp_I=[0, 1]), 'has 0 in dp_I'),
    (dict(dp_I=[1.5, 1]), 'has 1.5 in dp_I'),
    (dict(dp_x=[1, 256.5]),
     r'has 256.5 in dp_x, allowed are numbers 0\.\.256'),
    (dict(dp_y=[float('nan'), 1]), 'has nan in dp_y'),
    (dict(dp_y=['3', 1]), "has '3' in dp_y"),
    (dict(dp_V=None), 'has no list of numbers dp_V'),
    (dict(dp_I=[3.] * 3), 'has 2 dp_x, 2 dp_y, 3 dp_I, 2 dp_U, 2 dp_V, expec'),
    ({
        key: values[:1] * 197
        for key, values in POINTS.items()
    }, 'has 197 points, allowed are 196'),
])
def test_bad_points(change, message):
    with pytest.raises(InputError, match='^file: person ' + message):
        check_points({**POINTS, **change}, 'file: person')


def encode(mask):
    code = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return dict(code, counts=code['counts'].decode())


def test_later_parts_cover_earlier_ones():
    rng = np.random.default_rng(0)
    masks, expected = [[] for _ in range(14)], np.zeros((256, 256), np.uint8)
    for part in (1, 4, 9, 14):
        mask = np.zeros((256, 256), np.uint8)
        top, left = rng.integers(0, 150, 2)
        mask[top:top + 100, left:left + 60] = rng.random((100, 60)) < .7
        masks[part - 1] = encode(mask)
        expected[mask > 0] = part
    found = decode_part_mask(masks, 'x')
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)
    assert not decode_part_mask([[]] * 14, 'x').any()


@pytest.mark.parametrize('masks, message', [
    (None, 'dp_masks that are no list of 14 masks'),
    ([[]] * 13, 'no list of 14 masks'),
    (dict(size=[256, 255]),
     r'part 3 of the size \[256, 255\], expected \[256'),
    ('text', 'part 3 of the size None'),
    (dict(counts='PPP'), 'part 3 of 0 pixels, expected 65536|part 3 whose'),
    (dict(counts=3), 'part 3 whose counts is not a compressed'),
    (dict(counts='~~'), 'part 3 whose counts is not a compressed'),
])
def test_bad_masks(masks, message):
    if isinstance(masks, dict):
        masks = {**encode(np.eye(256)), **masks}
    if isinstance(masks, (dict, str)):
        masks = [[], [], masks, *[[]] * 11]
    with pytest.raises(InputError, match=f'^file: person has .*({message})'):
        decode_part_mask(masks, 'file: person')
