# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import torch
from mmdet.registry import TASK_UTILS

from .released import GOLDEN


def test_released_anchors():
    anchors = TASK_UTILS.build(
        dict(
            type='RatioRoundedAnchorGenerator',
            strides=[4, 8, 16, 32, 64],
            ratios=[.5, 1., 2.],
            scales=[8]))
    for found, expected in zip(anchors.base_anchors,
                               GOLDEN['parsing_rcnn']['cell_anchors']):
        assert found.tolist() == expected
    second = anchors.grid_priors([(2, 3)] * 5, device='cpu')[0][-3:]
    shift = torch.tensor([8, 4, 8, 4])
    assert torch.equal(second, anchors.base_anchors[0] + shift)


def test_all_scales_of_a_ratio_come_together():
    anchors, = TASK_UTILS.build(
        dict(
            type='RatioRoundedAnchorGenerator',
            strides=[10],
            ratios=[.3, 1.],
            scales=[2, 3])).base_anchors
    sizes = anchors[:, 2:] - anchors[:, :2] + 1
    assert sizes.tolist() == [[36, 10], [54, 15], [20, 20], [30, 30]]
    assert (anchors[:, 2:] + anchors[:, :2] == 9).all()
