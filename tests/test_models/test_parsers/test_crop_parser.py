# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmseg.registry import MODELS
from toy_networks import BOXES, image_and_sample, predict, toy_parser

from projects.qanet.models.parsers import CropParser


class FunctionParser(CropParser, BaseModel):
    """Another backend: nothing but predict_crops is its own."""
    num_classes = 3

    def __init__(self, function, **test_cfg):
        super().__init__(
            MODELS.build(
                dict(
                    type='ParsingDataPreprocessor',
                    mean=[100.] * 3,
                    std=[50.] * 3)))
        self.init_test_cfg(dict(crop_size=(12, 16), **test_cfg))
        self.post_processor = MODELS.build(
            dict(type='QualityAwareModule', weights=(1, .5, 3)))
        self.function = function
        self.batches = []

    def forward(self, inputs, data_samples=None, mode='predict'):
        return self.predict(inputs, data_samples)

    def predict_crops(self, crops):
        self.batches.append(len(crops))
        return self.function(crops)


def colours(crops):
    return crops.softmax(1), crops.mean((1, 2, 3))


def items():
    return [
        image_and_sample(1, (97, 71), BOXES),
        image_and_sample(2, (60, 80), []),
        image_and_sample(3, (64, 90), BOXES[:2], flip_pairs=())
    ]


@pytest.mark.parametrize('batch,batches', [
    (32, [15]),
    (8, [6, 6, 3]),
    (2, [2, 1] * 5),
])
def test_scales_share_the_batch(batch, batches):
    """Five persons at three scales; the batch limits the crops."""
    settings = dict(flip=True, scales=(1., .9, 1.3))
    parser = FunctionParser(colours, max_instances_per_batch=batch, **settings)
    results = predict(parser, items())
    # Each batch twice, plain and mirrored.
    assert parser.batches == [size for size in batches for _ in range(2)]
    expected = predict(toy_parser(**settings), items())
    for result, single in zip(results, expected):
        ours, theirs = result.pred_instances, single.pred_instances
        assert len(ours) == len(theirs)
        for name in ('iou_scores', 'pixel_scores', 'scores', 'part_scores'):
            np.testing.assert_allclose(
                getattr(ours, name), getattr(theirs, name), rtol=1e-5)
        for k in range(len(theirs)):
            assert (ours.part_maps[k] == theirs.part_maps[k]).all()


def test_iou_is_the_mean_of_all_augmentations():
    """Two scales, mirrored or not: four different scores."""
    answers = iter([[[.1], [.2]], [[.4], [.7]]])

    def network(crops):
        iou = torch.tensor(next(answers)).flatten()
        return crops.softmax(1), iou

    parser = FunctionParser(network, flip=True, scales=(1., 1.2))
    result, = predict(parser, [image_and_sample(1, (97, 71), BOXES[:1])])
    np.testing.assert_allclose(result.pred_instances.iou_scores, [.35])


def test_other_second_outputs_are_no_iou(monkeypatch):
    """EncHead returns its class scores besides the logits."""
    parser = toy_parser()
    monkeypatch.setattr(parser.decode_head, 'forward', lambda x:
                        (x[0], torch.rand(len(x[0]), 3)))
    logits, iou = parser(torch.randn(2, 3, 16, 12), mode='tensor')
    assert logits.shape == (2, 3, 16, 12) and iou is None


@pytest.mark.parametrize('scales', [(), (1., 0.), (-1., )])
def test_scales_are_checked(scales):
    with pytest.raises(ValueError, match='FunctionParser needs .*scales'):
        FunctionParser(colours, scales=scales)
