# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A converted Parsing R-CNN gives the released numbers, stage by stage."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.structures.bbox import bbox2roi

from projects.qanet.released_weights import (convert_region_parser,
                                             fill_network,
                                             region_parser_config)
from .released import (GOLDEN, NETWORKS, SHAPES, assert_digest, fill, normal,
                       weights)

CONFIGS = Path(__file__).parents[3] / 'configs'


def test_parsing_rcnn_of_an_image():
    report = convert_region_parser(weights('parsing_rcnn'))
    model = MODELS.build(region_parser_config(report, str(CONFIGS)))
    model.double().eval()
    fill_network(report, model, 'released')
    rng = np.random.default_rng(91)
    image = rng.integers(0, 256, (120, 150, 3), np.uint8)
    padded = torch.zeros(1, 3, 128, 160, dtype=torch.double)
    padded[:, :, :120, :150] = torch.from_numpy(image).permute(2, 0, 1)
    padded -= model.data_preprocessor.mean
    boxes = torch.tensor(GOLDEN['end_to_end_boxes'], dtype=torch.double)
    head = model.roi_head
    with torch.no_grad():
        stages = model.backbone(padded)
        levels = model.neck(stages)
        scores, _ = model.rpn_head(levels)
        regions = head.mask_roi_extractor(levels[:1], bbox2roi([boxes]))
        context = head.mask_head.context(regions)
        logits, _ = head.mask_head(regions)
    found = dict(roi_feat=regions, head=context, logits=logits)
    for first, tensors in (('C2', stages), ('P2', levels), ('rpn_logits0',
                                                            scores)):
        for k, tensor in enumerate(tensors):
            found[f'{first[:-1]}{int(first[-1]) + k}'] = tensor
    assert found.keys() == GOLDEN['end_to_end'].keys()
    for name, expected in GOLDEN['end_to_end'].items():
        assert_digest(found[name], expected)


def config(network):
    """Our config of a released file."""
    weights = {
        name: torch.zeros(shape)
        for name, shape in SHAPES[network].items()
    }
    return region_parser_config(convert_region_parser(weights), str(CONFIGS))


def test_regions_are_pooled_as_released():
    golden, feature = GOLDEN['regions'], normal(81, 2, 3, 40, 56)
    rois = torch.tensor(golden['rois'], dtype=torch.double)
    head = config('parsing_rcnn').roi_head
    for extractor, step, name in ((head.bbox_roi_extractor, 1, 'box7'),
                                  (head.mask_roi_extractor, 2,
                                   'parsing32_stride2')):
        layer = MODELS.build(extractor).roi_layers[0]
        found = layer(feature, rois)[:, :, ::step, ::step]
        assert_digest(found, golden[name])


def test_anchors_of_the_enhanced_levels():
    anchors = TASK_UTILS.build(config('rp_rcnn').rpn_head.anchor_generator)
    sizes = [(32 >> k, 40 >> k) for k in range(4)]
    found = anchors.grid_priors(sizes, device='cpu')
    assert [len(level)
            for level in found] == GOLDEN['rp_rcnn']['anchors_of_levels']


@pytest.mark.parametrize('network', NETWORKS)
def test_pyramid(network):
    neck = MODELS.build(config(network).neck)
    fill(neck, 'neck.', network)
    stages = [normal(50 + k, 1, 256 << k, 32 >> k, 48 >> k) for k in range(4)]
    with torch.no_grad():
        levels = neck(stages)
    for level, expected in zip(levels, GOLDEN[network]['fpn'].values()):
        assert_digest(level, expected)
    assert len(levels) == 5
