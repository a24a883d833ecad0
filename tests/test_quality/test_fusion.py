# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from projects.qanet.quality import quality_score


def test_equation_1():
    box, iou, pixel = torch.tensor([.9]), torch.tensor([.6
                                                        ]), torch.tensor([.8])
    expected = (.9 * .6**.5 * .8**3)**(1 / 4.5)
    torch.testing.assert_close(
        quality_score(box, iou, pixel, (1, .5, 3)), torch.tensor([expected]))
    torch.testing.assert_close(
        quality_score(box, iou, pixel),
        torch.tensor([(.9 * .6 * .8)**(1 / 3)]))


def test_parts_use_their_persons_scores():
    rng = np.random.default_rng(1)
    box, iou, parts = rng.random(3), rng.random(3), rng.random((3, 4))
    scores = quality_score(
        torch.from_numpy(box), torch.from_numpy(iou), torch.from_numpy(parts),
        (1, 2, 3))
    for i in range(3):
        for k in range(4):
            expected = (box[i] * iou[i]**2 * parts[i, k]**3)**(1 / 6)
            np.testing.assert_allclose(scores[i, k], expected)


def test_iou_scores_are_clamped():
    ones = torch.ones(3)
    scores = quality_score(ones, torch.tensor([-.2, .25, 1.7]), ones,
                           (1, 1, 0))
    torch.testing.assert_close(scores, torch.tensor([0., .5, 1.]))


def test_weight_zero_removes_a_score():
    zeros, box = torch.zeros(2), torch.tensor([.3, .9])
    torch.testing.assert_close(
        quality_score(box, zeros, zeros, (1, 0, 0)), box)


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


def test_arrays_are_answered_with_arrays():
    box, iou = np.array([.9, .4]), np.array([-.1, .5])
    parts = np.array([[.5, 1., .2], [.3, .2, .1]])
    scores = quality_score(box, iou_scores=iou, pixel_scores=parts)
    assert isinstance(scores, np.ndarray) and scores.dtype == np.float64
    expected = (box[:, None] * np.array([[0.], [.5]]) * parts)**(1 / 3)
    np.testing.assert_allclose(scores, expected)
    single = quality_score(*(x.astype(np.float32) for x in (box, iou, parts)))
    assert single.dtype == np.float32


def test_whole_numbers_are_no_reason_to_round():
    scores = quality_score(
        np.array([1, 0]), np.array([.5, .5]), np.array([1, 1]), (.5, 1, 1))
    np.testing.assert_allclose(scores, [.5**.4, 0])
    np.testing.assert_array_equal(
        quality_score(np.ones(1), np.ones(1), np.zeros(1, int), (1, 1, .5)),
        [0])


def test_tensors_and_arrays_agree_to_the_last_bit():
    """In the arithmetic of numpy's power, not in that of its short cuts."""
    rng = np.random.default_rng(5)
    scores = rng.random((3, 2000), np.float32)
    for weights in ((1, .5, 3), (1, 1, 1), (.5, 0, .5), (2, .5, 1)):
        a, b, g = np.float32(weights)
        box, iou, pixel = scores
        expected = np.power(
            np.power(box, a) * np.power(iou, b) * np.power(pixel, g),
            np.float32(1 / sum(weights)))
        arrays = quality_score(*scores, weights)
        tensors = quality_score(*torch.from_numpy(scores), weights)
        np.testing.assert_array_equal(arrays, expected)
        np.testing.assert_array_equal(tensors.numpy(), expected)
    assert arrays.dtype == np.float32


def test_gradients_flow():
    box = torch.tensor([.25], requires_grad=True)
    quality_score(box, torch.ones(1), torch.ones(1), (1, 0, 1)).backward()
    torch.testing.assert_close(box.grad, torch.tensor([1.]))


def test_weights_may_be_an_array():
    ones = torch.ones(2)
    scores = quality_score(ones, ones, ones, weights=np.array([1., 0., 1.]))
    assert isinstance(scores, torch.Tensor)


def test_a_mixture_is_refused():
    with pytest.raises(TypeError, match='quality_score takes tensors or'):
        quality_score(np.ones(2), torch.ones(2), torch.ones(2))
