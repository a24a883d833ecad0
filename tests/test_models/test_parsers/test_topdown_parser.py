# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import itertools

import cv2
import numpy as np
import pytest
import torch
from mmengine.hub import get_config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from projects.qanet.models.parsers.person_crops import (crop_persons,
                                                        flip_permutation,
                                                        normalize_crops)
from projects.qanet.models.post_processors import quality_aware_module
from projects.qanet.quality import paste_parsing, pixel_score, quality_score
from projects.qanet.structures import pad_boxes
from projects.qanet.testing.parsers import (BOXES, MEAN, STD, cut,
                                            image_and_sample, predict,
                                            small_qanet, toy_parser)
from projects.qanet.utils.errors import InputError


@pytest.mark.parametrize('flip,scales', [(False, (1., )), (True, (1., )),
                                         (True, (1., 1.3))])
def test_prediction_is_crop_network_paste_fuse(flip, scales):
    """Against the steps of the protocol, person by person."""
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
            crop = cut(model, image, region)
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
    """The window that is pasted on grows with the box, not the image."""
    sizes = []
    original = quality_aware_module.paste_person

    def spy(*args, **kwargs):
        person = original(*args, **kwargs)
        sizes.append(person.part_map.numel())
        return person

    monkeypatch.setattr(quality_aware_module, 'paste_person', spy)
    predict(toy_parser(),
            [image_and_sample(1, (1600, 1200), [[10., 8., 40., 50.]] * 3)])
    # 52.5 high and 39.4 wide after padding, half a crop pixel around.
    assert max(sizes) <= 46 * 59


def test_golden_crops(data_dir):
    golden = np.load(data_dir / 'crops/roi_align.npz')
    parser = small_qanet()
    image = cv2.imread(str(data_dir / 'transforms/Images/0001088.jpg'))

    def crop(image, boxes):
        boxes = np.concatenate(
            [boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2],
            1)
        tensor = torch.from_numpy(image).permute(2, 0, 1)
        crops = crop_persons([tensor], [0] * len(boxes),
                             torch.from_numpy(boxes), (384, 512))
        return normalize_crops(parser.data_preprocessor, crops)[..., ::8, ::8]

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
    crop = cut(model, image, region)
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
    usual = whole[0].pred_instances
    assert usual.by_thr == {}
    model.post_processor.extra_pixel_score_thrs = (0., .5)
    both = [sample.pred_instances for sample in predict(model, items)]
    assert (both[0].scores == usual.scores).all()
    model.post_processor.extra_pixel_score_thrs = ()
    for thr in (0., .5):
        model.post_processor.pixel_score_thr = thr
        alone = [sample.pred_instances for sample in predict(model, items)]
        for k, name in itertools.product(
                range(1), ('scores', 'part_scores', 'pixel_scores',
                           'part_pixel_scores', 'iou_scores', 'bboxes')):
            np.testing.assert_array_equal(
                getattr(both[k].by_thr[thr], name), getattr(alone[k], name))
        assert both[0].by_thr[thr].part_maps is both[0].part_maps
    by_thr = both[0].by_thr
    assert (by_thr[.5].pixel_scores > by_thr[0.].pixel_scores).all()
    with pytest.raises(ValueError, match='but got 1.5'):
        MODELS.build(
            dict(type='QualityAwareModule', extra_pixel_score_thrs=(.2, 1.5)))


def test_persons_before_pasting():
    """Every image has its own persons, also behind an empty one."""
    items = [
        image_and_sample(7, (97, 71), BOXES[:2]),
        image_and_sample(2, (60, 80), []),
        image_and_sample(3, (64, 90), BOXES)
    ]
    model = toy_parser(flip=True)
    found = model.predict_persons([image.float() for image, _ in items],
                                  [sample for _, sample in items])
    for result in predict(model, items):
        instances = result.pred_instances
        for k in range(len(instances)):
            person = next(found).paste(keep_confidence=True)
            assert (person.part_map.numpy() == instances.part_maps[k]).all()
            assert list(person.offset) == instances.offsets[k].tolist()
            kept = person.max_probs[person.max_probs >= .2]
            assert float(kept.mean()) == pytest.approx(
                float(instances.pixel_scores[k]))
    assert next(found, None) is None


