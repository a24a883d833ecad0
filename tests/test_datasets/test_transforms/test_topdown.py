# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.datasets import (GetParsingBox, LoadPersonParsing,
                                     RandomParsingAffine, RandomParsingFlip,
                                     TopDownAffine)
from projects.qanet.datasets.transforms import get_warp_matrix


@pytest.mark.parametrize(
    'box, turn, crop_size, point, expected',
    [
        ((50, 70, 40, 80), 0., (20, 40), (70, 110), (20, 40)),
        # Counter-clockwise: what lies right of the centre moves up.
        ((50, 70, 40, 80), 90., (40, 80), (60, 70), (20, 30)),
        # As in the released system, 50 px above the centre goes to the left.
        ((100, 100, 384, 512), 30., (384, 512), (100, 50),
         (192 - 25, 256 - 43.30127)),
    ])
def test_points_by_hand(box, turn, crop_size, point, expected):
    matrix = get_warp_matrix(box[:2], box[2:], turn, crop_size)
    np.testing.assert_allclose(matrix @ [*point, 1], expected, atol=1e-4)


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


def test_flip():
    np.random.seed(0)
    transform = RandomParsingFlip(prob=.3)
    labels = np.array([[0, 1, 2], [3, 255, 1]], np.uint8)
    flips = []
    for _ in range(2000):
        results = transform(
            dict(
                img=labels[..., None],
                gt_seg_map=labels,
                bbox_center=np.float32([.5, 1]),
                flip_pairs=[(1, 2)]))
        flips.append(results['flip'])
        mirrored = ([[1, 2, 0], [2, 255, 3]], [1.5, 1], 'horizontal')
        expected = mirrored if flips[-1] else (labels, [.5, 1], None)
        np.testing.assert_array_equal(results['gt_seg_map'], expected[0])
        np.testing.assert_array_equal(results['bbox_center'], expected[1])
        assert results['flip_direction'] == expected[2]
    assert np.mean(flips) == pytest.approx(.3, abs=.03)


def test_warp_of_integer_shift():
    # A padded box with the crop's size: a plain copy, black outside.
    image = np.random.RandomState(0).randint(1, 255, (6, 9, 3), np.uint8)
    sample = dict(
        img=image,
        gt_seg_map=image[..., 0] % 5 + 1,
        bbox=np.float32([0, 1.4, 2, 4.6]))
    results = TopDownAffine((4, 8))(
        GetParsingBox((4, 8), padding=2.)(dict(sample)))
    # Crop pixel (x, y) is image pixel (x - 1, y - 1).
    expected = np.pad(image, ((1, 1), (1, 0), (0, 0)))[:, :4]
    np.testing.assert_array_equal(results['img'], expected)
    np.testing.assert_array_equal(
        results['gt_seg_map'],
        np.where(expected[..., 0], expected[..., 0] % 5 + 1, 0))
    assert results['img_shape'] == (8, 4)
    np.testing.assert_allclose(results['warp_mat'], [[1, 0, 1], [0, 1, 1]])


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


def test_repr():
    assert repr(LoadPersonParsing()) == 'LoadPersonParsing(backend_args=None)'
    assert repr(GetParsingBox(
        (3, 4))) == 'GetParsingBox(crop_size=(3, 4), padding=1.25)'
