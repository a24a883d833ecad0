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


def naive_mask_score(prob, thr, mode):
    reached = prob[prob >= thr]
    part = (prob >= 1 - thr).sum() if mode == 'stability' else reached.sum()
    return part / max(len(reached), 1)


@pytest.fixture
def probs():
    """Softmax maps of three persons, five classes, 7 high and 11 wide."""
    logits = np.random.default_rng(0).normal(size=(3, 5, 7, 11)) * 2
    logits[:, 4] -= 20  # never wins
    probs = np.exp(logits)
    return probs / probs.sum(1, keepdims=True)


@pytest.mark.parametrize('thr', [0., 0.2, 0.45, 1.01])
def test_pixel_scores(probs, thr):
    """Of arrays and of tensors; nobody is sure enough at the last one."""
    for kind, values in ((np.ndarray, pixel_score(probs, thr)),
                         (torch.Tensor,
                          pixel_score(torch.from_numpy(probs), thr))):
        instance, category = values
        assert isinstance(instance, kind) and isinstance(category, kind)
        assert instance.shape == (3, ) and category.shape == (3, 4)
        for k in range(3):
            expected = naive_pixel_score(probs[k], thr)
            np.testing.assert_allclose(instance[k], expected[0], rtol=1e-6)
            np.testing.assert_allclose(category[k], expected[1], rtol=1e-6)


def test_thresholds_are_inclusive():
    """The background counts for the instance only."""
    probs = torch.tensor([[[[.9, .5, .1]], [[.1, .3, .9]]]])
    instance, category = pixel_score(probs, .5)
    torch.testing.assert_close(instance, torch.tensor([2.3 / 3]))
    torch.testing.assert_close(category, torch.tensor([[.9]]))
    masks = torch.tensor([[[.1, .25, .5, .75, .9, .2]],
                          [[.1, .2, .0, .1, .2, .24]]])
    torch.testing.assert_close(
        mask_pixel_score(masks, mode='stability'), torch.tensor([2 / 4, 0.]))
    torch.testing.assert_close(
        mask_pixel_score(masks, mode='mean'), torch.tensor([2.4 / 4, 0.]))
    assert mask_pixel_score(masks[:0]).shape == (0, )


@pytest.mark.parametrize('mode', ['stability', 'mean'])
def test_mask_scores_of_arrays(probs, mode):
    """Also of views that nobody may write to."""
    masks = probs[:, 1, ::-1]
    masks.flags.writeable = False
    scores = mask_pixel_score(masks, .3, mode)
    assert isinstance(scores, np.ndarray) and scores.dtype == np.float32
    expected = [naive_mask_score(prob, .3, mode) for prob in masks]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_bad_arguments():
    for zeros in (torch.zeros(4, 3, 5), np.zeros((4, 3, 5))):
        with pytest.raises(ValueError, match=r'\(N, C, H, W\).*\(4, 3, 5\)'):
            pixel_score(zeros)
    with pytest.raises(ValueError, match="'stability' or 'mean'.*'median'"):
        mask_pixel_score(torch.zeros(1, 2, 3), mode='median')
    with pytest.raises(ValueError, match=r'\(N, H, W\)'):
        mask_pixel_score(torch.zeros(2, 3))


def test_apple_devices_have_no_float64():
    assert precise_dtype(torch.device('mps')) == torch.float32
    assert precise_dtype(torch.device('cpu')) == torch.float64