def test_crops_of_another_size_are_not_trained_on():
    """The size of the pipeline and of the model, which must be the same."""
    model = small_qanet()
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=torch.zeros(1, 64, 40, dtype=torch.int64)))
    with pytest.raises(ValueError, match=r'\(40, 64\), .* \(48, 64\)'):
        model.loss(torch.randn(1, 3, 64, 40), [sample])


@pytest.mark.parametrize('kind',
                         ['SegDataPreProcessor', 'ImgDataPreprocessor'])
def test_other_data_preprocessors_serve(kind):
    """Whole images stay as they are, crops are normalised all the same."""
    items = [
        image_and_sample(7, (97, 71), BOXES),
        image_and_sample(2, (60, 80), BOXES[:1])
    ]
    ours, other = toy_parser(flip=True), toy_parser(flip=True)
    settings = dict(mean=[90., 80., 70.], std=[20., 30., 40.], bgr_to_rgb=True)
    ours.data_preprocessor = MODELS.build(
        dict(type='ParsingDataPreprocessor', **settings))
    other.data_preprocessor = MODELS.build(dict(type=kind, **settings))
    for result, expected in zip(predict(other, items), predict(ours, items)):
        np.testing.assert_array_equal(result.pred_instances.scores,
                                      expected.pred_instances.scores)
    assert (result.pred_instances.scores > 0).all()


def binary_parser(head='QANetHead', **options):
    """Background and foreground from one logit."""
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    settings = dict(type=head, num_classes=2, out_channels=1, loss_decode=loss)
    return small_qanet(**{**settings, **options})


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


@pytest.mark.parametrize('kind', ['QANetHead', 'FPNHead'])
def test_one_logit_is_learnt(kind):
    """A bright half of a crop: trained, parsed, labelled 1."""
    torch.manual_seed(0)
    model = binary_parser(kind, threshold=.4)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    label = torch.zeros(1, 64, 48, dtype=torch.long)
    label[:, :, 24:] = 1
    sample = SegDataSample()
    sample.gt_sem_seg = PixelData(data=label)
    crops = (2. * label - 1).expand(2, 3, 64, 48)
    for _ in range(30):
        losses = model.loss(crops, [sample] * 2)
        total, _ = model.parse_losses(losses)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    with torch.no_grad():
        probs, _ = model.predict_crops(crops)
    assert (probs.argmax(1) == label).float().mean() > .9


@pytest.mark.parametrize('loss', [
    dict(type='CrossEntropyLoss'),
    dict(type='CrossEntropyLoss', use_mask=True),
    dict(type='ParsingCrossEntropyLoss'),
    dict(type='LovaszSoftmaxLoss'),
    dict(type='LovaszLoss', reduction='none'),
    dict(type='DiceLoss'),
    dict(type='TverskyLoss'),
    dict(type='FocalLoss'),
    dict(type='OhemCrossEntropy'),
])
def test_losses_that_learn_nothing_from_one_logit(loss):
    good = dict(type='CrossEntropyLoss', use_sigmoid=True)
    with pytest.raises(
            InputError, match=f'QANetHead has out_channels=1.*{loss["type"]}'):
        binary_parser(loss_decode=[good, loss], threshold=.5)
    with pytest.raises(InputError, match=f'FPNHead .*{loss["type"]} of these'):
        binary_parser('FPNHead', loss_decode=loss, threshold=.5)


