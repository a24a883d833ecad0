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


def test_double_precision_by_keyword_and_equal_weights():
    box, iou = np.array([.9, .4]), np.array([-.1, .5])
    parts = np.array([[.5, 1., .2], [.3, .2, .1]])
    scores = quality_score(box, iou_scores=iou, pixel_scores=parts)
    assert isinstance(scores, np.ndarray) and scores.dtype == np.float64
    expected = (box[:, None] * np.array([[0.], [.5]]) * parts)**(1 / 3)
    np.testing.assert_allclose(scores, expected)


def test_whole_numbers_are_no_reason_to_round():
    scores = quality_score(
        np.array([1, 0]), np.array([.5, .5]), np.array([1, 1]), (.5, 1, 1))
    np.testing.assert_allclose(scores, [.5**.4, 0])
    np.testing.assert_array_equal(
        quality_score(np.ones(1), np.ones(1), np.zeros(1, int), (1, 1, .5)),
        [0])


def test_gradients_flow():
    box = torch.tensor([.25], requires_grad=True)
    quality_score(box, torch.ones(1), torch.ones(1), (1, 0, 1)).backward()
    torch.testing.assert_close(box.grad, torch.tensor([1.]))


def test_a_mixture_is_refused():
    with pytest.raises(TypeError, match='quality_score takes tensors or'):
        quality_score(np.ones(2), torch.ones(2), torch.ones(2))
