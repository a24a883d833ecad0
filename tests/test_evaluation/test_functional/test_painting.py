# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.evaluation.functional.painting import (limit_parts,
                                                           number_parts,
                                                           paint_persons)
from projects.qanet.evaluation.functional.segments import (cut_segments,
                                                           draw_segments)
from projects.qanet.ground_truth import empty_truth


def paint(scenes, maps, scores, chosen=None):
    """Painting of persons without truth, and how to see it as an image."""
    maps = np.asarray(maps, np.uint8)
    runs = scenes.make_persons(1, maps, scores, 12).runs()
    segments = cut_segments(empty_truth(), runs, 12)
    chosen = np.ones(len(maps), bool) if chosen is None else chosen
    painting = paint_persons(segments, np.array(scores), np.array(chosen))
    return painting, lambda values: draw_segments(segments, values, maps.
                                                  shape[:0:-1]).tolist()


@pytest.mark.parametrize('scores,expected,owners,labels', [
    ([.5, .9], [[1, 3, 2], [1, 0, 4]], [0, 0, 1, 1], [1, 3, 1, 3]),
    ([.9, .5], [[2, 3, 4], [2, 0, 1]], [1, 0, 0, 0], [3, 1, 2, 3]),
])
def test_numbers_of_visible_parts(scenes, scores, expected, owners, labels):
    # Person 0's part 2 is covered and takes no number.
    maps = [[[1, 2, 3], [1, 0, 0]], [[0, 1, 0], [0, 0, 3]]]
    painting, draw = paint(scenes, maps, scores)
    numbers, persons, classes = number_parts(painting, np.array(scores))
    assert draw(numbers) == expected
    assert (persons.tolist(), classes.tolist()) == (owners, labels)


@pytest.mark.parametrize('max_parts', [None, 0, 20, 254])
def test_numbering_against_loops(scenes, max_parts):
    """Forty persons of eleven classes; paint most, number what is seen."""
    rng = np.random.default_rng(0)
    maps = rng.integers(1, 12, (40, 34, 41)).astype(np.uint8)
    maps[rng.random(maps.shape) < .95] = 0
    scores, chosen = rng.choice([.2, .5, .7, .9], 40), rng.random(40) < .9
    painting, draw = paint(scenes, maps, scores, chosen)
    owner = np.full(maps.shape[1:], -1)
    label = np.zeros(maps.shape[1:], int)
    order = sorted(np.flatnonzero(chosen), key=lambda i: scores[i])
    for i in order:
        owner[maps[i] > 0] = i
        label[maps[i] > 0] = maps[i][maps[i] > 0]
    number, expected = 0, label.copy()
    for i in order:
        for c in range(1, 12):
            mask = (owner == i) & (label == c)
            number += mask.any()
            if mask.any() and max_parts is not None and number > max_parts:
                expected[mask] = 0
    assert number > 260
    limited = limit_parts(painting, scores, max_parts)
    assert draw(limited.labels) == expected.tolist()
    assert draw(limited.owners) == np.where(expected > 0, owner, -1).tolist()
