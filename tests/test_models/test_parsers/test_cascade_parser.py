# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
import torch
from mmseg.models.decode_heads.cascade_decode_head import BaseCascadeDecodeHead
from mmseg.registry import MODELS

from projects.qanet.testing.parsers import labelled, toy_config


@MODELS.register_module()
class AmplifyHead(BaseCascadeDecodeHead):
    """The logits of the stage before, times a factor, plus the feature."""

    def __init__(self, factor, **kwargs):
        super().__init__(in_channels=3, channels=3, num_classes=3, **kwargs)
        self.factor = factor

    def forward(self, inputs, prev_output):
        return inputs[0] + self.factor * prev_output


def cascade(*heads, **changes):
    return MODELS.build(
        toy_config(
            type='CascadeTopDownParser',
            num_stages=len(heads),
            decode_head=list(heads),
            **changes)).eval()


def test_each_stage_takes_the_logits_before():
    model = cascade(
        dict(type='ColourHead', with_iou=False),
        dict(type='AmplifyHead', factor=2), dict(type='AmplifyHead', factor=3))
    crops = torch.randn(2, 3, 16, 12)
    probs, iou = model.predict_crops(crops)
    assert iou is None
    # x, then x + 2 x, then x + 3 * 3 x
    torch.testing.assert_close(probs, (10 * crops).softmax(1))


@pytest.mark.parametrize('iou_branch', [None, dict(type='IoUBranch')])
def test_qanet_head_as_first_stage(iou_branch):
    """It hands on logits, as every mmseg head, and its IoU score counts."""
    head = dict(channels=8, num_classes=5, dropout_ratio=0)
    quality = dict(
        type='QANetHead',
        in_channels=[4, 8],
        in_index=[0, 1],
        feature_strides=[4, 8],
        iou_branch=iou_branch)
    ocr = dict(type='OCRHead', ocr_channels=4, in_channels=4, in_index=0)
    model = cascade(
        dict(quality, **head),
        dict(ocr, **head),
        backbone=dict(type='ResNetV1c', depth=18, base_channels=4),
        test_cfg=dict(crop_size=(48, 64)))
    label = torch.randint(0, 5, (2, 64, 48))
    crops = torch.randn(2, 3, 64, 48)
    losses = model.train().loss(crops, list(map(labelled, label)))
    assert {'decode_0.loss_ce', 'decode_1.loss_ce'} < set(losses)
    assert ('decode_0.loss_iou' in losses) == (iou_branch is not None)
    logits, iou = model.eval()(crops, mode='tensor')
    assert logits.shape == (2, 5, 64, 48)
    first = model.decode_head[0]
    expected = first.forward_with_iou(model.extract_feat(crops))[1]
    torch.testing.assert_close(iou, expected)
