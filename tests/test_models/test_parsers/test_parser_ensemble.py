# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from projects.qanet.apis import HumanParsingInferencer
from projects.qanet.models import ParsingDataPreprocessor
from projects.qanet.models.parsers import ParserEnsemble
from projects.qanet.quality import paste_person, quality_score
from projects.qanet.testing.parsers import (BOXES, image_and_sample, predict,
                                            small_qanet, toy_config,
                                            toy_parser)
from projects.qanet.utils.errors import InputError

ITEM = image_and_sample(7, (97, 71), BOXES)
ITEMS = [
    ITEM,
    image_and_sample(2, (60, 80), []),
    image_and_sample(3, (64, 90), BOXES[:2])
]


@pytest.mark.parametrize('with_iou', [True, False])
def test_two_models(with_iou):
    """Every model counts the same, with three augmentations or with one."""
    first = toy_parser(scales=(1., .9, 1.3))
    # Another crop, padding, normalisation and augmentation.
    second = toy_parser(
        with_iou, padding=1.5, flip=True, max_instances_per_batch=2)
    second.test_cfg.crop_size = (20, 14)
    second.data_preprocessor = ParsingDataPreprocessor(
        mean=[90.] * 3, std=[20.] * 3, bgr_to_rgb=True)
    found = predict(ParserEnsemble([first, second]), [ITEM])[0].pred_instances
    views = (
        model.predict_persons([ITEM[0]], [ITEM[1]])
        for model in (first, second))
    for k, (one, two) in enumerate(zip(*views)):
        person = paste_person(
            one.probs + two.probs,
            one.boxes + two.boxes, (97, 71),
            group_sizes=(3, 1))
        assert (person.part_map.numpy() == found.part_maps[k]).all()
        assert list(person.offset) == found.offsets[k].tolist()
        # A model without IoU branch has no say in it.
        iou = one.iou_score
        iou = ((iou + two.iou_score) / 2 if with_iou else iou).clip(0, 1)
        score = quality_score(found.bbox_scores[k:k + 1], iou[None].numpy(),
                              person.instance_scores.numpy(), (1, .5, 3))
        np.testing.assert_allclose(found.iou_scores[k], iou, rtol=1e-6)
        np.testing.assert_allclose(found.scores[k], score[0], rtol=1e-6)
        np.testing.assert_allclose(
            found.part_pixel_scores[k], person.category_scores[0], rtol=1e-6)


def test_without_any_iou_branch_the_score_is_one():
    single = toy_parser(False)
    for model in (single, ParserEnsemble([single, toy_parser(False)])):
        result, = predict(model, [ITEM])
        assert result.pred_instances.iou_scores.tolist() == [1, 1, 1]


def test_config_persons_and_thresholds():
    """Every image has its own persons, also behind an empty one."""
    module = dict(
        type='QualityAwareModule',
        weights=(1, 0, 1),
        extra_pixel_score_thrs=[.5])
    parsers = [toy_config(), toy_config(test_cfg=dict(crop_size=(9, 12)))]
    ensemble = MODELS.build(
        dict(type='ParserEnsemble', parsers=parsers, post_processor=module))
    persons = ensemble.predict_persons([image.float() for image, _ in ITEMS],
                                       [sample for _, sample in ITEMS])
    for result in predict(ensemble, ITEMS):
        instances = result.pred_instances
        assert set(instances.by_thr) == ({.5} if len(instances) else set())
        np.testing.assert_allclose(
            instances.scores,
            (instances.bbox_scores * instances.pixel_scores)**.5,
            rtol=1e-5)
        for k in range(len(instances)):
            person = next(persons).paste(keep_confidence=True)
            assert (person.part_map.numpy() == instances.part_maps[k]).all()
            assert list(person.offset) == instances.offsets[k].tolist()
            kept = person.max_probs[person.max_probs >= .2]
            assert float(kept.mean()) == pytest.approx(
                float(instances.pixel_scores[k]))
    assert next(persons, None) is None


def test_inferencer_takes_an_ensemble():
    parser = toy_parser()
    parser.dataset_meta = dict(
        classes=('background', 'Hat', 'Hair'), flip_pairs=[(1, 2)])
    infer = HumanParsingInferencer(
        ParserEnsemble([parser] * 2), device='cpu', quality_weights=(1, 0, 1))
    out = infer(
        ITEM[0].permute(1, 2, 0).numpy(),
        bboxes=np.array(BOXES),
        show_progress=False)
    persons, = out['predictions']
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
    (lambda: [toy_parser()], "mode 'loss'"),
])
def test_refusals(parsers, message):
    with pytest.raises(InputError, match=message):
        ParserEnsemble(parsers())([], [SegDataSample()], mode='loss')
