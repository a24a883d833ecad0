# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Against the masks and scores of the released post-processing."""
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData

from projects.qanet.detection.region_parsers.pasting import (LABEL_THR,
                                                             pad_maps,
                                                             paste_boxes)
from projects.qanet.models import PersonProbs, QualityAwareModule
from projects.qanet.quality import SemanticMap


def smooth(seed, shape, size, factor):
    """Probabilities (N, C, h, w), float32, of coarse noise."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    logits = F.interpolate(torch.from_numpy(noise), size, mode='bilinear')
    return (factor * logits).softmax(1).float()


@pytest.fixture(scope='module')
def golden(data_dir):
    return dict(np.load(data_dir / 'region_parsers/pasting.npz'))


def test_golden_boxes(golden):
    found = paste_boxes(torch.from_numpy(golden['boxes']), 128)
    np.testing.assert_array_equal(found[:, :2], golden['int_boxes'][:, :2])
    np.testing.assert_array_equal(found[:, 2:], golden['int_boxes'][:, 2:] + 1)
    points = paste_boxes(torch.tensor([[7.6, 3.2, 7.6, 3.2]]), 128)
    assert points.tolist() == [[7, 3, 8, 4]]


@pytest.mark.parametrize('fuses,maps,weights,scores', [
    (False, 'maps', (1, 0, 1), 'scores_1_0_1'),
    (False, 'maps', (1, 0, 0), 'native_1_0_0'),
    (True, 'fused_maps', (3, 1, 1), 'scores_3_1_1'),
    (True, 'fused_maps', (1, 1, 0), 'native_1_1_0'),
])
def test_golden_persons(golden, fuses, maps, weights, scores):
    """Pixel scores are those of the maps before the fusion."""
    probs = smooth(41, (4, 20, 9, 9), (128, 128), 3)
    semantic = SemanticMap(
        smooth(42, (1, 20, 7, 9), (32, 40), 4)[0], (0, 0, 160, 120), .2)
    boxes = torch.from_numpy(golden['boxes'])
    persons = [
        PersonProbs([pad_maps(one)], [box], (160, 120),
                    torch.tensor(iou),
                    label_thr=LABEL_THR,
                    semantic=semantic if fuses else None) for one, box, iou in
        zip(probs, paste_boxes(boxes, 128), golden['iou_scores'])
    ]
    proposals = InstanceData(
        bboxes=boxes, scores=torch.from_numpy(golden['box_scores']))
    found = QualityAwareModule(weights)(persons, proposals, (160, 120), 20, 3)
    for k, expected in enumerate(golden[maps]):
        np.testing.assert_array_equal(found.part_map(k), expected)
    names = dict(
        pixel_scores='pixel_scores',
        part_pixel_scores='part_pixel_scores',
        scores=scores)
    if scores.startswith('scores'):
        names['part_scores'] = f'part_{scores}'
    for name, expected in names.items():
        np.testing.assert_allclose(
            getattr(found, name), golden[expected], atol=2e-6)
