# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parsers whose result is known or that are small, and images for them."""
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from projects.qanet.models.parsers.person_crops import (crop_persons,
                                                        normalize_crops)

MEAN, STD = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
#: Three persons of an image of 97 x 71 pixels, xyxy; two reach outside.
BOXES = [[10., 8., 40., 50.], [-5., 20., 22., 75.], [60., 5., 90., 30.]]
#: An image (3, H, W), uint8, BGR, and what is known of it.
Item = Tuple[Tensor, SegDataSample]


@MODELS.register_module()
class IdentityBackbone(nn.Module):
    """Hands the crop on."""

    def forward(self, x: Tensor) -> Tuple[Tensor]:
        return (x, )


@MODELS.register_module()
class ColourHead(BaseDecodeHead):
    """Logits are the crop's channels; the IoU score is their mean."""

    def __init__(self, with_iou: bool = True, **kwargs) -> None:
        super().__init__(in_channels=3, channels=3, num_classes=3, **kwargs)
        self.with_iou = with_iou

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        return inputs[0]

    def forward_with_iou(self, inputs: Sequence[Tensor]) -> tuple:
        """Logits and IoU scores (N,), None if it has none."""
        x = inputs[0]
        return x, x.mean((1, 2, 3)) if self.with_iou else None


def toy_config(**changes) -> dict:
    """Config of a parser of three classes without weights, 12 x 16 (w, h)."""
    return dict(
        dict(
            type='TopDownParser',
            data_preprocessor=dict(
                type='ParsingDataPreprocessor', mean=[100.] * 3,
                std=[50.] * 3),
            backbone=dict(type='IdentityBackbone'),
            decode_head=dict(type='ColourHead'),
            test_cfg=dict(crop_size=(12, 16))), **changes)


def toy_parser(with_iou: bool = True, **test_cfg) -> nn.Module:
    """The parser of :func:`toy_config`; its probabilities are the colours."""
    return MODELS.build(
        toy_config(
            decode_head=dict(type='ColourHead', with_iou=with_iou),
            post_processor=dict(type='QualityAwareModule', weights=(1, .5, 3)),
            test_cfg=dict(crop_size=(12, 16), **test_cfg))).eval()


def small_qanet(model: Optional[dict] = None, **head) -> nn.Module:
    """A narrow QANet of five classes, 48 x 64 (w, h).

    Takes other settings of the parser and of its head.
    """
    widths = [16, 32, 64, 128]
    settings = dict(
        type='QANetHead',
        in_channels=[16] * 4,
        in_index=[0, 1, 2, 3],
        feature_strides=[4, 8, 16, 32],
        channels=16,
        num_classes=5,
        dropout_ratio=0,
        loss_decode=dict(type='CrossEntropyLovaszLoss'))
    colours = dict(mean=MEAN, std=STD, bgr_to_rgb=True)
    neck = dict(type='FPN', in_channels=widths, out_channels=16, num_outs=4)
    config = toy_config(
        data_preprocessor=dict(type='ParsingDataPreprocessor', **colours),
        backbone=dict(type='ResNetV1c', depth=18, base_channels=16),
        neck=neck,
        decode_head=dict(settings, **head),
        test_cfg=dict(crop_size=(48, 64), flip=True))
    return MODELS.build(dict(config, **(model or {})))


def image_and_sample(seed: int,
                     size: Tuple[int, int],
                     boxes: Sequence[Sequence[float]],
                     flip_pairs: Sequence[Tuple[int, int]] = ((1, 2), ),
                     **meta) -> Item:
    """A smooth image and its persons, as a test pipeline packs them.

    ``size`` is width and height, ``boxes`` are xyxy in pixels, their scores go
    from .9 to .5, ``seed`` is the image's id.
    """
    rng = np.random.default_rng(seed)
    image = cv2.resize(rng.integers(0, 256, (5, 6, 3), np.uint8), size)
    sample = SegDataSample(
        metainfo=dict(img_id=seed, flip_pairs=flip_pairs, **meta))
    bboxes = torch.tensor(boxes, dtype=torch.float32).view(-1, 4)
    sample.proposals = InstanceData(
        bboxes=bboxes, scores=torch.linspace(.9, .5, len(bboxes)))
    return torch.from_numpy(image).permute(2, 0, 1), sample


def labelled(label: Tensor, **meta) -> SegDataSample:
    """A training crop's sample from its label map (H, W)."""
    return SegDataSample(
        metainfo=meta, gt_sem_seg=PixelData(data=label.long()[None]))


def cut(parser: nn.Module, image: Tensor, region: Sequence[float]) -> Tensor:
    """What a parser's network sees of one padded box, (1, 3, h, w)."""
    boxes = torch.as_tensor(region).view(1, 4)
    crop = crop_persons([image], [0], boxes, parser.settings.crop_size)
    return normalize_crops(parser.data_preprocessor, crop)


def predict(model: nn.Module, items: Sequence[Item]) -> List[SegDataSample]:
    images, samples = zip(*items)
    return model.test_step(
        dict(inputs=list(images), data_samples=list(samples)))
