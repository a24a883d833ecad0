# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

from projects.qanet.models.parsers.person_crops import (crop_persons,
                                                        normalize_crops)
from projects.qanet.quality import paste_parsing, quality_score
from projects.qanet.structures import pad_boxes
from projects.qanet.testing.parsers import (BOXES, MEAN, STD, cut,
                                            image_and_sample, labelled,
                                            predict, small_qanet, toy_parser)
from projects.qanet.utils.errors import InputError

ITEM = image_and_sample(7, (97, 71), BOXES)
HALF = (torch.arange(48) >= 24).float().expand(64, 48)


@pytest.mark.parametrize('flip,scales', [(False, (1., )), (True, (1., 1.3))])
def test_prediction_is_crop_network_paste_fuse(flip, scales):
    """Against the steps of the protocol, person by person."""
    model = toy_parser(flip=flip, scales=scales)
    image, sample = ITEM
    instances = predict(model, [ITEM])[0].pred_instances
    assert instances.image_size == (97, 71) and instances.image_id == 7
    assert len(instances) == 3 and instances.num_classes == 3
    for k, box in enumerate(BOXES):
        probs, ious, padded = [], [], []
        for scale in scales:
            region = pad_boxes(np.array([box]), (12, 16), 1.25, scale)
            crop = cut(model, image, region)
            padded.append(region[0])
            parts = [crop.softmax(1)[0]]
            ious.append(crop.mean())
            if flip:  # mirror back, swap the left and right class
                mirrored = crop.flip(3).softmax(1)[0].flip(2)
                parts.append(mirrored[[0, 2, 1]])
            probs.append(sum(parts) / len(parts))
        labels, instance, category = paste_parsing(probs, padded, (97, 71))
        iou = torch.stack(ious).mean().clamp(0, 1)
        assert (instances.part_map(k) == labels.numpy()).all()
        assert labels.any()
        score = quality_score(sample.proposals.scores[k:k + 1], iou[None],
                              instance[None], (1, .5, 3))[0]
        for name, expected in (('iou_scores', iou), ('pixel_scores', instance),
                               ('part_pixel_scores', category), ('scores',
                                                                 score)):
            np.testing.assert_allclose(
                getattr(instances, name)[k], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(instances.bboxes, BOXES)
    np.testing.assert_allclose(instances.bbox_scores, [.9, .7, .5], rtol=1e-6)


def test_golden_crops(data_dir):
    golden = np.load(data_dir / 'crops/roi_align.npz')
    parser = small_qanet()
    image = cv2.imread(str(data_dir / 'transforms/Images/0001088.jpg'))

    def crop(image, boxes):
        centers, halves = boxes[:, :2], boxes[:, 2:] / 2
        corners = np.concatenate([centers - halves, centers + halves], 1)
        crops = crop_persons([torch.from_numpy(image).permute(2, 0, 1)],
                             [0] * len(boxes), torch.from_numpy(corners),
                             (384, 512))
        return normalize_crops(parser.data_preprocessor, crops)[..., ::8, ::8]

    np.testing.assert_allclose(
        crop(image, golden['boxes_cxcywh']), golden['crops_s8'], atol=1e-5)

    # Shrinking averages: cells of 70 pixels, a box twice as large as the crop.
    cells = golden['big_cells'].repeat(70, 0).repeat(70, 1)
    mean, std = np.reshape(MEAN, (3, 1, 1)), np.reshape(STD, (3, 1, 1))
    np.testing.assert_allclose(
        crop(cells, golden['big_box_cxcywh'][None])[0],
        (golden['big_crop_s8'][::-1] - mean) / std,
        atol=1e-4)


def test_training_step_reaches_every_weight():
    model = small_qanet(iou_branch=dict(type='IoUBranch'))
    inputs = (torch.arange(2 * 3 * 64 * 48) * 7 % 251).view(2, 3, 64, 48)
    data = dict(inputs=list(inputs.byte()), data_samples=[labelled(HALF)] * 2)
    losses = model(**model.data_preprocessor(data, True), mode='loss')
    parts = {'decode.loss_ce', 'decode.loss_lovasz', 'decode.loss_iou'}
    assert set(losses) == parts | {'decode.acc_seg', 'decode.iou_target'}
    total, _ = model.parse_losses(losses)
    torch.testing.assert_close(total, sum(losses[name] for name in parts))
    total.backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize('branch', [None, dict(type='IoUBranch')])
def test_tensor_mode_gives_logits_and_iou(branch):
    model = small_qanet(iou_branch=branch).eval()
    logits, iou = model(torch.randn(2, 3, 64, 48), mode='tensor')
    assert logits.shape == (2, 5, 64, 48)
    assert iou is None if branch is None else iou.shape == (2, )


def test_several_thresholds_in_one_pass():
    """Each is what a parser with that threshold alone gives."""
    model = toy_parser(flip=True, scales=(1., 1.3))

    def parse(thr=.2, extra=()):
        model.post_processor.pixel_score_thr = thr
        model.post_processor.extra_pixel_score_thrs = extra
        return predict(model, [ITEM])[0].pred_instances

    usual, both = parse(), parse(extra=(0., .5))
    assert usual.by_thr == {}
    assert (both.scores == usual.scores).all()
    for thr in (0., .5):
        alone = parse(thr)
        for name in ('scores', 'part_scores', 'pixel_scores',
                     'part_pixel_scores', 'iou_scores', 'bboxes'):
            np.testing.assert_array_equal(
                getattr(both.by_thr[thr], name), getattr(alone, name))
        assert both.by_thr[thr].part_maps is both.part_maps
    assert (both.by_thr[.5].pixel_scores > usual.pixel_scores).all()
    with pytest.raises(ValueError, match='but got 1.5'):
        MODELS.build(
            dict(type='QualityAwareModule', extra_pixel_score_thrs=(.2, 1.5)))


def test_crops_of_another_size_are_not_trained_on():
    with pytest.raises(ValueError, match=r'\(40, 64\), .* \(48, 64\)'):
        small_qanet().loss(
            torch.randn(1, 3, 64, 40), [labelled(torch.zeros(64, 40))])


def test_other_data_preprocessors_serve():
    """Whole images stay as they are, crops are normalised all the same."""
    model, scores = toy_parser(flip=True), []
    items = [ITEM, image_and_sample(2, (60, 80), BOXES[:1])]
    for kind in ('ParsingDataPreprocessor', 'SegDataPreProcessor',
                 'ImgDataPreprocessor'):
        model.data_preprocessor = MODELS.build(
            dict(
                type=kind,
                mean=[90., 80., 70.],
                std=[20., 30., 40.],
                bgr_to_rgb=True))
        scores.append(
            np.concatenate([
                sample.pred_instances.scores.copy()
                for sample in predict(model, items)
            ]))
    np.testing.assert_array_equal(scores[1:], [scores[0]] * 2)
    assert scores[0].any()


def binary_parser(**settings):
    """Background and foreground from one logit."""
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    return small_qanet(**dict(
        dict(num_classes=2, out_channels=1, loss_decode=loss), **settings))


@pytest.mark.parametrize('thr', [.5, .3])
def test_a_sigmoid_tells_two_classes_apart(thr):
    model = binary_parser(threshold=thr)
    sigmoids = torch.tensor([.1, .4, .8]).view(1, 1, 1, 3)
    model._forward = lambda crops: (sigmoids.logit(), None)
    probs, _ = model.predict_crops(torch.zeros(1, 3, 1, 3))
    np.testing.assert_allclose(probs.sum(1), 1, rtol=1e-6)
    assert probs.argmax(1).flatten().tolist() == [0, int(.4 > thr), 1]
    if thr == .5:
        np.testing.assert_allclose(probs[0, 1, 0], [.1, .4, .8], rtol=1e-5)


def test_a_batch_of_one_that_a_batch_norm_cannot_take_is_named():
    model = toy_parser()
    head = dict(type='PSPHead', in_channels=3, channels=3, num_classes=3)
    model.decode_head = MODELS.build(dict(head, norm_cfg=dict(type='BN')))
    model.train()
    sample = labelled(torch.zeros(16, 12))
    with pytest.raises(InputError, match='batch of one .*drop_last=True'):
        model.loss(torch.rand(1, 3, 16, 12), [sample])
    assert model.loss(torch.rand(2, 3, 16, 12), [sample] * 2)


def test_one_copy_brings_an_image_to_the_host(monkeypatch):
    """However many persons, parts and thresholds there are."""
    model = toy_parser()
    model.post_processor.extra_pixel_score_thrs = (0., .5)
    copies, original = [], torch.Tensor.cpu

    def spy(tensor):
        if tensor.dtype == torch.uint8:
            copies.append(tensor.numel())
        return original(tensor)

    monkeypatch.setattr(torch.Tensor, 'cpu', spy)
    found = predict(model, [ITEM])[0].pred_instances
    pixels = sum(part_map.size for part_map in found.part_maps)
    # An IoU score and, at three thresholds, a person's and two parts'.
    assert copies == [pixels + 4 * 3 * (1 + 3 * 3)]
