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


@pytest.mark.parametrize('protocol, nms_iou', [('released', .6),
                                               ('strict', .8),
                                               ('released', None)])
def test_points_equal_evaluations(golden, protocol, nms_iou):
    options = dict(protocol=protocol, thresholds=Thresholds(nms_iou=nms_iou))
    search = WeightSearch(make_evaluator(golden, **options), golden.records)
    found = search.evaluate_all(POINTS, num_workers=2)
    for weights, values in zip(POINTS, found):
        evaluator = make_evaluator(golden, quality_weights=weights, **options)
        np.testing.assert_equal(values, evaluator.evaluate(golden.records))
    assert len({values['APr'] for values in found}) == len(POINTS)


@pytest.mark.parametrize('name', ['categories', 'humans', 'instances'])
def test_segments_that_differ_stay_apart(name):
    ones = np.ones(4, int)
    values = dict(categories=ones, humans=ones, instances=ones)
    values[name] = np.array([1, 1, 1, 6])
    merged = merge_segments(
        Segments(
            lengths=np.array([2, 3, 4, 5]),
            labels=np.array([[3, 3, 0, 3]], np.uint8),
            areas=np.zeros((1, 4), int),
            **values))
    found = zip(getattr(merged, name), merged.labels[0], merged.lengths)
    assert sorted(found) == [(1, 0, 4), (1, 3, 5), (6, 3, 5)]


def test_undefined_pixel_score(golden):
    records = copy.deepcopy(golden.records)
    records[3]['pixel_score'] = None
    search = WeightSearch(make_evaluator(golden), records, 'here')
    search.evaluate((1, 1, 0))
    with pytest.raises(InputError, match=r'here\[3\]: a pixel score is null'):
        search.evaluate((1, 1, .5))


@pytest.mark.parametrize('args, message', [
    *((args, 'a grid goes from')
      for args in ((-1, 1, 1), (1, 0, 1), (0, 1, 0), (0, 1, math.nan))),
    ((0, 0, 1), 'are all 0'),
    ((0, 3, .01), 'about 27,270,901 points, allowed are 100,000'),
    ((0, 3, 1e-300), 'about 1,0+,0+.* points, allowed are 100,000'),
])
def test_wrong_grids(args, message):
    with pytest.raises(InputError, match=message):
        weight_grid(*args)


def test_grid_and_best_point():
    grid = weight_grid()
    assert len(grid) == len(set(grid)) == 342
    assert grid[:2] == [(0, 0, .5), (0, 0, 1)]  # the last changes fastest
    assert (0, 0, 0) not in grid and (3, 3, 3) in grid and (1, .5, 3) in grid
    assert weight_grid(.1, .3, .1)[-1] == (.3, .3, .3)
    assert len(weight_grid(1, 2.4, .5)) == 27
    assert len(weight_grid(0, 45, 1)) == 46**3 - 1
    values = [dict(APp=1.), dict(APp=3.), dict(APp=math.nan), dict(APp=3.)]
    assert best_point(values, 'APp') == 1
    assert best_point(values, 'APr') is None
