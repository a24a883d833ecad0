# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.testing.layout import make_persons
from projects.qanet.visualization.selection import (part_map_ious,
                                                    select_persons)


def naive_iou(one, other):
    """Mean IoU over the classes that occur in either map."""
    masks = [(one == label, other == label) for label in range(4)]
    return np.mean([(a & b).sum() / (a | b).sum() for a, b in masks
                    if (a | b).any()])


def random_maps(seed, num=5, shape=(12, 19)):
    rng = np.random.default_rng(seed)
    maps = np.zeros((num, *shape), np.uint8)
    for part_map in maps:
        for label in rng.integers(1, 4, 3):
            y, x = rng.integers(0, shape[0] - 3), rng.integers(0, 12)
            part_map[y:y + 5, x:x + 7] = label
    maps[3] = 0
    return maps


@pytest.mark.parametrize('seed', range(2))
def test_ious_agree_with_counting_pixels(seed):
    maps = random_maps(seed)
    expected = [[naive_iou(a, b) for b in maps] for a in maps]
    instances = make_persons(0, maps, np.ones(5), 4)
    np.testing.assert_allclose(part_map_ious(instances), expected, atol=1e-12)
    # The same persons in windows of their own size.
    for i, part_map in enumerate(maps):
        ys, xs = part_map.nonzero()
        y, x = min(ys, default=0), min(xs, default=0)
        instances.offsets[i] = x, y
        instances.part_maps[i] = part_map[y:max(ys, default=-1) + 1,
                                          x:max(xs, default=-1) + 1]
    np.testing.assert_allclose(part_map_ious(instances), expected, atol=1e-12)


def test_order_threshold_and_undefined_scores():
    scores = [0.5, np.nan, 0.9, 0.5, 0.2]
    instances = make_persons(0, random_maps(0), scores, 4)
    assert select_persons(instances) == [1, 4, 0, 3, 2]
    assert select_persons(instances, score_thr=0.5) == [0, 3, 2]


def test_duplicates_are_dropped_but_for_the_best():
    one, other = random_maps(1)[:2]
    maps = [one, one, other, one]
    instances = make_persons(0, maps, [.4, .8, .3, .8], 4)
    assert select_persons(instances, nms_thr=0.99) == [2, 1]
    # A person below the threshold suppresses nobody.
    assert select_persons(instances, 0.9, 0.99) == []
    assert select_persons(instances, nms_thr=None) == [2, 0, 1, 3]
