# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Tiny region parsers, and images for them.

Needs mmdet, and that ``projects.qanet.plugin`` and
``projects.qanet.detection.region_parsers`` have been imported.
"""
from typing import Any, Sequence, Tuple

import numpy as np
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData, PixelData
from torch import Tensor, nn

#: An image (3, H, W), uint8, and what is known of it.
Item = Tuple[Tensor, DetDataSample]

_NORM = dict(type='GN', num_groups=4)
_CODER = dict(type='PixelBoxCoder')


def _extractor(size: int, strides: Sequence[int]) -> dict:
    layer = dict(
        type='RoIAlign', output_size=size, sampling_ratio=2, aligned=False)
    return dict(
        type='SingleRoIExtractor',
        roi_layer=layer,
        out_channels=16,
        featmap_strides=strides)


def _assigner(pos: float, neg: float, least: float, low: bool) -> dict:
    return dict(
        type='MaxIoUAssigner',
        pos_iou_thr=pos,
        neg_iou_thr=neg,
        min_pos_iou=least,
        match_low_quality=low)


def small_config(type: str = 'ParsingRCNN',
                 num_classes: int = 5,
                 **changes: Any) -> ConfigDict:
    """Config of a narrow ParsingRCNN or RPRCNN.

    Parsing maps are 32 x 32; at most 12 persons of any score are found.
    """
    rescores = type == 'RPRCNN'
    strides = [4, 8, 16, 32] if rescores else [4, 8, 16, 32, 64]
    sampler = dict(type='RandomSampler', num=32, pos_fraction=.5)
    proposals = dict(
        nms_pre=100,
        max_per_img=40,
        nms=dict(type='nms', iou_threshold=.7),
        min_bbox_size=0)
    settings = dict(
        type=type,
        data_preprocessor=dict(
            type='DetDataPreprocessor',
            mean=[100.] * 3,
            std=[50.] * 3,
            pad_size_divisor=32,
            pad_seg=True,
            seg_pad_value=0),
        backbone=dict(type='ResNet', depth=18, base_channels=8),
        neck=dict(
            type='FPN',
            in_channels=[8, 16, 32, 64],
            out_channels=16,
            num_outs=5),
        rpn_head=dict(
            type='RPNHead',
            in_channels=16,
            feat_channels=16,
            anchor_generator=dict(
                type='RatioRoundedAnchorGenerator',
                scales=[8],
                ratios=[.5, 1., 2.],
                strides=strides),
            bbox_coder=_CODER),
        roi_head=dict(
            type='ParsingRoIHead',
            bbox_roi_extractor=_extractor(7, [4, 8, 16, 32]),
            bbox_head=dict(
                type='Shared2FCBBoxHead',
                in_channels=16,
                fc_out_channels=16,
                num_classes=1,
                bbox_coder=dict(_CODER, target_stds=(.1, .1, .2, .2)),
                reg_class_agnostic=False),
            mask_roi_extractor=_extractor(8, [4]),
            mask_head=dict(
                type='RegionParsingHead',
                num_classes=num_classes,
                roi_feat_size=8,
                context=dict(
                    type='mmseg.GeometricContextEncoding',
                    in_channels=16,
                    aspp_channels=8,
                    channels=16,
                    num_convs=1,
                    norm_cfg=_NORM))),
        post_processor=dict(
            type='mmseg.QualityAwareModule',
            weights=(3., 1., 1.) if rescores else (1., 0., 1.)),
        train_cfg=dict(
            rpn=dict(
                assigner=_assigner(.7, .3, .3, True),
                sampler=dict(sampler, add_gt_as_proposals=False),
                allowed_border=0,
                pos_weight=-1,
                debug=False),
            rpn_proposal=proposals,
            rcnn=dict(
                assigner=_assigner(.5, .5, .5, False),
                sampler=dict(sampler, add_gt_as_proposals=True),
                pos_weight=-1,
                debug=False)),
        test_cfg=dict(
            rpn=proposals,
            rcnn=dict(
                score_thr=0.,
                nms=dict(type='nms', iou_threshold=.5),
                max_per_img=12)))
    if rescores:
        settings['roi_head']['mask_head']['iou_head'] = dict(
            type='ParsingIoUHead', conv_channels=8, fc_channels=8)
        settings['semantic_head'] = dict(
            type='GlobalSemanticHead',
            num_classes=num_classes,
            in_channels=16,
            conv_out_channels=16,
            num_convs=1,
            norm_cfg=_NORM)
    return ConfigDict(settings, **changes)


def small_region_parser(type: str = 'ParsingRCNN',
                        **changes: Any) -> nn.Module:
    """The network of :func:`small_config`; each time the same weights."""
    with torch.random.fork_rng(), \
            DefaultScope.overwrite_default_scope('mmdet'):
        torch.manual_seed(0)
        return MODELS.build(small_config(type, **changes))


def region_sample(
    seed: int,
    size: Tuple[int, int],
    boxes: Sequence[Sequence[float]] = (),
    scale: Tuple[float, float] = (1., 1.)
) -> Item:
    """A noisy image of ``size`` (width, height) and its persons.

    Boxes are xyxy in pixels; a person owns its box but for later ones, and
    consists of horizontal stripes of the classes 1..4. ``scale`` (w, h) is
    what the image was resized by. The image's id is ``seed``.
    """
    rng = np.random.default_rng(seed)
    width, height = size
    image = torch.from_numpy(
        rng.integers(0, 256, (3, height, width), np.uint8))
    maps = np.zeros((2, height, width), np.uint8)
    for k, box in enumerate(boxes):
        x1, y1, x2, y2 = map(int, box)
        rows = np.arange(max(y1, 0), min(y2, height))
        maps[0, rows, max(x1, 0):x2] = (1 + rows // 6 % 4)[:, None]
        maps[1, rows, max(x1, 0):x2] = k + 1
    sample = DetDataSample(
        metainfo=dict(
            img_id=seed,
            img_path=f'{seed}.jpg',
            img_shape=(height, width),
            ori_shape=(round(height / scale[1]), round(width / scale[0])),
            scale_factor=scale))
    bboxes = torch.tensor(boxes, dtype=torch.float32).view(-1, 4)
    sample.gt_instances = InstanceData(
        bboxes=bboxes, labels=bboxes.new_zeros(len(bboxes), dtype=torch.long))
    sample.gt_sem_seg = PixelData(sem_seg=torch.from_numpy(maps))
    return image, sample


def batch_of(items: Sequence[Item]) -> dict:
    """What a data loader makes of them."""
    images, samples = zip(*items)
    return dict(inputs=list(images), data_samples=list(samples))


def train_losses(model: nn.Module, items: Sequence[Item]) -> dict:
    """Losses, by name, of one training step without an optimizer."""
    return model(**model.data_preprocessor(batch_of(items), True), mode='loss')
