# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
import torch
from mmseg.models.decode_heads.cascade_decode_head import BaseCascadeDecodeHead
from mmseg.registry import MODELS

from projects.qanet.testing.parsers import (BOXES, image_and_sample, labelled,
                                            predict, toy_config, toy_parser)


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
        toy_config(**dict(
            dict(
                type='CascadeTopDownParser',
                num_stages=len(heads),
                decode_head=list(heads)), **changes)))


def test_each_stage_takes_the_logits_before(monkeypatch):
    model = cascade(
        dict(type='ColourHead', with_iou=False),
        dict(type='AmplifyHead', factor=2),
        dict(type='AmplifyHead', factor=3),
        test_cfg=dict(crop_size=(12, 16), flip=True)).eval()
    crops = torch.randn(2, 3, 16, 12)
    logits, iou = model(crops, mode='tensor')
    assert iou is None
    # x, then x + 2 x, then x + 3 * 3 x
    torch.testing.assert_close(logits, 10 * crops)
    single = toy_parser(flip=True)
    monkeypatch.setattr(single.decode_head, 'forward_with_iou', lambda x:
                        (10 * x[0], None))
    expected, found = [
        predict(parser, [image_and_sample(7,
                                          (97, 71), BOXES)])[0].pred_instances
        for parser in (single, model)
    ]
    assert (found.pixel_scores == expected.pixel_scores).all()
    assert found.iou_scores.tolist() == [1, 1, 1]


@pytest.mark.parametrize('iou_branch', [None, dict(type='IoUBranch')])
def test_qanet_head_as_first_stage(iou_branch):
    """It hands on logits, as every mmseg head, and its IoU score counts."""
    head = dict(channels=8, num_classes=5, dropout_ratio=0)
    model = cascade(
        dict(
            type='QANetHead',
            in_channels=[4, 8],
            in_index=[0, 1],
            feature_strides=[4, 8],
            iou_branch=iou_branch,
            **head),
        dict(
            type='OCRHead', ocr_channels=4, in_channels=4, in_index=0, **head),
        backbone=dict(type='ResNetV1c', depth=18, base_channels=4),
        test_cfg=dict(crop_size=(48, 64)))
    label = torch.randint(0, 5, (2, 64, 48))
    crops = torch.randn(2, 3, 64, 48)
    losses = model.loss(crops, list(map(labelled, label)))
    assert {'decode_0.loss_ce', 'decode_1.loss_ce'} < set(losses)
    assert ('decode_0.loss_iou' in losses) == (iou_branch is not None)
    logits, iou = model.eval()(crops, mode='tensor')
    assert logits.shape == (2, 5, 64, 48)
    expected = model.decode_head[0].forward_with_iou(
        model.extract_feat(crops))[1]
    torch.testing.assert_close(iou, expected)
