# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Configs as users train them, with less in them and without downloads."""
from typing import Any

from mmengine.config import Config

WIDTHS = [8, 16, 32, 64]
#: HRNet with one block in each branch.
HRNET = {
    f'stage{k}':
    dict(
        num_modules=1,
        num_branches=k,
        block='BOTTLENECK' if k == 1 else 'BASIC',
        num_blocks=(1, ) * k,
        num_channels=tuple(WIDTHS[:k]))
    for k in range(1, 5)
}


def drop_downloads(node: Any) -> None:
    """Take published weights out of a config, in place."""
    if isinstance(node, dict):
        for key in ('init_cfg', 'pretrained'):
            if key in node:
                node[key] = None
        node = list(node.values())
    for child in node if isinstance(node, (list, tuple)) else []:
        drop_downloads(child)


def narrow_parser(config: Config, crop_size: tuple) -> None:
    """Make a parser of configs/qanet or configs/simple_baseline small."""
    model, widths = config.model, WIDTHS
    drop_downloads(model)
    if model.backbone.type == 'mmpretrain.HRNet':
        model.backbone.extra = HRNET
    else:
        model.backbone.base_channels = 8
        # Bottlenecks are four times as wide.
        expansion = 1 if model.backbone.depth == 18 else 4
        widths = [expansion * width for width in WIDTHS]
    head = model.decode_head
    if model.get('neck'):
        model.neck.update(in_channels=widths, out_channels=16)
        widths = [16] * 4
    head.in_channels = widths[3] if head.in_index == 3 else widths
    head.channels = 16
    if head.type == 'SimpleBaselineHead':
        head.deconv_channels = (16, 16, 16)
    model.test_cfg.crop_size = crop_size
    for step in config.train_dataloader.dataset.pipeline:
        if 'crop_size' in step:
            step.crop_size = crop_size


def narrow_region_parser(config: Config) -> None:
    """Make a region parser small, and its images at most 128 x 96 px."""
    model, head = config.model, config.model.roi_head
    drop_downloads(model)
    model.backbone.base_channels = 8
    expansion = 1 if model.backbone.depth == 18 else 4
    model.neck.update(
        in_channels=[expansion * width for width in WIDTHS], out_channels=32)
    model.rpn_head.update(in_channels=32, feat_channels=32)
    head.bbox_roi_extractor.out_channels = 32
    head.bbox_head.update(in_channels=32, fc_out_channels=16)
    head.mask_roi_extractor.out_channels = 32
    head.mask_roi_extractor.roi_layer.output_size = 8
    head.mask_head.roi_feat_size = 8
    head.mask_head.context.update(
        in_channels=32, aspp_channels=32, channels=32, num_convs=1)
    if 'semantic_head' in model:
        model.semantic_head.update(
            in_channels=32, conv_out_channels=32, num_convs=1)
    for loader in (config.train_dataloader, config.test_dataloader):
        for step in loader.dataset.pipeline:
            if step.type == 'RandomChoiceResize':
                step.scales = [(128, 96)]
            elif step.type == 'Resize':
                step.scale = (128, 96)
