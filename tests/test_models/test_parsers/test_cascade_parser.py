# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.models.decode_heads.cascade_decode_head import BaseCascadeDecodeHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from projects.qanet.testing.parsers import (BOXES, image_and_sample, predict,
                                            toy_parser)
from projects.qanet.utils.errors import InputError


@MODELS.register_module()
class AmplifyHead(BaseCascadeDecodeHead):
    """The logits of the stage before, times a factor, plus the feature."""

    def __init__(self, factor, **kwargs):
        super().__init__(in_channels=3, channels=3, num_classes=3, **kwargs)
        self.factor = factor

    def forward(self, inputs, prev_output):
        return inputs[0] + self.factor * prev_output


def toy_cascade(**test_cfg):
    return MODELS.build(
        dict(
            type='CascadeTopDownParser',
            num_stages=3,
            data_preprocessor=dict(
                type='ParsingDataPreprocessor', mean=[100.] * 3,
                std=[50.] * 3),
            backbone=dict(type='IdentityBackbone'),
            decode_head=[
                dict(type='ColourHead', with_iou=False),
                dict(type='AmplifyHead', factor=2),
                dict(type='AmplifyHead', factor=3)
            ],
            test_cfg=dict(crop_size=(12, 16), **test_cfg))).eval()


def test_each_stage_takes_the_logits_before():
    crops = torch.randn(2, 3, 16, 12)
    logits, iou = toy_cascade()(crops, mode='tensor')
    assert iou is None
    # x, then x + 2 x, then x + 3 * 3 x
    torch.testing.assert_close(logits, 10 * crops)


def test_prediction_is_the_last_stage(monkeypatch):
    single = toy_parser(with_iou=False, flip=True)
    monkeypatch.setattr(single.decode_head, 'forward_with_iou', lambda x:
                        (10 * x[0], None))
    item = image_and_sample(7, (97, 71), BOXES)
    expected, = predict(single, [item])
    expected = expected.pred_instances
    result, = predict(
        toy_cascade(flip=True), [image_and_sample(7, (97, 71), BOXES)])
    for k in range(len(BOXES)):
        assert (
            result.pred_instances.part_map(k) == expected.part_map(k)).all()
    np.testing.assert_allclose(
        result.pred_instances.pixel_scores, expected.pixel_scores, rtol=1e-6)


def test_ocr_head_trains_and_predicts():
    norm_cfg = dict(type='BN', requires_grad=True)
    head = dict(
        in_channels=16,
        in_index=2,
        channels=8,
        dropout_ratio=0,
        num_classes=5,
        norm_cfg=norm_cfg)
    model = MODELS.build(
        dict(
            type='CascadeTopDownParser',
            num_stages=2,
            data_preprocessor=dict(type='ParsingDataPreprocessor'),
            backbone=dict(
                type='ResNetV1c',
                depth=18,
                base_channels=4,
                strides=(1, 2, 1, 1),
                dilations=(1, 1, 2, 4),
                norm_cfg=norm_cfg),
            decode_head=[
                dict(type='FCNHead', num_convs=1, concat_input=False, **head),
                dict(type='OCRHead', ocr_channels=4, **head)
            ],
            test_cfg=dict(crop_size=(48, 64), flip=True)))
    samples = [SegDataSample() for _ in range(2)]
    for sample in samples:
        sample.gt_sem_seg = PixelData(data=torch.randint(0, 5, (1, 64, 48)))
    losses = model.loss(torch.randn(2, 3, 64, 48), samples)
    total, _ = model.parse_losses(losses)
    total.backward()
    assert {'decode_0.loss_ce', 'decode_1.loss_ce'} < set(losses)
    logits, _ = model.eval()(torch.randn(2, 3, 64, 48), mode='tensor')
    assert logits.shape == (2, 5, 64, 48)
    result, = predict(model, [image_and_sample(7, (97, 71), BOXES)])
    assert result.pred_instances.iou_scores.tolist() == [1, 1, 1]