@pytest.mark.parametrize('settings, message', [
    (dict(threshold=1.), r'threshold must be in \(0, 1\), but got 1.0'),
    (dict(threshold='0.5'), r"threshold must be in \(0, 1\), but got '0.5'"),
    (dict(num_classes=20), 'num_classes must be 2, but got 20'),
    (dict(num_classes=1), 'num_classes must be 2, but got 1'),
    (dict(sampler=dict(type='OHEMPixelSampler', min_kept=9)),
     'but a sampler compares the logits of several classes'),
    (dict(sampler=dict(type='OHEMPixelSampler', thresh=.7)),
     'but a sampler compares the logits of several classes'),
    (dict(
        loss_decode=dict(
            type='CrossEntropyLoss', use_sigmoid=True, class_weight=[1., 5.])),
     'class_weight of CrossEntropyLoss has 2 numbers, but the head has 1 log'),
])
def test_settings_that_do_not_fit_one_logit(settings, message):
    with pytest.raises(InputError, match=f'QANetHead.*{message}'):
        binary_parser(**{'threshold': .5, **settings})


def test_a_binary_lovasz_loss_takes_one_logit():
    """A sure and right logit costs nothing, a sure and wrong one does."""
    model = binary_parser(
        threshold=.5,
        loss_decode=[
            dict(type='CrossEntropyLoss', use_sigmoid=True, class_weight=[2.]),
            dict(type='LovaszLoss', loss_type='binary', reduction='none')
        ])
    label = torch.zeros(1, 64, 48, dtype=torch.long)
    label[:, :, 24:] = 1
    label[:, :4] = 255
    sample = SegDataSample()
    sample.gt_sem_seg = PixelData(data=label)
    logits = (20. * label.eq(1) - 10)[None]
    for sign, bounds in ((1, (0, 1e-3)), (-1, (1, 99))):
        losses = model.decode_head.loss_by_feat(sign * logits, [sample])
        for name in ('loss_ce', 'loss_lovasz'):
            assert bounds[0] <= float(losses[name]) < bounds[1]


OHEM = dict(type='OHEMPixelSampler', min_kept=9)
SIGMOID = dict(type='CrossEntropyLoss', use_sigmoid=True)


@pytest.mark.parametrize('settings, message', [
    (dict(sampler=OHEM, loss_decode=[dict(type=loss) for loss in losses]),
     f'sampler= weighs pixels, which {losses[-1]} cannot')
    for losses in (['ParsingCrossEntropyLoss', 'LovaszSoftmaxLoss'],
                   ['TverskyLoss'], ['DiceLoss'], ['HuasdorffDisstanceLoss'])
] + [
    (dict(sampler=OHEM, loss_decode=dict(type='LovaszLoss', reduction='none')),
     'sampler= weighs pixels, which LovaszLoss cannot'),
    (dict(loss_decode=dict(SIGMOID, class_weight=[1., 2., 3., 4., 5.])),
     'CrossEntropyLoss of these settings cannot be the loss_decode of '),
    (dict(loss_decode=dict(type='BoundaryLoss')),
     "BoundaryLoss of .* unexpected keyword argument 'weight'"),
    (dict(loss_decode=dict(type='OhemCrossEntropy')),
     "OhemCrossEntropy of .* unexpected keyword argument 'weight'"),
    (dict(loss_decode=dict(type='CrossEntropyLoss', use_mask=True)),
     'CrossEntropyLoss of these settings cannot be'),
    (dict(
        loss_decode=dict(
            type='LovaszLoss', loss_type='binary', reduction='none')),
     'LovaszLoss of these settings cannot be'),
])
def test_losses_that_fail_or_ignore_weights(settings, message):
    """Refused when the model is built, in the head and beside it."""
    with pytest.raises(InputError, match=message):
        small_qanet(**settings)
    with pytest.raises(InputError, match=message):
        with_auxiliary(fcn_head(**settings))


def test_a_class_weight_that_the_loss_ignores():
    with pytest.raises(
            InputError,
            match='LovaszLoss of FPNHead does not look '
            'at class_weight'):
        binary_parser(
            'FPNHead',
            threshold=.5,
            loss_decode=dict(
                type='LovaszLoss',
                loss_type='binary',
                reduction='none',
                class_weight=[5.]))


