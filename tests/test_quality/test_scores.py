# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from projects.qanet.quality import mask_pixel_score, pixel_score
from projects.qanet.quality.scores import precise_dtype


def naive_pixel_score(probs, thr):
    """Algorithm 1 pixel by pixel."""
    num_classes, height, width = probs.shape
    values = {c: [] for c in range(num_classes)}
    for y in range(height):
        for x in range(width):
            winner = int(np.argmax(probs[:, y, x]))
            if probs[winner, y, x] >= thr:
                values[winner].append(float(probs[winner, y, x]))
    everything = sum(values.values(), [])
    category = [np.mean(values[c] or [0]) for c in range(1, num_classes)]
    return np.mean(everything or [0]), category


@pytest.mark.parametrize('thr', [0., 0.2, 0.45, 0.99])
def test_pixel_score_against_naive(thr):
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(3, 5, 7, 11, generator=generator)
    logits[:, 4] -= 20  # never wins
    probs = logits.softmax(1)
    instance, category = pixel_score(probs, thr)
    assert instance.shape == (3, ) and category.shape == (3, 4)
    for k in range(3):
        expected = naive_pixel_score(probs[k].numpy(), thr)
        np.testing.assert_allclose(instance[k], expected[0], rtol=1e-6)
        np.testing.assert_allclose(category[k], expected[1], rtol=1e-6)


def test_background_counts_for_the_instance_only():
    probs = torch.tensor([[[[.9, .7, .1]], [[.1, .3, .9]]]])
    instance, category = pixel_score(probs, .5)
    torch.testing.assert_close(instance, torch.tensor([2.5 / 3]))
    torch.testing.assert_close(category, torch.tensor([[.9]]))


def test_nothing_confident_scores_zero():
    instance, category = pixel_score(torch.full((2, 4, 3, 5), .25), .3)
    assert instance.tolist() == [0, 0]
    assert category.tolist() == [[0, 0, 0]] * 2


def test_pixel_score_rejects_other_shapes():
    with pytest.raises(ValueError, match=r'\(N, C, H, W\).*\(4, 3, 5\)'):
        pixel_score(torch.zeros(4, 3, 5))


def test_mask_pixel_score_both_forms():
    probs = torch.tensor([[[.1, .25, .5, .75, .9, .2]],
                          [[.1, .2, .0, .1, .2, .24]]])
    stability = mask_pixel_score(probs, mode='stability')
    torch.testing.assert_close(stability, torch.tensor([2 / 4, 0.]))
    mean = mask_pixel_score(probs, mode='mean')
    torch.testing.assert_close(mean, torch.tensor([2.4 / 4, 0.]))
    assert mask_pixel_score(probs[:0]).shape == (0, )


def test_mask_pixel_score_rejects_bad_arguments():
    with pytest.raises(ValueError, match="'stability' or 'mean'.*'median'"):
        mask_pixel_score(torch.zeros(1, 2, 3), mode='median')
    with pytest.raises(ValueError, match=r'\(N, H, W\)'):
        mask_pixel_score(torch.zeros(2, 3))


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


def test_views_and_read_only_arrays(probs):
    expected = mask_pixel_score(probs[:, 1, ::-1].copy())
    view = probs[:, 1, ::-1]
    view.flags.writeable = False
    np.testing.assert_array_equal(mask_pixel_score(view), expected)


def test_tensors_stay_tensors(probs):
    instance, category = pixel_score(torch.from_numpy(probs))
    assert isinstance(instance, torch.Tensor)
    assert isinstance(category, torch.Tensor)


def test_bad_shapes_are_still_named():
    with pytest.raises(ValueError, match=r'\(N, C, H, W\)'):
        pixel_score(np.zeros((4, 3, 5)))


def test_apple_devices_have_no_float64():
    assert precise_dtype(torch.device('mps')) == torch.float32
    assert precise_dtype(torch.device('cpu')) == torch.float64
