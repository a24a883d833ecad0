# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Networks whose output is known or small, and images for them."""
import cv2
import numpy as np
import torch
from mmengine.structures import InstanceData
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

import projects.qanet.plugin  # noqa: F401
from projects.qanet.models.parsers.person_crops import (crop_persons,
                                                        normalize_crops)

MEAN, STD = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]


@MODELS.register_module()
class IdentityBackbone(nn.Module):
    """Hands the crop on."""

    def forward(self, x):
        return (x, )


@MODELS.register_module()
class ColourHead(BaseDecodeHead):
    """Logits are the crop's channels; the IoU score is their mean."""

    def __init__(self, with_iou=True, **kwargs):
        super().__init__(in_channels=3, channels=3, num_classes=3, **kwargs)
        self.with_iou = with_iou

    def forward(self, inputs):
        return inputs[0]

    def forward_with_iou(self, inputs):
        x = inputs[0]
        return x, x.mean((1, 2, 3)) if self.with_iou else None


def toy_parser(with_iou=True, **test_cfg):
    """A parser without weights, whose result is known."""
    return MODELS.build(
        dict(
            type='TopDownParser',
            data_preprocessor=dict(
                type='ParsingDataPreprocessor', mean=[100.] * 3,
                std=[50.] * 3),
            backbone=dict(type='IdentityBackbone'),
            decode_head=dict(type='ColourHead', with_iou=with_iou),
            post_processor=dict(type='QualityAwareModule', weights=(1, .5, 3)),
            test_cfg=dict(crop_size=(12, 16), **test_cfg))).eval()


def small_qanet(**head):
    """The real networks' shape, R18-sized and narrow."""
    return MODELS.build(
        dict(
            type='TopDownParser',
            data_preprocessor=dict(
                type='ParsingDataPreprocessor',
                mean=MEAN,
                std=STD,
                bgr_to_rgb=True),
            backbone=dict(type='ResNetV1c', depth=18, base_channels=16),
            neck=dict(
                type='FPN',
                in_channels=[16, 32, 64, 128],
                out_channels=16,
                num_outs=4,
                act_cfg=None),
            decode_head={
                'type':
                'QANetHead',
                'in_channels': [16] * 4,
                'in_index': [0, 1, 2, 3],
                'feature_strides': [4, 8, 16, 32],
                'channels':
                16,
                'num_classes':
                5,
                'dropout_ratio':
                0,
                'loss_decode': [
                    dict(type='ParsingCrossEntropyLoss'),
                    dict(type='LovaszSoftmaxLoss')
                ],
                **head
            },
            test_cfg=dict(crop_size=(48, 64), flip=True)))


def image_and_sample(seed, size, boxes, flip_pairs=((1, 2), ), **meta):
    rng = np.random.default_rng(seed)
    image = cv2.resize(
        rng.integers(0, 256, (5, 6, 3), np.uint8),
        size,
        interpolation=cv2.INTER_LINEAR)
    sample = SegDataSample(
        metainfo=dict(img_id=seed, flip_pairs=flip_pairs, **meta))
    boxes = torch.tensor(boxes, dtype=torch.float32).view(-1, 4)
    sample.proposals = InstanceData(
        bboxes=boxes, scores=torch.linspace(.9, .5, len(boxes)))
    return torch.from_numpy(image).permute(2, 0, 1), sample


BOXES = [[10., 8., 40., 50.], [-5., 20., 22., 75.], [60., 5., 90., 30.]]


def cut(parser, image, region):
    """What the network of a parser sees of one padded box, (1, 3, h, w)."""
    boxes = torch.as_tensor(region).view(1, 4)
    crop = crop_persons([image], [0], boxes, parser.settings.crop_size)
    return normalize_crops(parser.data_preprocessor, crop)


def predict(model, items):
    return model.test_step(
        dict(
            inputs=[image for image, _ in items],
            data_samples=[sample for _, sample in items]))