@pytest.mark.parametrize('settings', [
    dict(
        sampler=OHEM,
        loss_decode=dict(
            type='CrossEntropyLoss',
            class_weight=[1., 1., 1., 1., 1.],
            avg_non_ignore=avg)) for avg in (False, True)
] + [
    dict(loss_decode=[
        dict(
            type='ParsingCrossEntropyLoss', class_weight=[1., 2., 3., 4., 5.])
    ]),
    dict(
        loss_decode=dict(
            type='LovaszLoss',
            reduction='none',
            class_weight=[0., 2., 3., 4., 5.])),
    dict(
        loss_decode=[SIGMOID,
                     dict(type='TverskyLoss'),
                     dict(type='DiceLoss')]),
])
def test_losses_that_heed_their_weights(settings):
    small_qanet(**settings)
    with_auxiliary(fcn_head(**settings))


def fcn_head(**settings):
    return dict(
        type='FCNHead',
        in_channels=16,
        in_index=0,
        channels=4,
        num_convs=1,
        **dict(dict(num_classes=5), **settings))


def test_all_heads_have_the_same_classes():
    model = small_qanet()
    quality = dict(
        type='QANetHead',
        in_channels=[16],
        in_index=[0],
        feature_strides=[4],
        channels=4,
        num_classes=7)
    for auxiliary in (fcn_head(num_classes=7), quality,
                      [fcn_head(), fcn_head(num_classes=7)]):
        with pytest.raises(
                InputError,
                match='Head has num_classes=7, the last decode_head has 5'):
            with_auxiliary(auxiliary)
    assert with_auxiliary(fcn_head()).num_classes == model.num_classes
    # Edges are no classes.
    edges = dict(fcn_head(num_classes=2), type='STDCHead')
    assert with_auxiliary(edges).auxiliary_head.num_classes == 2


@pytest.mark.parametrize('kind', ['CrossEntropyLoss', 'TverskyLoss'])
def test_class_weights_are_counted(kind):
    loss = dict(type=kind, class_weight=[1.] * 4)
    message = f'class_weight of {kind} has 4 numbers, but the head has 5 cla'
    with pytest.raises(InputError, match=f'QANetHead: {message}'):
        small_qanet(loss_decode=[dict(type='DiceLoss'), loss])
    with pytest.raises(InputError, match=f'FCNHead: {message}'):
        with_auxiliary(fcn_head(loss_decode=loss))
    small_qanet(loss_decode=dict(loss, class_weight=[1.] * 5))


def with_auxiliary(auxiliary_head):
    return MODELS.build(
        dict(
            type='TopDownParser',
            backbone=dict(type='IdentityBackbone'),
            decode_head=fcn_head(),
            auxiliary_head=auxiliary_head,
            test_cfg=dict(crop_size=(48, 64))))


def test_a_cascade_has_a_class_of_its_own():
    with pytest.raises(
            InputError,
            match='TopDownParser has one decode_head, but got a list of 2: '
            'a cascade of several is a CascadeTopDownParser'):
        MODELS.build(
            dict(
                type='TopDownParser',
                backbone=dict(type='IdentityBackbone'),
                decode_head=[fcn_head(), fcn_head()],
                test_cfg=dict(crop_size=(48, 64))))
    ocr = dict(
        type='OCRHead',
        in_channels=16,
        in_index=0,
        channels=4,
        ocr_channels=4,
        num_classes=5)
    point = dict(
        type='PointHead',
        in_channels=[4],
        in_index=[0],
        channels=4,
        num_classes=5)
    for head in (ocr, point):
        message = (f'{head["type"]} takes the logits of another head: it must '
                   'be a later decode_head of a CascadeTopDownParser')
        with pytest.raises(InputError, match=message):
            MODELS.build(
                dict(
                    type='TopDownParser',
                    backbone=dict(type='IdentityBackbone'),
                    decode_head=head,
                    test_cfg=dict(crop_size=(48, 64))))
        with pytest.raises(InputError, match=message):
            with_auxiliary([head])


