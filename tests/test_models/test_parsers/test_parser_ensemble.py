# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from projects.qanet.apis import HumanParsingInferencer
from projects.qanet.models import ParsingDataPreprocessor
from projects.qanet.models.parsers import ParserEnsemble
from projects.qanet.quality import pixel_score, quality_score
from projects.qanet.structures import pad_boxes
from projects.qanet.testing.parsers import (BOXES, cut, image_and_sample,
                                            predict, small_qanet, toy_config,
                                            toy_parser)
from projects.qanet.utils.errors import InputError

CLASSES = ('background', 'Hat', 'Hair')
FIELDS = ('bboxes', 'bbox_scores', 'iou_scores', 'pixel_scores',
          'part_pixel_scores', 'scores', 'part_scores', 'offsets', 'part_maps')


def items():
    return [
        image_and_sample(7, (97, 71), BOXES),
        image_and_sample(2, (60, 80), []),
        image_and_sample(3, (64, 90), BOXES[:2])
    ]


def other_parser(with_iou=True):
    """Another crop, padding, normalisation and augmentation."""
    parser = toy_parser(
        with_iou, padding=1.5, flip=True, max_instances_per_batch=2)
    parser.test_cfg.crop_size = (20, 14)
    parser.data_preprocessor = ParsingDataPreprocessor(
        mean=[90.] * 3, std=[20.] * 3, bgr_to_rgb=True)
    return parser


@pytest.mark.parametrize('network', ['toy', 'qanet'])
def test_twice_the_same_model_is_that_model(network):
    torch.manual_seed(0)
    if network == 'toy':
        parser = toy_parser(flip=True, scales=(1., .9, 1.3))
    else:
        parser = small_qanet(iou_branch=dict(type='IoUBranch')).eval()
    expected = predict(parser, items())
    for count in (1, 2):
        results = predict(ParserEnsemble([parser] * count), items())
        for result, single in zip(results, expected):
            ours, theirs = result.pred_instances, single.pred_instances
            for field in FIELDS:
                np.testing.assert_equal(
                    getattr(ours, field), getattr(theirs, field))


def naive_scene_probs(parser, image, box, scales):
    """Mean over a parser's augmentations, sampled on the whole image."""
    height, width = image.shape[1:]
    total, ious = 0, []
    for scale in scales:
        region, = pad_boxes(
            np.array([box]), parser.settings.crop_size,
            parser.settings.padding, scale)
        crop = cut(parser, image, region)
        variants = [crop.softmax(1)]
        if parser.settings.flip:
            variants.append(crop.flip(3).softmax(1).flip(3)[:, [0, 2, 1]])
        x = (np.arange(width) + .5 - region[0]) / (region[2] - region[0])
        y = (np.arange(height) + .5 - region[1]) / (region[3] - region[1])
        grid = np.stack(np.meshgrid(2 * x - 1, 2 * y - 1), -1)
        for probs in variants:
            total = total + torch.nn.functional.grid_sample(
                probs.double(),
                torch.from_numpy(grid)[None],
                align_corners=False)[0] / len(variants) / len(scales)
            ious.append(crop.mean())
    return total, torch.stack(ious).mean()


@pytest.mark.parametrize('with_iou', [True, False])
def test_two_models_against_naive(with_iou):
    """Every model counts the same, with three augmentations or with two."""
    scales = (1., .9, 1.3)
    first, second = toy_parser(scales=scales), other_parser(with_iou)
    ensemble = ParserEnsemble([first, second])
    image, sample = image_and_sample(7, (97, 71), BOXES)
    result, = predict(ensemble, [(image, sample)])
    instances = result.pred_instances
    for k, box in enumerate(BOXES):
        ours, iou = naive_scene_probs(first, image, box, scales)
        theirs, other_iou = naive_scene_probs(second, image, box, (1., ))
        probs = (ours + theirs) / 2
        if with_iou:  # a model without IoU branch has no say in it
            iou = (iou + other_iou) / 2
        best, labels = probs.max(0)
        labels[best < 1 / 3] = 0
        assert (instances.part_map(k) == labels.numpy()).all()
        assert labels.any()
        instance, category = pixel_score(probs[None])
        iou = iou.clamp(0, 1)[None]
        score = quality_score(sample.proposals.scores[k:k + 1], iou,
                              instance.float(), (1, .5, 3))
        for name, value in (('pixel_scores', instance), ('iou_scores', iou),
                            ('part_pixel_scores', category), ('scores',
                                                              score)):
            np.testing.assert_allclose(
                getattr(instances, name)[k], value[0], atol=1e-5)