@pytest.mark.parametrize('iou_branch', [None, dict(type='IoUBranch')])
def test_qanet_head_as_first_stage(iou_branch):
    """It hands on logits, as every mmseg head, and its IoU score counts."""
    head = dict(channels=8, num_classes=5, dropout_ratio=0)
    model = MODELS.build(
        dict(
            type='CascadeTopDownParser',
            num_stages=2,
            data_preprocessor=dict(type='ParsingDataPreprocessor'),
            backbone=dict(type='ResNetV1c', depth=18, base_channels=4),
            decode_head=[
                dict(
                    type='QANetHead',
                    in_channels=[4, 8],
                    in_index=[0, 1],
                    feature_strides=[4, 8],
                    iou_branch=iou_branch,
                    **head),
                dict(
                    type='OCRHead',
                    ocr_channels=4,
                    in_channels=4,
                    in_index=0,
                    **head)
            ],
            test_cfg=dict(crop_size=(48, 64))))
    samples = [SegDataSample() for _ in range(2)]
    for sample in samples:
        sample.gt_sem_seg = PixelData(data=torch.randint(0, 5, (1, 64, 48)))
    losses = model.loss(torch.randn(2, 3, 64, 48), samples)
    assert ('decode_0.loss_iou' in losses) == (iou_branch is not None)
    crops = torch.randn(2, 3, 64, 48)
    logits, iou = model.eval()(crops, mode='tensor')
    assert logits.shape == (2, 5, 64, 48)
    if iou_branch is None:
        assert iou is None
    else:
        first = model.decode_head[0].forward_with_iou(
            model.extract_feat(crops))
        torch.testing.assert_close(iou, first[1])


def test_point_rend_trains_and_predicts():
    head = dict(channels=8, num_classes=5, dropout_ratio=0)
    model = MODELS.build(
        dict(
            type='CascadeTopDownParser',
            num_stages=2,
            data_preprocessor=dict(type='ParsingDataPreprocessor'),
            backbone=dict(type='ResNetV1c', depth=18, base_channels=4),
            decode_head=[
                dict(
                    type='FCNHead',
                    in_channels=4,
                    in_index=0,
                    num_convs=1,
                    **head),
                dict(
                    type='PointHead',
                    in_channels=[4],
                    in_index=[0],
                    num_fcs=1,
                    coarse_pred_each_layer=True,
                    **head)
            ],
            train_cfg=ConfigDict(
                num_points=32, oversample_ratio=3,
                importance_sample_ratio=.75),
            test_cfg=dict(
                crop_size=(48, 64),
                flip=True,
                subdivision_steps=2,
                subdivision_num_points=40,
                scale_factor=2)))
    samples = [SegDataSample() for _ in range(2)]
    for sample in samples:
        sample.gt_sem_seg = PixelData(data=torch.randint(0, 5, (1, 64, 48)))
    losses = model.loss(torch.randn(2, 3, 64, 48), samples)
    assert 'decode_1.pointloss_ce' in losses
    item = image_and_sample(7, (97, 71), BOXES)
    crops = torch.randn(2, 3, 64, 48)
    probs, _ = model.eval().predict_crops(crops)
    expected = model.encode_decode(crops, [dict(img_shape=(64, 48))] * 2)
    assert expected.shape == (2, 5, 64, 48)
    torch.testing.assert_close(probs, expected.softmax(1))
    assert len(predict(model, [item])[0].pred_instances) == 3


@pytest.mark.parametrize('first, last, message', [
    ({}, dict(type='FCNHead'),
     'FCNHead cannot be a later decode_head of a CascadeTopDownParser: that '
     'must be a BaseCascadeDecodeHead'),
    (dict(type='OCRHead',
          ocr_channels=4), {}, 'OCRHead takes the logits of another head'),
    (dict(num_classes=5), {},
     'FCNHead has num_classes=5, the last decode_head has 2'),
    (dict(out_channels=1,
          threshold=.5), dict(type='PointHead', in_channels=[4], in_index=[0]),
     'PointHead compares the logits of two classes: leave out out_channels=1'),
    ({},
     dict(
         type='PointHead',
         in_channels=[4],
         in_index=[0],
         out_channels=1,
         threshold=.5), 'PointHead compares the logits of two classes'),
])
def test_stages_that_do_not_fit_are_named(first, last, message):
    head = dict(in_channels=4, in_index=0, channels=4, num_classes=2)
    heads = [{
        **head, 'type': 'FCNHead',
        **first
    }, {
        **head,
        **(last or dict(type='OCRHead', ocr_channels=4))
    }]
    with pytest.raises(InputError, match=message):
        MODELS.build(
            dict(
                type='CascadeTopDownParser',
                num_stages=2,
                backbone=dict(type='IdentityBackbone'),
                decode_head=heads,
                test_cfg=dict(crop_size=(12, 16))))


def test_one_stage_is_no_cascade():
    with pytest.raises(ValueError, match='num_stages=1 configs, at least two'):
        MODELS.build(
            dict(
                type='CascadeTopDownParser',
                num_stages=1,
                backbone=dict(type='IdentityBackbone'),
                decode_head=[dict(type='ColourHead')],
                test_cfg=dict(crop_size=(12, 16))))


def test_errors_name_the_setting():
    with pytest.raises(ValueError, match='list of num_stages=2 configs'):
        MODELS.build(
            dict(
                type='CascadeTopDownParser',
                num_stages=2,
                backbone=dict(type='IdentityBackbone'),
                decode_head=dict(type='ColourHead'),
                test_cfg=dict(crop_size=(12, 16))))
