# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from projects.qanet.quality import mask_pixel_score, pixel_score
from projects.qanet.quality.scores import precise_dtype


def naive_pixel_score(probs, thr):
    """Algorithm 1."""
    best, winner = probs.max(0), probs.argmax(0)
    values = [best[(winner == c) & (best >= thr)] for c in range(len(probs))]
    instance = np.concatenate(values)
    return [v.sum() / max(len(v), 1) for v in (instance, *values[1:])]


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


@pytest.mark.parametrize('thr', [0., 0.45, 1.01])
@pytest.mark.parametrize('kind', [np.asarray, torch.as_tensor])
def test_pixel_scores(probs, thr, kind):
    """Nobody is sure enough at the last threshold."""
    instance, category = pixel_score(kind(probs), thr)
    assert type(instance) is type(category) is type(kind(probs))
    expected = [naive_pixel_score(person, thr) for person in probs]
    np.testing.assert_allclose(np.c_[instance, category], expected, rtol=1e-6)


@pytest.mark.parametrize('mode', ['stability', 'mean'])
def test_mask_scores_of_arrays(probs, mode):
    """Also of views that nobody may write to."""
    masks = probs[:, 1, ::-1]
    masks.flags.writeable = False
    scores = mask_pixel_score(masks, .3, mode)
    assert isinstance(scores, np.ndarray) and scores.dtype == np.float32
    expected = [naive_mask_score(prob, .3, mode) for prob in masks]
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_thresholds_are_inclusive():
    """The background counts for the instance only."""
    probs = torch.tensor([[[[.9, .5, .1]], [[.1, .3, .9]]]])
    instance, category = pixel_score(probs, .5)
    torch.testing.assert_close(instance, torch.tensor([2.3 / 3]))
    torch.testing.assert_close(category, torch.tensor([[.9]]))
    masks = torch.tensor([[[.1, .25, .5, .75, .9, .2]],
                          [[.1, .2, .0, .1, .2, .24]]])
    for mode, expected in (('stability', 2 / 4), ('mean', 2.4 / 4)):
        torch.testing.assert_close(
            mask_pixel_score(masks, mode=mode), torch.tensor([expected, 0.]))


def test_bad_arguments():
    for zeros in (torch.zeros(4, 3, 5), np.zeros((4, 3, 5))):
        with pytest.raises(ValueError, match=r'\(N, C, H, W\).*\(4, 3, 5\)'):
            pixel_score(zeros)
    with pytest.raises(ValueError, match="'stability' or 'mean'.*'median'"):
        mask_pixel_score(torch.zeros(1, 2, 3), mode='median')


def test_apple_devices_have_no_float64():
    assert precise_dtype(torch.device('mps')) == torch.float32
    assert precise_dtype(torch.device('cpu')) == torch.float64
