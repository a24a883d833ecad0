# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from projects.qanet.quality import quality_score


@pytest.mark.parametrize('weights', [(1, .5, 3), (1, 1, 1), (.5, 0, .5),
                                     (2, .5, 1), (1, 0, 0)])
def test_equation_1(weights):
    """Tensors and arrays agree to the last bit.

    In the arithmetic of numpy's power, not in that of its short cuts. IoU
    scores are clamped, parts use their persons' scores.
    """
    rng = np.random.default_rng(5)
    box, pixel = rng.random((2, 2000), np.float32)
    iou = (2 * rng.random(2000, np.float32) - .5).astype(np.float32)
    parts = rng.random((2000, 3), np.float32)
    a, b, g = np.float32(weights)
    persons = np.power(box, a) * np.power(iou.clip(0, 1), b)
    scores = box, iou
    for pixels, own in ((pixel, persons), (parts, persons[:, None])):
        expected = np.power(own * np.power(pixels, g),
                            np.float32(1 / sum(weights)))
        arrays = quality_score(*scores, pixels, weights)
        tensors = quality_score(*map(torch.from_numpy, (*scores, pixels)),
                                np.array(weights))
        assert arrays.dtype == np.float32
        assert isinstance(tensors, torch.Tensor)
        np.testing.assert_array_equal(arrays, expected)
        np.testing.assert_array_equal(tensors.numpy(), expected)


def test_double_precision_and_whole_numbers():
    box, iou = np.array([.9, 0]), np.array([.5, .5])
    scores = quality_score(
        box, iou_scores=iou, pixel_scores=np.array([1, 1]), weights=(.5, 1, 1))
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, [(.9**.5 * .5)**.4, 0])


def test_gradients_flow():
    box = torch.tensor([.25], requires_grad=True)
    quality_score(box, torch.ones(1), torch.ones(1), (1, 0, 1)).backward()
    torch.testing.assert_close(box.grad, torch.tensor([1.]))


@pytest.mark.parametrize('weights,message', [
    ((0, 0, 0), r'not all 0, not \(0, 0, 0\)'),
    ((1, -1, 1), '>= 0'),
    ((1, float('nan'), 1), '>= 0'),
    ((1, 1), 'three numbers'),
    ('abc', "not abc"),
])
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        quality_score(torch.ones(1), torch.ones(1), torch.ones(1), weights)


def test_a_mixture_is_refused():
    with pytest.raises(TypeError, match='quality_score takes tensors or'):
        quality_score(np.ones(2), torch.ones(2), torch.ones(2))
