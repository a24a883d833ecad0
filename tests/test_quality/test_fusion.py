# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import subprocess
import sys
from pathlib import Path

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
    ((0, 0, 0), 'not all be zero'),
    ((1, -1, 1), 'not negative'),
    ((1, float('nan'), 1), 'finite'),
    ((1, 1), 'three numbers'),
])
def test_bad_weights(weights, message):
    with pytest.raises(ValueError, match=message):
        quality_score(torch.ones(1), torch.ones(1), torch.ones(1), weights)


def test_quality_needs_no_openmmlab():
    code = ('import sys, projects.qanet.quality\n'
            "names = ('mmengine', 'mmcv', 'mmseg', 'mmdet')\n"
            'print([name for name in names if name in sys.modules])')
    result = subprocess.run([sys.executable, '-c', code],
                            capture_output=True,
                            text=True,
                            check=True,
                            cwd=Path(__file__).parents[2])
    assert result.stdout.strip() == '[]'
