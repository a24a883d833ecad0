# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Crops, chunks, augmentations, whatever the network is."""
import weakref

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from torchvision.ops import roi_align

from projects.qanet.models.parsers import (CropSettings, add_predictions,
                                           person_crops, predict_persons,
                                           sizes_of)
from projects.qanet.models.parsers.person_crops import crop_persons
from projects.qanet.testing.parsers import (BOXES, image_and_sample, predict,
                                            toy_config, toy_parser)
from projects.qanet.utils.errors import InputError


def test_crops_of_large_boxes_are_thinned(monkeypatch):
    """Among others, of two images; where a cell is a pixel it is exact."""
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 256, (3, 7, 5), np.uint8)
    large = torch.from_numpy(cells.repeat(16, 1).repeat(16, 2))
    small = torch.from_numpy(cells).float()
    boxes = torch.tensor([[3., 5., 20., 40.], [0., 0., 80., 112.],
                          [0., 0., 5., 7.], [-80., -112., 80., 112.]])
    owners, size = [0, 0, 1, 0], (5, 7)
    plain = crop_persons([large, small], owners, boxes, size)
    for k, owner in enumerate(owners):
        image = (large, small)[owner][None].float()
        assert torch.equal(
            plain[k:k + 1],
            roi_align(image, [boxes[k:k + 1]], size[::-1], aligned=True))
    monkeypatch.setattr(person_crops, 'MAX_SAMPLES', 35 * 5**2)
    thinned = crop_persons([large, small], owners, boxes, size)
    assert torch.equal(thinned[[0, 2]], plain[[0, 2]])
    np.testing.assert_allclose(thinned[1], cells, atol=1e-4)
    assert not torch.equal(thinned[3], plain[3])
    # Black above and to the left, with half of the middle row and column.
    assert not thinned[3, :, :3].any() and not thinned[3, :, :, :2].any()
    np.testing.assert_allclose(thinned[3], plain[3], atol=25)


def predict_with(network, items, **settings):
    """Results of a function of crops in place of a parser's network."""
    images, samples = zip(*items)
    preprocessor = MODELS.build(
        dict(type='ImgDataPreprocessor', mean=[100.] * 3, std=[50.] * 3))
    module = MODELS.build(dict(type='QualityAwareModule', weights=(1, .5, 3)))
    persons = predict_persons(network, preprocessor,
                              CropSettings((12, 16), **settings), images,
                              samples)
    return add_predictions(persons, sizes_of(images), samples, module, 3)


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
    settings, found = dict(flip=True, scales=(1., .9, 1.3)), []

    def network(crops):
        found.append(len(crops))
        return colours(crops)

    results = predict_with(
        network, items(), max_instances_per_batch=batch, **settings)
    # Each batch twice, plain and mirrored.
    assert found == [size for size in batches for _ in range(2)]
    for result, item in zip(results, items()):
        alone, = predict(toy_parser(**settings), [item])
        ours, theirs = result.pred_instances, alone.pred_instances
        assert len(ours) == len(theirs)
        for name in ('iou_scores', 'pixel_scores', 'scores', 'part_scores'):
            np.testing.assert_allclose(
                getattr(ours, name), getattr(theirs, name), rtol=1e-5)
        for maps in zip(ours.part_maps, theirs.part_maps):
            np.testing.assert_array_equal(*maps)


def test_iou_is_the_mean_of_all_augmentations():
    """Two scales, mirrored or not: four different scores."""
    answers = iter(torch.tensor([[.1, .2], [.4, .7]]))
    result, = predict_with(
        lambda crops: (crops.softmax(1), next(answers)),
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

    predict_with(network, items(), max_instances_per_batch=2)
    assert len(chunks) == 3


def test_diverged_networks_are_named():
    """Also if a single pixel of one person is not a number."""

    def network(crops):
        probs, iou = colours(crops)
        probs[-1, 0, 5, 6] = float('nan')
        return probs, iou

    with pytest.raises(InputError, match='^image 1: .* not finite'):
        predict_with(network, items()[:1])
    item = image_and_sample(1, (97, 71), BOXES, img_path='in/a.jpg')
    with pytest.raises(InputError, match='^in/a.jpg: image 1: .* not finite'):
        predict_with(network, [item])


@pytest.mark.parametrize('value', [float('nan'), 3e9])
def test_boxes_without_end_are_named(value):
    image, sample = items()[0]
    sample.proposals.bboxes[1, 3] = value
    with pytest.raises(
            InputError,
            match=r'data sample 1: the box \[-5.0, 20.0, 22.0, .*\], padded, '
            r'reaches 1e\+09 pixels, or is not finite'):
        predict(toy_parser(), [items()[1], (image, sample)])


def test_samples_that_lack_something():
    image, sample = items()[0]
    del sample.flip_pairs  # else a flip test would average left with right
    assert len(predict(toy_parser(), [(image, sample)])[0].pred_instances) == 3
    with pytest.raises(InputError, match='data sample 0 has no flip_pairs'):
        predict(toy_parser(flip=True), [(image, sample)])
    del sample.proposals
    with pytest.raises(InputError, match='data sample 0 has no proposals'):
        predict(toy_parser(), [(image, sample)])
    wrong = image_and_sample(1, (97, 71), BOXES, flip_pairs=[(1, 3)])
    with pytest.raises(InputError, match=r'\(1, 3\).*0..2'):
        predict(toy_parser(flip=True), [wrong])


@pytest.mark.parametrize('settings,message', [
    (dict(scales=()), r'test_cfg.scales must be positive factors'),
    (dict(scales=(1., 0.)), r'scales must be .* got \(1.0, 0.0\)'),
    (dict(flpi=True), "no key 'flpi', allowed are crop_size, padding, flip"),
    (dict(flip=1), 'flip must be True or False, but got 1'),
    (dict(padding=0), 'padding must be a positive number'),
    (dict(max_instances_per_batch=0), 'whole number from 1, but got 0'),
    (dict(crop_size=(12, 16, 3)), r'crop_size must be the \(width, height\)'),
    (dict(crop_size=(12., 16.)), 'two whole numbers'),
    (dict(mode='slide'), "mode must be 'whole'"),
    (None, 'needs test_cfg.crop_size'),
])
def test_test_cfg_is_checked_when_the_parser_is_built(settings, message):
    if settings is not None:
        settings = dict(dict(crop_size=(12, 16)), **settings)
    with pytest.raises(InputError, match=f'TopDownParser.*{message}'):
        MODELS.build(toy_config(test_cfg=settings))


def test_test_cfg_counts_when_it_is_changed():
    parser, item = toy_parser(), items()[0]
    before = predict(parser, [item])[0].pred_instances.pixel_scores
    parser.test_cfg.flip = True
    after = predict(parser, [item])[0].pred_instances.pixel_scores
    expected = predict(toy_parser(flip=True), [item])[0].pred_instances
    np.testing.assert_array_equal(after, expected.pixel_scores)
    assert (before != after).any()
