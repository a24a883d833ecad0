# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from torchvision.ops import roi_align

from projects.qanet.quality import pixel_score, quality_score
from projects.qanet.structures import ParsingInstances
from projects.qanet.testing.region_parsers import (batch_of, region_sample,
                                                   small_config,
                                                   small_region_parser,
                                                   train_losses)
from projects.qanet.utils.errors import InputError

BOXES = [(10, 8, 60, 90), (50, 20, 110, 95)]
# Of different sizes; the first one was 65 x 98 pixels (w, h) at first.
SCALED = region_sample(1, (130, 98), BOXES, scale=(2., 1.))
EMPTY = region_sample(2, (88, 120))
KINDS = pytest.mark.parametrize('kind', ['ParsingRCNN', 'RPRCNN'])
LOSSES = {
    'ParsingRCNN':
    {'loss_rpn_cls', 'loss_rpn_bbox', 'loss_cls', 'loss_bbox', 'loss_parsing'}
}
LOSSES['RPRCNN'] = LOSSES['ParsingRCNN'] | {
    'loss_parsing_iou', 'loss_semantic_seg'
}


@torch.no_grad()
def predict(model, *items):
    return model.eval().test_step(batch_of(items))


@KINDS
@pytest.mark.parametrize('items', [[SCALED, EMPTY], [EMPTY]])
def test_training_step_reaches_every_weight(kind, items):
    """Also of a batch without any person."""
    model = small_region_parser(kind)
    losses = train_losses(model, items)
    assert set(losses) == LOSSES[kind] | {'acc'}
    total, _ = model.parse_losses(losses)
    total.backward()
    assert total.isfinite()
    assert all(p.grad.isfinite().all() for p in model.parameters())
    has_persons = len(items) > 1
    assert (losses['loss_parsing'] > 0) == has_persons
    assert has_persons == any(p.grad.any()
                              for p in model.roi_head.mask_head.parameters())


def test_semantic_loss_counts_padding_and_no_ignored_pixel():
    model = small_region_parser('RPRCNN')
    image, sample = region_sample(1, (70, 50), [(5, 4, 30, 44)])
    sample.gt_sem_seg.sem_seg[0, 40:] = 255
    found = train_losses(model, [(image, sample)])['loss_semantic_seg']
    padded = np.zeros((64, 96))
    padded[:50, :70] = sample.gt_sem_seg.sem_seg[0]
    labels = torch.from_numpy(padded[::4, ::4]).long()
    inputs = torch.zeros(1, 3, 64, 96)
    inputs[..., :50, :70] = (image.float() - 100) / 50
    logits = model.semantic_head(model.neck(model.backbone(inputs)))[0]
    kept = labels < 255
    chosen = logits[0].log_softmax(0).gather(0, (labels * kept)[None])[0]
    torch.testing.assert_close(found, -2 * chosen[kept].mean())


