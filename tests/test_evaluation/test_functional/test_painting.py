# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.evaluation.functional.painting import (limit_parts,
                                                           number_parts,
                                                           paint_persons)
from projects.qanet.evaluation.functional.segments import cut_segments
from projects.qanet.ground_truth import empty_truth


def paint(scenes, maps, scores, chosen=None, num_classes=12):
    """Segments and painting of persons in an image without truth."""
    maps = np.asarray(maps, np.uint8)
    runs = scenes.make_persons(1, maps, scores, num_classes).runs()
    segments = cut_segments(empty_truth(), runs, num_classes)
    if chosen is None:
        chosen = np.ones(len(maps), bool)
    return segments, paint_persons(segments, np.array(scores), chosen)


def draw(segments, values, shape):
    """Values of segments as an image."""
    return np.repeat(values, segments.lengths).reshape(shape[::-1]).T


MAPS = [[[1, 2, 0], [1, 2, 0]], [[0, 3, 3], [0, 0, 0]], [[0, 0, 0], [0, 1, 1]]]


def test_better_persons_lie_on_top(scenes):
    segments, painting = paint(scenes, MAPS, [.5, .9, .1])
    owners = draw(segments, painting.owners, (2, 3))
    labels = draw(segments, painting.labels, (2, 3))
    assert owners.tolist() == [[0, 1, 1], [0, 0, 2]]
    assert labels.tolist() == [[1, 3, 3], [1, 2, 1]]


def test_persons_may_be_left_out(scenes):
    segments, painting = paint(scenes, MAPS, [.5, .9, .1],
                               np.array([False, True, True]))
    owners = draw(segments, painting.owners, (2, 3))
    assert owners.tolist() == [[-1, 1, 1], [-1, 2, 2]]


def test_parts_are_numbered_from_the_lowest_score_up(scenes):
    # Visible: (person 2, 1), (person 0, 1), (person 0, 2), (person 1, 3).
    scores = np.array([.5, .9, .1])
    segments, painting = paint(scenes, MAPS, scores)
    for max_parts, expected in ((4, [[1, 3, 3], [1, 2, 1]]), (3, [[1, 0, 0],
                                                                  [1, 2, 1]]),
                                (2, [[1, 0, 0],
                                     [1, 0,
                                      1]]), (1, [[0, 0, 0],
                                                 [0, 0,
                                                  1]]), (0, [[0] * 3] * 2)):
        limited = limit_parts(painting, scores, max_parts)
        labels = draw(segments, limited.labels, (2, 3))
        assert labels.tolist() == expected
        np.testing.assert_array_equal(limited.owners >= 0, limited.labels > 0)
    assert limit_parts(painting, scores, None) is painting


def test_numbers_of_visible_parts(scenes):
    # Person 0's part 2 is covered and takes no number.
    maps = [[[1, 2, 3], [1, 0, 0]], [[0, 1, 0], [0, 0, 3]]]
    for scores, expected, owners, labels in (([.5, .9], [[1, 3, 2], [1, 0, 4]],
                                              [0, 0, 1, 1], [1, 3, 1, 3]),
                                             ([.9, .5], [[2, 3, 4], [2, 0, 1]],
                                              [1, 0, 0, 0], [3, 1, 2, 3])):
        segments, painting = paint(scenes, maps, scores)
        numbers, persons, classes = number_parts(painting, np.array(scores))
        assert draw(segments, numbers, (2, 3)).tolist() == expected
        assert (persons.tolist(), classes.tolist()) == (owners, labels)


@pytest.mark.parametrize('max_parts', [20, 254])
def test_numbering_against_loops(scenes, max_parts):
    """Forty persons of eleven classes; paint, then number what is seen."""
    rng = np.random.default_rng(0)
    maps = rng.integers(1, 12, (40, 34, 41)).astype(np.uint8)
    maps[rng.random(maps.shape) < .95] = 0
    scores = rng.choice([.2, .5, .7, .9], 40)
    segments, painting = paint(scenes, maps, scores)
    owner = np.full(maps.shape[1:], -1)
    label = np.zeros(maps.shape[1:], int)
    order = sorted(range(40), key=lambda i: scores[i])
    for i in order:
        owner[maps[i] > 0] = i
        label[maps[i] > 0] = maps[i][maps[i] > 0]
    number, expected = 0, label.copy()
    for i in order:
        for c in range(1, 12):
            mask = (owner == i) & (label == c)
            number += mask.any()
            if mask.any() and number > max_parts:
                expected[mask] = 0
    assert number > 260 and (expected != label).any()
    limited = limit_parts(painting, scores, max_parts)
    shape = maps.shape[1:]
    np.testing.assert_array_equal(
        draw(segments, limited.labels, shape), expected)
    np.testing.assert_array_equal(
        draw(segments, limited.owners, shape),
        np.where(expected > 0, owner, -1))
