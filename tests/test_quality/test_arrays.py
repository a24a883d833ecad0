# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from projects.qanet.quality import mask_pixel_score, pixel_score, quality_score


@pytest.fixture
def probs():
    """Softmax maps of two persons, five classes, 7 high and 11 wide."""
    logits = np.random.default_rng(0).normal(size=(2, 5, 7, 11)) * 2
    probs = np.exp(logits)
    return probs / probs.sum(1, keepdims=True)


def test_pixel_scores_of_arrays(probs):
    instance, category = pixel_score(probs, thr=.4)
    assert isinstance(instance, np.ndarray) and instance.shape == (2, )
    best = probs.max(1)
    for k in range(2):
        np.testing.assert_allclose(
            instance[k], best[k][best[k] >= .4].mean(), rtol=1e-6)
        for c in range(1, 5):
            won = best[k][(probs[k].argmax(0) == c) & (best[k] >= .4)]
            np.testing.assert_allclose(
                category[k, c - 1], won.mean(), rtol=1e-6)


@pytest.mark.parametrize('mode', ['stability', 'mean'])
def test_mask_scores_of_arrays(probs, mode):
    scores = mask_pixel_score(probs[:, 1], mode=mode)
    assert isinstance(scores, np.ndarray) and scores.dtype == np.float32
    for k, prob in enumerate(probs[:, 1]):
        part = (prob >= .75
                ).sum() if mode == 'stability' else prob[prob >= .25].sum()
        np.testing.assert_allclose(
            scores[k], part / (prob >= .25).sum(), rtol=1e-6)


def test_fusion_of_arrays():
    box, iou = np.array([.9, .4]), np.array([-.1, .5])
    parts = np.array([[.5, 1., .2], [.3, .2, .1]])
    scores = quality_score(box, iou_scores=iou, pixel_scores=parts)
    assert isinstance(scores, np.ndarray) and scores.dtype == np.float64
    expected = (box[:, None] * np.array([[0.], [.5]]) * parts)**(1 / 3)
    np.testing.assert_allclose(scores, expected)


def test_views_and_read_only_arrays(probs):
    expected = mask_pixel_score(probs[:, 1, ::-1].copy())
    view = probs[:, 1, ::-1]
    view.flags.writeable = False
    np.testing.assert_array_equal(mask_pixel_score(view), expected)


def test_tensors_stay_tensors(probs):
    instance, category = pixel_score(torch.from_numpy(probs))
    assert isinstance(instance, torch.Tensor)
    assert isinstance(category, torch.Tensor)


def test_weights_may_be_an_array():
    ones = torch.ones(2)
    scores = quality_score(ones, ones, ones, weights=np.array([1., 0., 1.]))
    assert isinstance(scores, torch.Tensor)


def test_a_mixture_is_refused():
    with pytest.raises(TypeError, match='quality_score takes tensors or'):
        quality_score(np.ones(2), torch.ones(2), torch.ones(2))


def test_bad_shapes_are_still_named():
    with pytest.raises(ValueError, match=r'\(N, C, H, W\)'):
        pixel_score(np.zeros((4, 3, 5)))
