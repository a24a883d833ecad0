# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
from dataclasses import replace

import numpy as np
import pytest
from mmengine.logging import MMLogger
from mmseg.registry import METRICS

import projects.qanet.evaluation.metrics  # noqa: F401
from projects.qanet.testing.layout import model_output
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
    """A model scores nobody at no threshold."""
    return [
        model_output(
            replace(
                persons if at is None else scored(persons, at),
                by_thr={t: scored(persons, t)
                        for t in thrs if len(persons)}))
        for persons in golden.persons.values()
    ]


def evaluate(golden, samples, path, **kwargs):
    """What the runner gets and what the file holds."""
    if 'pixel_score_thrs' in kwargs:
        kwargs.update(type='PixelThresholdMetric')
    metric = METRICS.build({
        'type': 'ParsingMetric',
        'ann_file': golden.ann_file,
        'data_root': golden.data_root,
        'metrics_file': str(path),
        **kwargs
    })
    metric.dataset_meta = dict(classes=golden.classes)
    metric.process(None, samples)
    return metric.evaluate(len(samples)), json.loads(path.read_text())


@pytest.mark.parametrize('protocol, weights', [('released', None),
                                               ('strict', (1, .5, 3))])
def test_each_row_is_an_evaluation_of_its_own(golden, protocol, weights,
                                              tmp_path):
    options = dict(protocol=protocol, quality_weights=weights)
    path = tmp_path / 'metrics.json'
    headline, values = evaluate(
        golden,
        make_samples(golden, THRS),
        path,
        pixel_score_thrs=THRS,
        **options)
    usual = evaluate(golden, make_samples(golden), path, **options)
    assert headline == usual[0]
    expected = dict(usual[1])
    for thr, name in zip(THRS, ('T0', 'T0.4')):
        row = evaluate(golden, make_samples(golden, at=thr), path, **options)
        for key in KEYS:
            expected[f'parsing/{key}.{name}'] = row[1][f'parsing/{key}']
    np.testing.assert_equal(values, expected)
    assert values['parsing/APr.T0'] != values['parsing/APr.T0.4']


@pytest.mark.parametrize('thrs', [THRS, THRS[1:]])
def test_chosen_metrics_and_the_table(thrs, golden, monkeypatch, tmp_path):
    texts, path = [], tmp_path / 'metrics.json'
    monkeypatch.setattr(MMLogger.get_current_instance(), 'info', texts.append)
    _, values = evaluate(
        golden,
        make_samples(golden, THRS),
        path,
        pixel_score_thrs=thrs,
        metric=('mIoU', 'APr'))
    assert not any('APp' in key for key in values)
    table = '\n'.join(texts).split('Threshold T of the pixel score')[1]
    assert f'{values["parsing/APr.T0.4"]:.2f}' in table and '0.4 |' in table
    # The paper's row for T = 0 is of another kind.
    assert ('cannot be compared' in table) == (0 in thrs)


@pytest.mark.parametrize('thrs, message', [
    *((thrs, 'pixel_score_thrs must name')
      for thrs in ([], [-.1], [float('nan')], ['x'], 3)),
    ([0., .9], r'0001003.jpg: .* thresholds \[0.9\]; set'),
    (THRS, 'person 1 of Images/0001003.jpg: '),
])
def test_wrong_thresholds_and_undefined_scores(golden, thrs, message,
                                               tmp_path):
    samples = make_samples(golden, THRS)
    samples[0]['pred_instances'].by_thr[.4].scores[1] = np.nan
    with pytest.raises(InputError, match=message):
        evaluate(golden, samples, tmp_path / 'x.json', pixel_score_thrs=thrs)
