# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from toy_networks import (BOXES, MEAN, STD, image_and_sample, predict,
                          small_qanet, toy_parser)

from projects.qanet.models.parsers import person_parser
from projects.qanet.models.parsers.crop_parser import flip_permutation
from projects.qanet.quality import paste_parsing, pixel_score, quality_score
from projects.qanet.structures import pad_boxes


@pytest.mark.parametrize('flip,scales', [(False, (1., )), (True, (1., )),
                                         (True, (1., 1.3))])
def test_prediction_is_crop_network_paste_fuse(flip, scales):
    """Against the steps of PROTOCOL 4, person by person."""
    model = toy_parser(flip=flip, scales=scales)
    image, sample = image_and_sample(7, (97, 71), BOXES)
    result, = predict(model, [(image, sample)])
    instances = result.pred_instances
    assert instances.image_size == (97, 71) and instances.image_id == 7
    assert len(instances) == 3 and instances.num_classes == 3
    for k, box in enumerate(BOXES):
        probs, ious, padded = [], [], []
        for scale in scales:
            region = pad_boxes(np.array([box]), (12, 16), 1.25, scale)
            crop = model._crop([image], [0], torch.from_numpy(region))
            padded.append(region[0])
            parts = [crop.softmax(1)[0]]
            ious.append(crop.mean())
            if flip:  # mirror back, swap the left and right class
                mirrored = crop.flip(3).softmax(1)[0].flip(2)
                parts.append(mirrored[[0, 2, 1]])
                ious.append(crop.mean())
            probs.append(sum(parts) / len(parts))
        labels, instance, category = paste_parsing(probs, padded, (97, 71))
        iou = torch.stack(ious).mean().clamp(0, 1)
        assert (instances.part_map(k) == labels.numpy()).all()
        assert labels.any()
        np.testing.assert_allclose(
            instances.iou_scores[k], iou, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(
            instances.pixel_scores[k], instance, rtol=1e-5)
        np.testing.assert_allclose(
            instances.part_pixel_scores[k], category, rtol=1e-5)
        box_score = sample.proposals.scores[k:k + 1]
        np.testing.assert_allclose(
            instances.scores[k],
            quality_score(box_score, iou[None], instance[None], (1, .5, 3))[0],
            rtol=1e-4)
    np.testing.assert_allclose(instances.bboxes, BOXES)
    np.testing.assert_allclose(instances.bbox_scores, [.9, .7, .5], rtol=1e-6)


def test_chunks_and_batches_change_nothing():
    items = [
        image_and_sample(1, (97, 71), BOXES),
        image_and_sample(2, (60, 80), []),
        image_and_sample(3, (64, 90), BOXES[:2], flip_pairs=()),
    ]
    whole = predict(toy_parser(flip=True), items)
    whole = [sample.pred_instances for sample in whole]
    assert [len(instances) for instances in whole] == [3, 0, 2]
    pieces = predict(toy_parser(flip=True, max_instances_per_batch=2), items)
    single = [
        predict(toy_parser(flip=True), [item])[0].pred_instances
        for item in items
    ]
    for expected, *others in zip(whole,
                                 [sample.pred_instances for sample in pieces],
                                 single):
        for other in others:
            np.testing.assert_allclose(
                other.scores, expected.scores, rtol=1e-6)
            for k in range(len(expected)):
                assert (other.part_map(k) == expected.part_map(k)).all()


def test_head_without_iou_branch_scores_one():
    model = toy_parser(with_iou=False, flip=True)
    result, = predict(model, [image_and_sample(1, (97, 71), BOXES)])
    assert result.pred_instances.iou_scores.tolist() == [1, 1, 1]


def test_missing_proposals_are_named():
    image, sample = image_and_sample(1, (97, 71), BOXES)
    del sample.proposals
    with pytest.raises(ValueError, match='data sample 0 has no proposals'):
        predict(toy_parser(), [(image, sample)])


def test_box_outside_the_image():
    result, = predict(
        toy_parser(),
        [image_and_sample(1, (97, 71), [[200., 10., 240., 60.]])])
    instances = result.pred_instances
    assert instances.scores.tolist() == [0]
    assert not instances.part_map(0).any()


def test_never_holds_whole_images_of_probabilities(monkeypatch):
    """The canvas that is pasted on grows with the box, not the image."""
    sizes = []
    original = person_parser.paste_person

    def spy(*args, **kwargs):
        person = original(*args, **kwargs)
        sizes.append(person.part_map.numel())
        return person

    monkeypatch.setattr(person_parser, 'paste_person', spy)
    predict(toy_parser(),
            [image_and_sample(1, (1600, 1200), [[10., 8., 40., 50.]] * 3)])
    # 52.5 high and 39.4 wide after padding, half a crop pixel around.
    assert max(sizes) <= 46 * 59


def test_golden_crops(data_dir):
    golden = np.load(data_dir / 'crops/roi_align.npz')
    parser = small_qanet()
    image = cv2.imread(str(data_dir / 'transforms/Images/0001088.jpg'))
    parser.crop_size = (384, 512)

    def crop(image, boxes):
        boxes = np.concatenate(
            [boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2],
            1)
        tensor = torch.from_numpy(image).permute(2, 0, 1)
        return parser._crop([tensor], [0] * len(boxes),
                            torch.from_numpy(boxes))[:, :, ::8, ::8]

    np.testing.assert_allclose(
        crop(image, golden['boxes_cxcywh']), golden['crops_s8'], atol=1e-5)

    # Shrinking averages: cells of 70 pixels, a box twice as large as the crop.
    cells = golden['big_cells'].repeat(70, 0).repeat(70, 1)
    expected = golden['big_crop_s8'][::-1]
    expected = (expected - np.reshape(MEAN,
                                      (3, 1, 1))) / np.reshape(STD, (3, 1, 1))
    np.testing.assert_allclose(
        crop(cells, golden['big_box_cxcywh'][None])[0], expected, atol=1e-4)


def test_tensor_mode_contract():
    model = small_qanet(iou_branch=dict(type='IoUBranch')).eval()
    crops = torch.randn(2, 3, 64, 48)
    logits, iou = model(crops, mode='tensor')
    assert logits.shape == (2, 5, 64, 48) and iou.shape == (2, )
    logits, iou = small_qanet().eval()(crops, mode='tensor')
    assert logits.shape == (2, 5, 64, 48) and iou is None


def test_training_step_reaches_every_weight():
    model = small_qanet(iou_branch=dict(type='IoUBranch'))
    generator = torch.Generator().manual_seed(0)
    samples = []
    for _ in range(2):
        sample = SegDataSample()
        sample.gt_sem_seg = PixelData(
            data=torch.randint(0, 5, (1, 64, 48), generator=generator))
        samples.append(sample)
    inputs = [
        torch.randint(
            0, 256, (3, 64, 48), generator=generator, dtype=torch.uint8)
        for _ in range(2)
    ]
    data = model.data_preprocessor(
        dict(inputs=inputs, data_samples=samples), True)
    losses = model(**data, mode='loss')
    assert set(losses) == {
        'decode.loss_ce', 'decode.loss_lovasz', 'decode.loss_iou',
        'decode.acc_seg', 'decode.iou_target'
    }
    total, _ = model.parse_losses(losses)
    torch.testing.assert_close(
        total, losses['decode.loss_ce'] + losses['decode.loss_lovasz'] +
        losses['decode.loss_iou'])
    total.backward()
    assert [name for name, p in model.named_parameters()
            if p.grad is None] == []


def test_errors_name_the_setting():
    with pytest.raises(ValueError, match='test_cfg.crop_size'):
        MODELS.build(
            dict(
                type='TopDownParser',
                backbone=dict(type='IdentityBackbone'),
                decode_head=dict(type='ColourHead')))
    with pytest.raises(ValueError, match=r'\(1, 3\).*0..2'):
        flip_permutation(3, [(1, 3)])


def test_pixel_scores_follow_the_post_processor():
    model = toy_parser()
    model.post_processor.pixel_score_thr = .9
    image, sample = image_and_sample(7, (97, 71), BOXES[:1])
    result, = predict(model, [(image, sample)])
    region = pad_boxes(np.array(BOXES[:1]), (12, 16))
    crop = model._crop([image], [0], torch.from_numpy(region))
    labels, *_ = paste_parsing([crop.softmax(1)[0]], region, (97, 71))
    low = pixel_score(crop.softmax(1))[0]
    assert result.pred_instances.pixel_scores[0] > float(low)


def test_several_thresholds_in_one_pass():
    """Each is what a parser with that threshold alone gives."""
    items = [
        image_and_sample(7, (97, 71), BOXES),
        image_and_sample(2, (60, 80), [])
    ]
    model = toy_parser(flip=True, scales=(1., 1.3))
    whole = predict(model, items)
    assert 'pred_instances_by_thr' not in whole[0]
    usual = whole[0].pred_instances
    model.post_processor.extra_pixel_score_thrs = (0., .5)
    both = predict(model, items)
    assert (both[0].pred_instances.scores == usual.scores).all()
    by_thr = [sample.pred_instances_by_thr for sample in both]
    model.post_processor.extra_pixel_score_thrs = ()
    for thr in (0., .5):
        model.post_processor.pixel_score_thr = thr
        alone = [sample.pred_instances for sample in predict(model, items)]
        for k in range(2):
            for name in ('scores', 'part_scores', 'pixel_scores',
                         'part_pixel_scores', 'iou_scores', 'bboxes'):
                np.testing.assert_allclose(
                    getattr(by_thr[k][thr], name),
                    getattr(alone[k], name),
                    rtol=1e-6)
        assert by_thr[0][thr].part_maps is both[0].pred_instances.part_maps
    assert (by_thr[0][.5].pixel_scores > by_thr[0][0.].pixel_scores).all()
    with pytest.raises(ValueError, match='but got 1.5'):
        MODELS.build(
            dict(type='QualityAwareModule', extra_pixel_score_thrs=(.2, 1.5)))


def test_confidence_of_all_persons():
    """Every image has its own persons, also behind an empty one."""
    items = [
        image_and_sample(7, (97, 71), BOXES[:2]),
        image_and_sample(2, (60, 80), []),
        image_and_sample(3, (64, 90), BOXES)
    ]
    model = toy_parser(flip=True)
    samples = [sample for _, sample in items]
    maps = model.predict_confidence([image.float() for image, _ in items],
                                    samples)
    assert [len(persons) for persons in maps] == [2, 0, 3]
    for persons, result in zip(maps, predict(model, items)):
        instances = result.pred_instances
        for k, person in enumerate(persons):
            assert (person.part_map.numpy() == instances.part_maps[k]).all()
            assert list(person.offset) == instances.offsets[k].tolist()
            kept = person.max_probs[person.max_probs >= .2]
            assert float(kept.mean()) == pytest.approx(
                float(instances.pixel_scores[k]))
