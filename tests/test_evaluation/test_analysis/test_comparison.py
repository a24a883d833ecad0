# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Figures of a comparison against single evaluations and counts by hand."""
import numpy as np
import pytest

from projects.qanet.evaluation.analysis import comparison
from projects.qanet.evaluation.functional import (draw_counts, get_protocol,
                                                  summarize_samples)
from projects.qanet.utils.json_values import load_json, write_json

NAN = float('nan')


@pytest.fixture(scope='module')
def compared(golden, make_evaluator):
    """Two methods, of which one lacks an image, and the first again."""
    box, fused = (
        make_evaluator(quality_weights=weights)
        for weights in ((1, 0, 0), (1, .5, 3)))
    missing = golden.records[-1]['image_id']
    fewer = [r for r in golden.records if r['image_id'] != missing]
    lean = make_evaluator(quality_weights=(1, 0, 0), metrics=('mIoU', 'APr'))
    methods = dict(
        box=comparison.Method(box, box.reduce(golden.records)),
        fewer=comparison.Method(fused, fused.reduce(fewer)),
        lean=comparison.Method(lean, lean.reduce(golden.records)))
    return methods, comparison.compare_methods(methods, num_samples=40, seed=5)


def test_values_and_paired_intervals(golden, compared):
    methods, found = compared
    counts, samples = draw_counts(12, 40, 5), {}
    for name, (evaluator, statistics) in methods.items():
        values = evaluator.summarize(statistics)
        samples[name] = summarize_samples(statistics, counts, golden.classes,
                                          evaluator.protocol,
                                          evaluator.metrics)
        assert set(found.metrics[name]) == set(values)
        for key, value in values.items():
            assert found.metrics[name][key].value == pytest.approx(
                value, nan_ok=True)
        assert found.metrics[name]['APr'][1:] == pytest.approx(
            np.percentile(samples[name]['APr'], [2.5, 97.5]))
    assert list(found.differences) == ['fewer', 'lean']
    for key, change in found.differences['fewer'].items():
        value = (
            found.metrics['fewer'][key].value -
            found.metrics['box'][key].value)
        paired = samples['fewer'][key] - samples['box'][key]
        assert change == pytest.approx(
            (value, *np.percentile(paired, [2.5, 97.5])), nan_ok=True)
    # The same predictions: no difference, and no doubt about it.
    assert 'APp' not in found.differences['lean']
    assert found.differences['lean']['APr'] == (0, 0, 0)
    assert not found.differences['lean']['APr'].is_clear


def test_images_are_sorted_by_spread(golden, compared):
    methods, found = compared
    predicted = sorted({record['image_id'] for record in golden.records})
    *others, missing = predicted
    unpredicted = sorted(set(methods['box'].evaluator.images) - {*predicted})
    # Only the image that one method lacks differs: global maps follow the box
    # score, whatever the weights. Images without any prediction are last.
    assert found.image_ids[0] == missing and found.spreads[0] > .1
    assert (found.spreads[1:10] == 0).all()
    assert found.image_ids[1:10] == others
    assert found.image_ids[10:] == unpredicted and np.isnan(
        found.spreads[10:]).all()
    assert found.part_ious[0, 1] == 0 and len(unpredicted) == 2
    assert found.part_ious[0, 0] == found.spreads[0]
    assert found.num_predicted == dict(box=10, fewer=9, lean=10)
    assert 'For 1 of 12 images' in comparison.warn_of_images(
        found, get_protocol('released'))
    assert comparison.warn_of_images(found, get_protocol('strict')) == ''
    equal = found._replace(num_unequal=0)
    assert comparison.warn_of_images(equal, get_protocol('released')) == ''


def test_mean_part_ious():
    one = np.array([[50, 0, 5], [4, 8, 0], [0, 0, 0]])
    # Class 1: 8 / 12, class 2, which is not there: 0 / 5. All missed: 0.
    assert comparison.mean_part_ious([one, None]) == pytest.approx([1 / 3, 0])
    # Nothing is there: right to predict nothing, wrong to invent something.
    right, wrong = np.diag([9, 0, 0]), np.array([[8, 1, 0], [0] * 3, [0] * 3])
    assert comparison.mean_part_ious([wrong, right,
                                      None]).tolist() == [0, 1, 1]
    assert np.isnan(comparison.mean_part_ious([None, None])).all()


@pytest.fixture
def by_hand():
    metrics = dict(
        a={
            'mIoU': comparison.Estimate(50, 45, 55),
            'APp_50': comparison.Estimate(20, 10, 30)
        },
        b={
            'mIoU': comparison.Estimate(52.345, 47, 57),
            'IoU.x': comparison.Estimate(1, 1, 1)
        },
        c={'mIoU': comparison.Estimate(NAN, NAN, NAN)})
    differences = dict(
        b={'mIoU': comparison.Estimate(2.345, .5, 4)},
        c={'mIoU': comparison.Estimate(NAN, NAN, NAN)})
    return comparison.Comparison(metrics, differences, [7, 3],
                                 np.array([[.1, .9, .5], [NAN] * 3]),
                                 np.array([.8, NAN]), dict(a=1, b=1, c=1), 0,
                                 100, 9)


def test_table(by_hand):
    head, rows = comparison.comparison_table(by_hand)
    both = ['difference', '95 % interval']
    assert head == ['metric', 'a', 'b', *both, 'c', *both]
    assert [[text + '*' * marked for text, marked in row] for row in rows] == [
        ['mIoU', '50.00', '52.34', '+2.35', '+0.50 .. +4.00*', *'---'],
        ['APp_50', '20.00', *'------'],
    ]
    text = comparison.format_comparison(by_hand)
    assert text.startswith('Differences to a. Paired bootstrap of 2 images, '
                           '100 samples, seed 9.\n*: the')
    assert '| +0.50 .. +4.00 * |' in text


@pytest.mark.parametrize('low, high, clear', [(.1, 2, True), (-2, -.1, True),
                                              (-1, 1, False), (0, 1, False),
                                              (NAN, NAN, False)])
def test_clear_differences(low, high, clear):
    assert comparison.Estimate(1, low, high).is_clear == clear


def test_document(by_hand, tmp_path):
    path = str(tmp_path / 'comparison.json')
    write_json(path, comparison.comparison_document(by_hand))
    document = load_json(path)
    assert document['bootstrap'] == dict(num_samples=100, seed=9, level=.95)
    assert document['metrics']['b']['IoU.x'] == dict(value=1, low=1, high=1)
    assert document['differences'] == dict(
        b=dict(mIoU=dict(value=2.345, low=.5, high=4)),
        c=dict(mIoU=dict(value=None, low=None, high=None)))
    assert document['images'] == [
        dict(image_id=7, spread=.8, mean_part_iou=dict(a=.1, b=.9, c=.5)),
        dict(
            image_id=3,
            spread=None,
            mean_part_iou=dict(a=None, b=None, c=None))
    ]
    assert document['num_predicted_images'] == dict(a=1, b=1, c=1)