def test_without_any_iou_branch_the_score_is_one():
    single = toy_parser(False)
    for model in (single, ParserEnsemble([single, toy_parser(False)])):
        result = predict(model, items())[0]
        assert result.pred_instances.iou_scores.tolist() == [1, 1, 1]


def test_config_confidence_and_thresholds():
    """What the tools use of a model: a config, and all its methods."""
    ensemble = MODELS.build(
        dict(
            type='ParserEnsemble',
            parsers=[
                toy_config(),
                toy_config(test_cfg=dict(crop_size=(9, 12)))
            ],
            post_processor=dict(
                type='QualityAwareModule',
                weights=(1, 0, 1),
                extra_pixel_score_thrs=[.5])))
    assert ensemble.post_processor.weights == (1, 0, 1)
    image, sample = image_and_sample(7, (97, 71), BOXES)
    result, = predict(ensemble, [(image, sample)])
    instances = result.pred_instances
    assert set(instances.by_thr) == {.5}
    persons = ensemble.predict_persons([image.float()], [sample])
    for k, person in enumerate(persons):
        person = person.paste(keep_confidence=True)
        assert (person.part_map.numpy() == instances.part_maps[k]).all()
        kept = person.max_probs[person.max_probs >= .2]
        assert float(kept.mean()) == pytest.approx(
            float(instances.pixel_scores[k]))


def test_inferencer_takes_an_ensemble():
    parsers = [toy_parser(), other_parser()]
    for parser in parsers:
        parser.dataset_meta = dict(classes=CLASSES, flip_pairs=[(1, 2)])
    infer = HumanParsingInferencer(
        model=ParserEnsemble(parsers),
        device='cpu',
        quality_weights=(1., 0., 1.))
    image, _ = image_and_sample(7, (97, 71), BOXES)
    out = infer(
        image.permute(1, 2, 0).numpy(),
        bboxes=np.array(BOXES[:2]),
        show_progress=False)
    persons, = out['predictions']
    expected, = predict(
        ParserEnsemble(parsers), [image_and_sample(7, (97, 71), BOXES[:2])])
    np.testing.assert_allclose(
        persons.pixel_scores, expected.pred_instances.pixel_scores, rtol=1e-6)
    np.testing.assert_allclose(
        persons.scores, persons.pixel_scores**.5, rtol=1e-5)


def save(parser, path, classes):
    meta = dict(dataset_meta=dict(classes=classes))
    torch.save(dict(state_dict=parser.state_dict(), meta=meta), path)
    return str(path)


def test_checkpoints_are_loaded_into_their_parsers(tmp_path):
    parsers = [small_qanet(), small_qanet()]
    files = [
        save(parser, tmp_path / f'{k}.pth', tuple('abcde'))
        for k, parser in enumerate(parsers)
    ]
    ensemble = ParserEnsemble([small_qanet(), small_qanet()])
    ensemble.load_checkpoints(files)
    for parser, loaded in zip(parsers, ensemble.parsers):
        for ours, theirs in zip(parser.parameters(), loaded.parameters()):
            assert (ours == theirs).all()
    assert ensemble.dataset_meta['classes'] == tuple('abcde')
    save(parsers[1], tmp_path / '1.pth', ('a', 'b', 'c', 'x', 'e'))
    with pytest.raises(InputError) as error:
        ensemble.load_checkpoints(files)
    assert "class 3 is 'x' in " + files[1] in str(error.value)
    assert "'d' in " + files[0] in str(error.value)
    with pytest.raises(InputError, match='2 parsers .* got 1'):
        ensemble.load_checkpoints(files[:1])


@pytest.mark.parametrize('parsers, message', [
    (lambda: [toy_parser(), small_qanet()], 'parser 1 has 5, parser 0 has 3'),
    (lambda: [toy_parser(), torch.nn.Sequential()],
     'parser 1 is a Sequential'),
    (lambda: [ParserEnsemble([toy_parser()])], 'parser 0 is a ParserEnsemble'),
    (lambda: [], 'at least one'),
])
def test_errors_name_the_parser(parsers, message):
    with pytest.raises(InputError, match=message):
        ParserEnsemble(parsers())


def test_it_does_not_train():
    with pytest.raises(InputError, match="mode 'loss'"):
        ParserEnsemble([toy_parser()])([], [SegDataSample()], mode='loss')
