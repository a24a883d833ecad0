# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmdet.registry import TASK_UTILS

STDS = (.1, .1, .2, .2)
BOXES = torch.tensor([[10., 20., 49., 79.], [3., 4., 3., 6.]])


@pytest.fixture
def coder():
    return TASK_UTILS.build(dict(type='PixelBoxCoder', target_stds=STDS))


def released(box, delta):
    """A decoded box, as the released systems write it."""
    width, height = box[2] - box[0] + 1, box[3] - box[1] + 1
    x, y = box[0] + .5 * width, box[1] + .5 * height
    dx, dy, dw, dh = np.multiply(delta, STDS)
    x, y = x + dx * width, y + dy * height
    width, height = width * np.exp(dw), height * np.exp(dh)
    return [
        x - .5 * width, y - .5 * height, x + .5 * width - 1,
        y + .5 * height - 1
    ]


def test_what_is_encoded_is_decoded(coder):
    other = torch.tensor([[12., 18., 55., 90.], [0., 4., 9., 4.]])
    found = coder.decode(BOXES, coder.encode(BOXES, other), (100, 60))
    torch.testing.assert_close(found, other, rtol=0, atol=1e-4)


def test_released_rule(coder):
    """Two boxes of each; the last row and column of 57 x 85 are 84 and 56."""
    deltas = torch.from_numpy(np.random.default_rng(1).normal(0, 1.5,
                                                              (2, 8))).float()
    expected = np.array([[released(box, delta[:4]) + released(box, delta[4:])]
                         for box, delta in zip(BOXES.tolist(), deltas.tolist())
                         ])[:, 0]
    np.testing.assert_allclose(
        coder.decode(BOXES, deltas), expected, rtol=0, atol=1e-4)
    low = np.minimum(expected, [56, 84] * 4).clip(0)
    assert (low != expected).any()
    np.testing.assert_allclose(
        coder.decode(BOXES, deltas, (85, 57)), low, rtol=0, atol=1e-4)
