# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Crops, chunks, augmentations, whatever the network is."""
import weakref

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from toy_networks import BOXES, image_and_sample, predict, toy_parser

from projects.qanet.models.parsers import (CropSettings, add_predictions,
                                           predict_persons)
from projects.qanet.utils.errors import InputError


class Network:
    """A function of crops in place of a parser's network."""

    def __init__(self, function):
        self.function = function
        self.batches = []

    def __call__(self, crops):
        self.batches.append(len(crops))
        return self.function(crops)

    def predict(self, items, **settings):
        images, samples = zip(*items)
        preprocessor = MODELS.build(
            dict(type='ImgDataPreprocessor', mean=[100.] * 3, std=[50.] * 3))
        module = MODELS.build(
            dict(type='QualityAwareModule', weights=(1, .5, 3)))
        persons = predict_persons(self, preprocessor,
                                  CropSettings((12, 16), **settings), images,
                                  samples)
        return add_predictions(persons, images, samples, module, 3)


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
    network = Network(colours)
    results = network.predict(
        items(), max_instances_per_batch=batch, **settings)
    # Each batch twice, plain and mirrored.
    assert network.batches == [size for size in batches for _ in range(2)]
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

    result, = Network(network).predict(
        [image_and_sample(1, (97, 71), BOXES[:1])],
        flip=True,
        scales=(1., 1.2))
    np.testing.assert_allclose(result.pred_instances.iou_scores, [.35])


def test_a_chunk_is_freed_before_the_next():
    """Whatever the post-processor and the generators still refer to."""
    chunks = []

    def network(crops):
        assert all(chunk() is None for chunk in chunks)
        memory = crops.softmax(1).numpy()
        chunks.append(weakref.ref(memory))
        return torch.from_numpy(memory), crops.mean((1, 2, 3))

    Network(network).predict(items(), max_instances_per_batch=2)
    assert len(chunks) == 3


def test_a_flip_needs_to_know_left_and_right():
    """Without its pairs a flip test would average left with right."""
    image, sample = image_and_sample(1, (97, 71), BOXES)
    metainfo = {k: v for k, v in sample.metainfo.items() if k != 'flip_pairs'}
    bare = type(sample)(metainfo=metainfo, proposals=sample.proposals)
    assert len(predict(toy_parser(), [(image, bare)])[0].pred_instances) == 3
    with pytest.raises(InputError, match='data sample 0 has no flip_pairs'):
        predict(toy_parser(flip=True), [(image, bare)])


def test_diverged_networks_are_named():
    """Also if a single pixel of one person is not a number."""

    def network(crops):
        probs, iou = colours(crops)
        probs[-1, 0, 5, 6] = float('nan')
        return probs, iou

    with pytest.raises(InputError, match='image 1: .* not finite'):
        Network(network).predict(items()[:1])


@pytest.mark.parametrize('settings,message', [
    (dict(scales=()), r'test_cfg.scales must be positive factors'),
    (dict(scales=(1., 0.)), r'scales must be .* got \(1.0, 0.0\)'),
    (dict(scales=(-1., )), 'scales must be'),
    (dict(flpi=True), "no key 'flpi', allowed are crop_size, padding, flip"),
    (dict(flip=1), 'flip must be True or False, but got 1'),
    (dict(padding=0), 'padding must be a positive number'),
    (dict(max_instances_per_batch=0), 'whole number from 1, but got 0'),
    (dict(crop_size=(12, 16, 3)), r'crop_size must be the \(width, height\)'),
    (dict(crop_size=(12., 16.)), 'two whole numbers'),
    (dict(mode='slide'), "mode must be 'whole'"),
])
def test_test_cfg_is_checked_when_the_parser_is_built(settings, message):
    with pytest.raises(InputError, match=f'TopDownParser.*{message}'):
        MODELS.build(
            dict(
                type='TopDownParser',
                backbone=dict(type='IdentityBackbone'),
                decode_head=dict(type='ColourHead'),
                test_cfg=dict(dict(crop_size=(12, 16)), **settings)))


def test_test_cfg_counts_when_it_is_changed():
    parser = toy_parser()
    item = image_and_sample(7, (97, 71), BOXES)
    before = predict(parser, [item])[0].pred_instances.pixel_scores
    parser.test_cfg.flip = True
    after = predict(parser, [item])[0].pred_instances.pixel_scores
    expected = predict(toy_parser(flip=True), [item])[0].pred_instances
    np.testing.assert_array_equal(after, expected.pixel_scores)
    assert (before != after).any()
    parser.test_cfg.flpi = True
    with pytest.raises(InputError, match="no key 'flpi'"):
        predict(parser, [item])
