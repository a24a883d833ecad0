# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.structures import ParsingInstances
from projects.qanet.visualization.selection import (part_map_ious,
                                                    select_persons)


def make_instances(full_maps, scores):
    """Persons with full-image part maps of 4 classes."""
    num = len(full_maps)
    height, width = full_maps[0].shape
    return ParsingInstances(
        bboxes=np.tile([0, 0, 3, 2], (num, 1)),
        bbox_scores=scores,
        iou_scores=scores,
        pixel_scores=scores,
        scores=scores,
        part_pixel_scores=np.full((num, 3), 0.5),
        part_scores=np.full((num, 3), 0.5),
        labels=np.zeros(num),
        part_maps=full_maps,
        offsets=np.zeros((num, 2)),
        image_size=(width, height))


def naive_iou(one, other):
    """Mean IoU over the classes that occur in either map."""
    ious = []
    for label in range(4):
        a, b = one == label, other == label
        if (a | b).any():
            ious.append((a & b).sum() / (a | b).sum())
    return np.mean(ious)


def random_maps(seed, num=5, shape=(12, 19)):
    rng = np.random.default_rng(seed)
    maps = []
    for _ in range(num):
        part_map = np.zeros(shape, np.uint8)
        for label in rng.integers(1, 4, 3):
            y, x = rng.integers(0, shape[0] - 3), rng.integers(0, 12)
            part_map[y:y + 5, x:x + 7] = label
        maps.append(part_map)
    maps[3] = np.zeros(shape, np.uint8)
    return maps


@pytest.mark.parametrize('seed', range(4))
def test_ious_agree_with_counting_pixels(seed):
    maps = random_maps(seed)
    expected = [[naive_iou(a, b) for b in maps] for a in maps]
    instances = make_instances(maps, np.ones(5))
    np.testing.assert_allclose(part_map_ious(instances), expected, atol=1e-12)
    # The same persons in windows of their own size.
    for i, part_map in enumerate(maps):
        ys, xs = part_map.nonzero()
        if len(ys):
            instances.offsets[i] = xs.min(), ys.min()
            instances.part_maps[i] = part_map[ys.min():ys.max() + 1,
                                              xs.min():xs.max() + 1]
        else:
            instances.part_maps[i] = part_map[:0, :0]
    np.testing.assert_allclose(part_map_ious(instances), expected, atol=1e-12)


def test_order_threshold_and_undefined_scores():
    instances = make_instances(random_maps(0), [0.5, np.nan, 0.9, 0.5, 0.2])
    assert select_persons(instances) == [1, 4, 0, 3, 2]
    assert select_persons(instances, score_thr=0.5) == [0, 3, 2]


def test_duplicates_are_dropped_but_for_the_best():
    one, other = random_maps(1)[:2]
    instances = make_instances([one, one, other, one], [.4, .8, .3, .8])
    assert select_persons(instances, nms_thr=0.99) == [2, 1]
    # A person below the threshold suppresses nobody.
    assert select_persons(instances, 0.9, 0.99) == []
    assert select_persons(instances, nms_thr=None) == [2, 0, 1, 3]
