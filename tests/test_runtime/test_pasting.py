# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pasting and scoring are those of quality.paste_person."""
import numpy as np
import pytest
import torch

from projects.qanet import quality
from projects.qanet.runtime import pasting

SIZE = (90, 57)
BOXES = np.float32([[9.2, -14.5, 62.9, 45.3], [3.1, -20.8, 69., 52.6]])


def random_probs(seed, classes=5, size=(24, 18)):
    """Blocks of one class each, with some doubt."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (classes, size[0] // 6, size[1] // 6))
    logits = logits.repeat(6, 1).repeat(6, 2) + rng.normal(
        0, .5, (classes, *size))
    return torch.from_numpy(logits).softmax(0).float().numpy()


def compare(probs, boxes, size, thr):
    found = pasting.paste_person(probs, boxes, size, thr)
    wanted = quality.paste_person([torch.from_numpy(one) for one in probs],
                                  boxes.tolist(), size, (thr, ))
    assert found.offset == wanted.offset
    assert found.part_map.dtype == np.uint8
    np.testing.assert_array_equal(found.part_map, wanted.part_map)
    np.testing.assert_allclose(
        found.pixel_score, wanted.instance_scores[0], atol=1e-6)
    np.testing.assert_allclose(
        found.part_pixel_scores, wanted.category_scores[0], atol=1e-6)
    return found


@pytest.mark.parametrize('max_elements', [1 << 18, 5 * 70 * 3])
@pytest.mark.parametrize('thr', [.05, .2, .6])
def test_persons_of_torch(monkeypatch, thr, max_elements):
    """T below and above 1 / C; two augmentations; bands change nothing."""
    monkeypatch.setattr(pasting, 'MAX_ELEMENTS', max_elements)
    found = compare([random_probs(0), random_probs(1)], BOXES, SIZE, thr)
    assert len(np.unique(found.part_map)) == 5
    assert 0 < found.pixel_score < 1


def test_one_large_and_one_small_augmentation():
    probs = [random_probs(0), random_probs(1, size=(48, 30))]
    compare(probs, np.float32([[20, 10, 50, 40], [-300, -200, 400, 300]]),
            SIZE, .2)


@pytest.mark.parametrize('thr', [.1, .3])
def test_classes_that_never_win_change_nothing(thr):
    """Their probabilities stay below 1 / C, so nobody samples them."""
    probs = random_probs(2)
    probs[3] *= .1
    probs[4] = .05
    found = compare([probs], BOXES[:1], SIZE, thr)
    assert found.part_map.max() == 2 and found.part_pixel_scores[3] == 0


@pytest.mark.parametrize('thr', [.05, .2])
def test_nobody_wins(thr):
    """No class reaches 1 / C: background, counted if it reaches T."""
    probs = np.full((8, 24, 18), .12, np.float32)
    found = compare([probs], BOXES[:1], SIZE, thr)
    assert (found.pixel_score > 0) == (thr < .12)
    assert not found.part_map.any()


@pytest.mark.parametrize('boxes', [
    [[200., 10, 230, 50]],
    [[-80., -90, -40, -30], [10., 300, 20, 320]],
])
def test_no_augmentation_meets_the_image(boxes):
    probs = [random_probs(k) for k in range(len(boxes))]
    found = compare(probs, np.float32(boxes), SIZE, .2)
    assert not found.part_map.any() and found.pixel_score == 0
    assert (found.part_map.size > 0) == (len(boxes) > 1)  # between them
