# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import copy
import math

import numpy as np
import pytest

from projects.qanet.evaluation.functional import (ParsingEvaluator, Thresholds,
                                                  WeightSearch, best_point,
                                                  weight_grid)
from projects.qanet.evaluation.functional.segments import (Segments,
                                                           merge_segments)
from projects.qanet.utils.errors import InputError

POINTS = [(1., 0., 0.), (1., .5, 3.), (0., 0., .5), (0., 2.5, 0.),
          (3., 1.5, .5)]


def make_evaluator(golden, **kwargs):
    return ParsingEvaluator(golden.ann_file, golden.data_root, golden.classes,
                            **kwargs)


def same(one, other):
    """Equal to the last bit; NaN equals NaN."""
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert value == other[key] or (math.isnan(value)
                                       and math.isnan(other[key])), key


@pytest.mark.parametrize('protocol', ['released', 'strict'])
@pytest.mark.parametrize('nms_iou', [.6, .8, None])
def test_points_equal_evaluations(golden, protocol, nms_iou):
    options = dict(protocol=protocol, thresholds=Thresholds(nms_iou=nms_iou))
    search = WeightSearch(make_evaluator(golden, **options), golden.records)
    different = set()
    for weights in POINTS:
        values = search.evaluate(weights)
        expected = make_evaluator(
            golden, quality_weights=weights,
            **options).evaluate(golden.records)
        same(values, expected)
        different.add(values['APr'])
    assert len(different) == len(POINTS)


def test_worker_processes_change_nothing(golden):
    search = WeightSearch(
        make_evaluator(golden, metrics=('mIoU', 'APh')), golden.records)
    alone = search.evaluate_all(POINTS)
    for one, other in zip(search.evaluate_all(POINTS, 2), alone):
        same(one, other)
    assert len(alone) == len(POINTS)
    assert {point['mIoU'] for point in alone} == {alone[0]['mIoU']}
    assert 'APp' not in alone[0]


def test_undefined_pixel_score(golden):
    records = copy.deepcopy(golden.records)
    records[3]['pixel_score'] = None
    search = WeightSearch(make_evaluator(golden), records, 'here')
    search.evaluate((1, 1, 0))
    with pytest.raises(InputError, match=r'here\[3\]: a pixel score is null'):
        search.evaluate((1, 1, .5))
    with pytest.raises(InputError, match='not all 0'):
        search.evaluate((0, 0, 0))


@pytest.mark.parametrize('name', ['categories', 'humans', 'instances'])
def test_segments_that_differ_stay_apart(name):
    values = dict(
        lengths=np.array([2, 3, 4, 5]),
        categories=np.array([1, 1, 1, 1]),
        humans=np.array([2, 2, 2, 2]),
        instances=np.array([0, 0, 0, 0]),
        labels=np.array([[3, 3, 0, 3]], np.uint8),
        areas=np.zeros((1, 4), int))
    values[name] = values[name] + [0, 0, 0, 5]
    merged = merge_segments(Segments(**values))
    found = sorted(
        zip(
            getattr(merged, name).tolist(), merged.labels[0].tolist(),
            merged.lengths.tolist()))
    same = int(values[name][0])
    assert found == [(same, 0, 4), (same, 3, 5), (same + 5, 3, 5)]


def test_grid():
    grid = weight_grid()
    assert len(grid) == len(set(grid)) == 342
    assert (0, 0, 0) not in grid and (3, 3, 3) in grid and (1, .5, 3) in grid
    assert weight_grid(.1, .3, .1)[-1] == (.3, .3, .3)
    assert len(weight_grid(1, 2.4, .5)) == 27
    for wrong in ((-1, 1, 1), (1, 0, 1), (0, 1, 0), (0, 1, math.nan)):
        with pytest.raises(InputError, match='a grid goes from'):
            weight_grid(*wrong)
    with pytest.raises(InputError, match='are all 0'):
        weight_grid(0, 0, 1)
    assert len(weight_grid(0, 45, 1)) == 46**3 - 1
    for step, number in ((.01, '27,270,901'), (1e-300, r'1,0+,0+')):
        with pytest.raises(
                InputError,
                match=f'about {number}.* points, allowed are 100,000'):
            weight_grid(0, 3, step)


def test_best_point():
    values = [dict(APp=1.), dict(APp=3.), dict(APp=math.nan), dict(APp=3.)]
    assert best_point(values, 'APp') == 1
    assert best_point(values, 'APr') is None
