# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from projects.qanet.detection.qam import MaskQuality
from projects.qanet.utils.errors import InputError


def test_defaults_are_the_papers():
    quality = MaskQuality.from_config(dict(), has_iou=False)
    assert tuple(quality.weights) == (1., 0., 1.)
    assert (quality.mode, quality.thr) == ('stability', .25)
    assert MaskQuality.from_config(None, has_iou=False) is None


@pytest.mark.parametrize('config,message', [
    (dict(weight=(1, 0, 1)), "no 'weight'; it takes weights, mode, thr"),
    (dict(weights=(1, 0)), 'three numbers'),
    (dict(weights=(0, 0, 0)), 'not all 0'),
    (dict(weights=(1, .5, 1)), 'second of the weights must be 0'),
    (dict(mode='median'), "'stability', 'mean'.*, but got 'median'"),
    (dict(thr=.5), r'thr must be in \[0, 0.5\) with'),
    (dict(mode='mean', thr=1.), r'thr must be in \[0, 1\)'),
    (dict(score_key='score'), "'scores', 'mask_scores'"),
])
def test_bad_settings(config, message):
    with pytest.raises(InputError, match=message):
        MaskQuality.from_config(config, has_iou=False)


def test_store_keeps_the_ingredients():
    results = InstanceData(scores=torch.tensor([.9, .8, .7]))
    quality = MaskQuality(weights=(1, 2, 3))
    box, pixel = results.scores, torch.tensor([.1, .9, .8])
    iou = torch.tensor([.5, -.2, 1.4])
    order = quality.store(results, box, pixel, iou)
    np.testing.assert_allclose(results.iou_scores, [.5, 0, 1])
    assert results.bbox_scores.equal(torch.tensor([.9, .8, .7]))
    assert results.pixel_scores.equal(pixel)
    expected = [(.9 * .5**2 * .1**3)**(1 / 6), 0, (.7 * .8**3)**(1 / 6)]
    np.testing.assert_allclose(results.scores, expected, rtol=1e-6)
    assert order.tolist() == [2, 0, 1]
