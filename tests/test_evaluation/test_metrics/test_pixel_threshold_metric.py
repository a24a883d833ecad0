# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import logging
from dataclasses import replace

import numpy as np
import pytest
from mmengine.logging import MMLogger
from mmseg.registry import METRICS
from mmseg.structures import SegDataSample

import projects.qanet.evaluation.metrics  # noqa: F401
from projects.qanet.utils.errors import InputError

THRS = (0., .4)
KEYS = ('APp', 'APp_50', 'PCP_50', 'APr', 'APr_50', 'APh')


def scored(persons, thr):
    """The persons as a model with another threshold would score them."""
    rng = np.random.default_rng([persons.image_id, int(100 * thr)])
    scores = rng.random((4, *persons.part_scores.shape)).astype(np.float32)
    return replace(
        persons,
        pixel_scores=scores[0, :, 0],
        part_pixel_scores=scores[1],
        scores=scores[2, :, 0],
        part_scores=scores[3])


def make_samples(golden, thrs=(), at=None):
    samples = []
    for image_id, persons in golden.persons.items():
        width, height = persons.image_size
        sample = SegDataSample(
            metainfo=dict(
                img_id=image_id,
                img_path=f'Images/{image_id:07d}.jpg',
                ori_shape=(height, width)))
        sample.pred_instances = replace(
            persons if at is None else scored(persons, at),
            # A model scores nobody at no threshold.
            by_thr={thr: scored(persons, thr)
                    for thr in thrs if len(persons)})
        samples.append(sample.to_dict())
    return samples


def evaluate(golden, samples, path, **kwargs):
    """What the runner gets and what the file holds."""
    metric = METRICS.build(
        dict(
            ann_file=golden.ann_file,
            data_root=golden.data_root,
            metrics_file=str(path),
            **kwargs))
    metric.dataset_meta = dict(classes=golden.classes)
    metric.process(None, samples)
    return metric.evaluate(len(samples)), json.loads(path.read_text())


@pytest.mark.parametrize('protocol', ['released', 'strict'])
@pytest.mark.parametrize('weights', [None, (1, .5, 3)])
def test_each_row_is_an_evaluation_of_its_own(golden, protocol, weights,
                                              tmp_path):
    options = dict(protocol=protocol, quality_weights=weights)
    path = tmp_path / 'metrics.json'
    headline, values = evaluate(
        golden,
        make_samples(golden, THRS),
        path,
        type='PixelThresholdMetric',
        pixel_score_thrs=THRS,
        **options)
    usual = evaluate(
        golden, make_samples(golden), path, type='ParsingMetric', **options)
    assert headline == usual[0]
    usual = usual[1]
    np.testing.assert_equal({key: values[key] for key in usual}, usual)
    rows = set()
    for thr, name in zip(THRS, ('T0', 'T0.4')):
        _, expected = evaluate(
            golden,
            make_samples(golden, at=thr),
            path,
            type='ParsingMetric',
            **options)
        for key in KEYS:
            value = values[f'parsing/{key}.{name}']
            assert value == expected[f'parsing/{key}'], (key, thr)
        rows.add(values[f'parsing/APr.{name}'])
    assert len(rows) == 2
    assert len(values) == len(usual) + len(THRS) * len(KEYS)


@pytest.mark.parametrize('thrs', [THRS, THRS[1:]])
def test_chosen_metrics_and_the_table(thrs, golden, caplog, tmp_path):
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    try:
        with caplog.at_level(logging.INFO):
            _, values = evaluate(
                golden,
                make_samples(golden, THRS),
                tmp_path / 'metrics.json',
                type='PixelThresholdMetric',
                pixel_score_thrs=thrs,
                metric=('mIoU', 'APr'))
    finally:
        logger.removeHandler(caplog.handler)
    assert 'parsing/APr.T0.4' in values
    assert ('parsing/APr.T0' in values) == (0 in thrs)
    assert not any('APp' in key for key in values)
    table = caplog.text.split('Threshold T of the pixel score')[1]
    assert f'{values["parsing/APr.T0.4"]:.2f}' in table and '0.4 |' in table
    # The paper's row for T = 0 is of another kind.
    assert ('47.5 / 42.2 (AP^p / AP^r) cannot be compared'
            in table) == (0 in thrs)


@pytest.mark.parametrize('thrs', [[], [-.1], [float('nan')], ['x'], 3])
def test_wrong_thresholds(golden, thrs, tmp_path):
    with pytest.raises(InputError, match='pixel_score_thrs must name'):
        evaluate(
            golden, [],
            tmp_path / 'metrics.json',
            type='PixelThresholdMetric',
            pixel_score_thrs=thrs)


def test_undefined_scores_at_a_threshold(golden, tmp_path):
    samples = make_samples(golden, THRS)
    samples[0]['pred_instances'].by_thr[.4].scores[1] = np.nan
    with pytest.raises(InputError, match='person 1 of Images/0001003.jpg: '):
        evaluate(
            golden,
            samples,
            tmp_path / 'metrics.json',
            type='PixelThresholdMetric',
            pixel_score_thrs=THRS)


def test_missing_thresholds_are_named(golden, tmp_path):
    with pytest.raises(
            ValueError, match=r'0001003.jpg: .* thresholds \[0.9\]; set'):
        evaluate(
            golden,
            make_samples(golden, THRS),
            tmp_path / 'metrics.json',
            type='PixelThresholdMetric',
            pixel_score_thrs=[0., .9])
