# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmcv.transforms.utils import cache_random_params

from projects.qanet.datasets import LoadPersonParsing  # noqa: F401
from projects.qanet.datasets import (GetParsingBox, RandomParsingAffine,
                                     RandomParsingFlip, TopDownAffine)


def test_get_parsing_box():
    # 20 x 40 px: right aspect for a crop of 32 x 64, so only padded.
    results = GetParsingBox((32, 64), padding=1.5)(
        dict(bbox=np.float32([10, 20, 30, 60])))
    np.testing.assert_allclose(results['bbox_center'], [20, 40])
    np.testing.assert_allclose(results['bbox_scale'], [30, 60])


def test_affine_draws():
    np.random.seed(0)
    transform = RandomParsingAffine()
    draws = []
    for _ in range(4000):
        results = transform(dict(bbox_scale=np.float32([30, 60])))
        factor = results['bbox_scale'] / [30, 60]
        assert factor[0] == pytest.approx(factor[1])
        draws.append((factor[0], results['bbox_rotation']))
    factors, rotations = np.array(draws).T
    # P(|N(0, 1)| > 1) = 0.317 is clipped; inside, the deviation is 0.3.
    assert factors.min() == pytest.approx(.7)
    assert factors.max() == pytest.approx(1.3)
    at_limit = np.isclose(factors, .7) | np.isclose(factors, 1.3)
    assert at_limit.mean() == pytest.approx(.317, abs=.03)
    # Six in ten rotate, of those P(|N(0, 1)| > 2) = 0.046 are clipped.
    turned = rotations[rotations != 0]
    assert len(turned) / 4000 == pytest.approx(.6, abs=.03)
    assert np.abs(turned).max() == 80
    assert (np.abs(turned) == 80).mean() == pytest.approx(.046, abs=.02)
    assert np.median(np.abs(turned)) == pytest.approx(.674 * 40, abs=2)
    assert turned.mean() == pytest.approx(0, abs=3)


def test_no_rotation_and_cached_draws():
    transform = RandomParsingAffine(rotate_prob=0.)
    with cache_random_params(transform):
        first = transform(dict(bbox_scale=np.float32([30, 60])))
        second = transform(dict(bbox_scale=np.float32([30, 60])))
    np.testing.assert_array_equal(first['bbox_scale'], second['bbox_scale'])
    assert first['bbox_rotation'] == 0


def flip_sample():
    return dict(
        img=np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3),
        gt_seg_map=np.array([[0, 1, 2], [3, 255, 1]], np.uint8),
        bbox_center=np.float32([.5, 1]),
        flip_pairs=[(1, 2)])


def test_flip():
    results = RandomParsingFlip(prob=1.)(flip_sample())
    assert results['flip'] and results['flip_direction'] == 'horizontal'
    np.testing.assert_array_equal(results['img'],
                                  flip_sample()['img'][:, ::-1])
    np.testing.assert_array_equal(results['gt_seg_map'],
                                  [[1, 2, 0], [2, 255, 3]])
    np.testing.assert_array_equal(results['bbox_center'], [1.5, 1])


def test_flip_probability():
    np.random.seed(0)
    transform = RandomParsingFlip(prob=.3)
    flips = []
    for _ in range(2000):
        results = transform(flip_sample())
        flips.append(results['flip'])
        if not results['flip']:
            assert results['flip_direction'] is None
            for key, value in flip_sample().items():
                np.testing.assert_array_equal(results[key], value)
    assert np.mean(flips) == pytest.approx(.3, abs=.03)


def test_warp_of_integer_shift():
    # A box with the crop's size: the warp is a plain copy, black outside.
    image = np.random.RandomState(0).randint(1, 255, (6, 9, 3), np.uint8)
    results = TopDownAffine((4, 8))(
        dict(
            img=image,
            gt_seg_map=image[..., 0] % 5 + 1,
            bbox_center=np.float32([1, 3]),
            bbox_scale=np.float32([4, 8])))
    # Crop pixel (x, y) is image pixel (x - 1, y - 1).
    expected = np.pad(image, ((1, 1), (1, 0), (0, 0)))[:, :4]
    np.testing.assert_array_equal(results['img'], expected)
    np.testing.assert_array_equal(
        results['gt_seg_map'],
        np.where(expected[..., 0], expected[..., 0] % 5 + 1, 0))
    assert results['img_shape'] == (8, 4)
    np.testing.assert_allclose(results['warp_mat'], [[1, 0, 1], [0, 1, 1]])


def test_warp_quarter_turn():
    # Positive is counter-clockwise: the right column becomes the top row.
    image = np.zeros((5, 5, 3), np.uint8)
    image[:, 3] = 200
    results = TopDownAffine((4, 4))(
        dict(
            img=image,
            bbox_center=np.float32([2, 2]),
            bbox_scale=np.float32([4, 4]),
            bbox_rotation=90.))
    np.testing.assert_array_equal(results['img'][1], np.full((4, 3), 200))
    assert results['img'].sum() == 200 * 12


def test_warp_invents_no_labels():
    labels = np.zeros((20, 10), np.uint8)
    labels[5:15, 3:7] = 19
    labels[8:10, 4:6] = 255
    results = TopDownAffine((48, 64))(
        dict(
            img=np.zeros((20, 10, 3), np.uint8),
            gt_seg_map=labels,
            bbox_center=np.float32([5.2, 9.7]),
            bbox_scale=np.float32([9, 12]),
            bbox_rotation=33.))
    assert set(np.unique(results['gt_seg_map'])) == {0, 19, 255}


@pytest.mark.parametrize('build,pattern', [
    (lambda: GetParsingBox((32, )), 'crop_size must be'),
    (lambda: TopDownAffine((0, 64)), 'crop_size must be'),
    (lambda: GetParsingBox((32, 64), padding=0), 'padding must be'),
    (lambda: RandomParsingAffine(scale_clip=(1.3, .7)), 'scale_clip must'),
    (lambda: RandomParsingAffine(rotate_prob=2), 'rotate_prob must'),
    (lambda: RandomParsingFlip(prob=-1), 'prob must'),
])
def test_wrong_arguments(build, pattern):
    with pytest.raises(ValueError, match=pattern):
        build()


@pytest.mark.parametrize('text', [
    'GetParsingBox(crop_size=(3, 4), padding=1.25)',
    'TopDownAffine(crop_size=(3, 4))', 'RandomParsingFlip(prob=0.5)',
    'RandomParsingAffine(scale_std=0.3, scale_clip=(0.7, 1.3), '
    'rotate_std=40.0, rotate_max=80.0, rotate_prob=0.6)',
    'LoadPersonParsing(backend_args=None)'
])
def test_repr(text):
    assert repr(eval(text)) == text