def test_a_batch_of_one_that_a_batch_norm_cannot_take_is_named():
    model = toy_parser()
    model.decode_head = MODELS.build(
        dict(
            type='PSPHead',
            in_channels=3,
            channels=3,
            num_classes=3,
            norm_cfg=dict(type='BN')))
    model.train()
    sample = SegDataSample()
    sample.gt_sem_seg = PixelData(data=torch.zeros(1, 16, 12).long())
    with pytest.raises(InputError, match='batch of one .*drop_last=True'):
        model.loss(torch.rand(1, 3, 16, 12), [sample])
    assert model.loss(torch.rand(2, 3, 16, 12), [sample] * 2)


def test_mask2former_scores_are_no_logits():
    """They are sums of probabilities: divided by their sum, no softmax."""
    channels = [16, 32, 64, 128]
    head = get_config(
        'mmseg::mask2former/'
        'mask2former_r50_8xb2-90k_cityscapes-512x1024.py',
        pretrained=False).model.decode_head
    head.update(
        in_channels=channels,
        num_classes=5,
        feat_channels=32,
        out_channels=32,
        num_queries=7,
        loss_cls=dict(head.loss_cls, class_weight=[1.] * 5 + [.1]))
    shrink(head)
    model = MODELS.build(
        dict(
            type='TopDownParser',
            data_preprocessor=dict(
                type='ParsingDataPreprocessor', mean=MEAN, std=STD),
            backbone=dict(type='ResNetV1c', depth=18, base_channels=16),
            decode_head=head,
            test_cfg=dict(crop_size=(48, 64), flip=True)))
    samples = [SegDataSample(metainfo=dict(img_shape=(64, 48)))]
    samples[0].gt_sem_seg = PixelData(data=torch.randint(0, 5, (1, 64, 48)))
    total, _ = model.parse_losses(
        model.loss(torch.randn(1, 3, 64, 48), samples))
    assert total > 0
    crops = torch.randn(2, 3, 64, 48)
    probs, iou = model.eval().predict_crops(crops)
    raw = model.encode_decode(crops, [dict(img_shape=(64, 48))] * 2)
    assert iou is None and (raw >= 0).all()
    torch.testing.assert_close(probs, raw / raw.sum(1, keepdim=True))
    result, = predict(model, [image_and_sample(7, (97, 71), BOXES)])
    assert (result.pred_instances.pixel_scores >= 1 / 5).all()


def shrink(config):
    """Narrow layers of a Mask2Former head, one of each."""
    for key, value in list(config.items()):
        if key in ('embed_dims', 'num_feats'):
            config[key] = 32 if key == 'embed_dims' else 16
        elif key == 'feedforward_channels':
            config[key] = 32
        elif key in ('num_layers', 'num_transformer_feat_level'):
            config[key] = 1 if key == 'num_layers' else 3
        elif key == 'num_groups':
            config[key] = 4
        elif isinstance(value, dict):
            shrink(value)


def test_one_copy_brings_an_image_to_the_host(monkeypatch):
    """However many persons, parts and thresholds there are."""
    model = toy_parser()
    model.post_processor.extra_pixel_score_thrs = (0., .5)
    item = image_and_sample(7, (97, 71), BOXES)
    expected = predict(model, [item])[0].pred_instances
    copies, original = [], torch.Tensor.cpu

    def spy(tensor):
        if tensor.dtype == torch.uint8:
            copies.append(tensor.numel())
        return original(tensor)

    monkeypatch.setattr(torch.Tensor, 'cpu', spy)
    found = predict(model, [item])[0].pred_instances
    pixels = sum(part_map.size for part_map in found.part_maps)
    # An IoU score and, at three thresholds, a person's and two parts'.
    assert copies == [pixels + 4 * 3 * (1 + 3 * 3)]
    np.testing.assert_array_equal(found.scores, expected.scores)