def naive_persons(model, item, fusion_weight=.2, stretched=False):
    """Part maps and scores, by cv2 and torchvision, of the found boxes."""
    image, sample = item
    height, width = image.shape[1:]
    inputs = torch.zeros(1, 3, -(-height // 32) * 32, -(-width // 32) * 32)
    inputs[..., :height, :width] = (image.float() - 100) / 50
    feats = model.neck(model.backbone(inputs))
    size, scene = sample.ori_shape[::-1], None
    if hasattr(model, 'semantic_head'):
        logits, embedding = model.semantic_head(feats)
        feats = model.semantic_head.enhance(feats, embedding)
        scene = logits.softmax(1)[0].permute(1, 2, 0).numpy()
        full = [
            round(n / s)
            for n, s in zip(inputs.shape[:1:-1], sample.scale_factor)
        ]
        scene = cv2.resize(scene, size if stretched else tuple(full))
        scene = scene[:size[1], :size[0]].transpose(2, 0, 1)
    regions = model.rpn_head.predict(feats, [sample], rescale=False)
    found, = model.roi_head.predict_bbox(
        feats, [sample.metainfo], regions, model.test_cfg.rcnn, rescale=False)
    maps, pixels, ious = [], [], []
    for box in found.bboxes:
        feat = roi_align(feats[0], [box[None]], 8, .25, 2)
        logits, iou = model.roi_head.mask_head(feat)
        probs = np.pad(logits.softmax(1)[0].numpy(), ((0, 0), (1, 1), (1, 1)))
        x1, y1, x2, y2 = (box / box.new_tensor(sample.scale_factor).repeat(2))
        half_w, half_h = (x2 - x1) / 2 * 34 / 32, (y2 - y1) / 2 * 34 / 32
        middle = (x1 + x2) / 2, (y1 + y2) / 2
        left, top = int(middle[0] - half_w), int(middle[1] - half_h)
        right, low = int(middle[0] + half_w), int(middle[1] + half_h)
        moved = cv2.resize(
            probs.transpose(1, 2, 0), (right - left + 1, low - top + 1))
        # From there into the image.
        canvas = np.zeros((5, size[1] + 200, size[0] + 200), np.float32)
        canvas[:, 100 + top:101 + low,
               100 + left:101 + right] = moved.transpose(2, 0, 1)
        canvas = canvas[:, 100:-100, 100:-100]
        labels = canvas.argmax(0)
        if scene is not None:
            fused = (canvas + fusion_weight * scene).argmax(0)
            labels = np.where(labels > 0, fused, 0)
        maps.append(labels)
        pixels.append(pixel_score(canvas[None])[0][0])
        ious.append(1. if iou is None else iou[0].item())
    return found, maps, np.array(pixels), np.array(ious)


@KINDS
@torch.no_grad()
def test_prediction_is_boxes_regions_paste_fuse(kind):
    """In the pixels of the image before it was resized."""
    model = small_region_parser(kind).eval()
    result, = predict(model, SCALED)
    persons = result.pred_instances
    assert isinstance(persons, ParsingInstances)
    assert persons.image_size == (65, 98) and persons.image_id == 1
    found, maps, pixels, ious = naive_persons(model, SCALED)
    assert len(persons) == len(found) > 5 and any(map(np.any, maps))
    np.testing.assert_allclose(persons.bboxes,
                               found.bboxes / torch.tensor([2., 1.] * 2))
    np.testing.assert_array_equal(persons.bbox_scores, found.scores)
    differing = sum((persons.part_map(k) != part_map).sum()
                    for k, part_map in enumerate(maps))
    assert differing <= 3  # ties, resampled by another program
    np.testing.assert_allclose(persons.pixel_scores, pixels, atol=1e-5)
    ious = ious.clip(0, 1)
    np.testing.assert_allclose(persons.iou_scores, ious, atol=1e-5)
    weights = (1, 0, 1) if kind == 'ParsingRCNN' else (3, 1, 1)
    np.testing.assert_allclose(
        persons.scores,
        quality_score(found.scores.numpy(), ious, pixels, weights),
        atol=1e-5)


@torch.no_grad()
def test_scene_is_where_it_was_seen():
    """Stretched, as released, or switched off, parts are others."""
    model = small_region_parser('RPRCNN').eval()
    for changes in (dict(stretch_scene=True), dict(fusion_weight=0.),
                    dict(fusion_weight=3.)):
        plain = predict(model, SCALED)[0].pred_instances
        other = small_region_parser('RPRCNN', **changes)
        result = predict(other, SCALED)[0].pred_instances
        _, maps, *_ = naive_persons(model, SCALED,
                                    changes.get('fusion_weight', .2),
                                    changes.get('stretch_scene', False))
        pairs = [(result.part_map(k), expected, plain.part_map(k))
                 for k, expected in enumerate(maps)]
        assert sum((one != two).sum() for one, two, _ in pairs) <= 3
        assert sum((one != three).sum() for one, _, three in pairs) > 20
        np.testing.assert_array_equal(result.pixel_scores, plain.pixel_scores)


@KINDS
def test_images_of_a_batch_do_not_matter_to_each_other(kind):
    model = small_region_parser(kind)
    both = predict(model, SCALED, EMPTY)
    for item, result in zip((SCALED, EMPTY), both):
        alone, = predict(model, item)
        assert result.img_id == item[1].img_id
        ours, theirs = result.pred_instances, alone.pred_instances
        assert len(ours) > 5
        np.testing.assert_array_equal(ours.bboxes, theirs.bboxes)
        np.testing.assert_array_equal(ours.scores, theirs.scores)
        for maps in zip(ours.part_maps, theirs.part_maps):
            np.testing.assert_array_equal(*maps)


@KINDS
def test_nobody_is_found(kind):
    model = small_region_parser(kind)
    model.test_cfg.rcnn.score_thr = .99
    result, = predict(model, SCALED)
    persons = result.pred_instances
    assert len(persons) == 0 and persons.image_size == (65, 98)
    assert persons.num_classes == 5


def test_diverged_networks_are_named():
    model = small_region_parser()
    model.backbone.conv1.weight.data[0, 0, 0, 0] = float('nan')
    with pytest.raises(InputError, match='1.jpg: .* not finite; .* diverged'):
        predict(model, SCALED)


def test_maps_that_are_not_padded_are_named():
    config = dict(type='DetDataPreprocessor', pad_size_divisor=32)
    model = small_region_parser('RPRCNN', data_preprocessor=config)
    with pytest.raises(InputError, match='needs pad_seg=True'):
        train_losses(model, [EMPTY])


def test_heads_of_other_classes_are_named():
    config = small_config('RPRCNN')
    config.semantic_head.num_classes = 7
    with pytest.raises(InputError, match='num_classes=7, mask_head has 5: '):
        small_region_parser('RPRCNN', semantic_head=config.semantic_head)


@KINDS
def test_maps_of_another_size_are_named(kind):
    """As mmdet's transforms of whole batches leave them behind."""
    model = small_region_parser(
        kind,
        data_preprocessor=dict(
            small_config().data_preprocessor,
            batch_augments=[
                dict(
                    type='BatchSyncRandomResize',
                    random_size_range=(192, 192),
                    interval=1)
            ]))
    image, sample = region_sample(1, (88, 120), BOXES)
    MessageHub.get_current_instance().update_info('iter', 0)
    model.data_preprocessor.batch_augments[0]._input_size = (192, 128)
    with pytest.raises(
            InputError,
            match=r'1.jpg: the label maps .*\(128, 96\)'
            r', the image \(.*BatchSyncRandomResize'):
        train_losses(model, [(image, sample)])


@KINDS
def test_an_image_that_is_not_resized_has_scale_one(kind):
    model = small_region_parser(kind)
    image, sample = region_sample(1, (88, 120), BOXES)
    expected, = predict(model, (image, sample))
    bare = sample.clone()
    del bare.scale_factor
    found, = predict(model, (image, bare))
    np.testing.assert_array_equal(found.pred_instances.bboxes,
                                  expected.pred_instances.bboxes)
    image, sample = SCALED[0], SCALED[1].clone()
    del sample.scale_factor
    with pytest.raises(InputError, match='1.jpg was resized .*scale_factor'):
        predict(model, (image, sample))


@KINDS
def test_boxes_are_precise_under_autocast(kind):
    """Features may be bfloat16, which has no odd number above 256."""
    model = small_region_parser(kind)
    item = region_sample(1, (420, 88), [(300, 8, 401, 80)])
    plain = predict(model, item)[0].pred_instances
    with torch.autocast('cpu', torch.bfloat16):
        found = predict(model, item)[0].pred_instances
    assert found.bboxes.dtype == np.float32 and len(found) == len(plain)
    right = found.bboxes[:, 2]
    near = np.abs(plain.bboxes[:, 2] - right[:, None]).min(axis=1)
    assert np.median(near) < .2
