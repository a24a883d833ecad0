# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.structures import ParsingInstances
from projects.qanet.visualization.painting import (paint_persons,
                                                   person_borders,
                                                   person_colour)


def make_instances(scores, part_maps, offsets, image_size=(7, 4)):
    """Persons with given maps; every other score is the quality score."""
    num = len(scores)
    parts = np.full((num, 3), 0.5)
    return ParsingInstances(
        bboxes=np.tile([0, 0, 3, 2], (num, 1)),
        bbox_scores=scores,
        iou_scores=scores,
        pixel_scores=scores,
        scores=scores,
        part_pixel_scores=parts,
        part_scores=parts,
        labels=np.zeros(num),
        part_maps=[np.array(m, np.uint8) for m in part_maps],
        offsets=offsets,
        image_size=image_size)


def test_paint_persons_puts_the_best_on_top():
    instances = make_instances([0.9, 0.2], [[[1, 0, 2]], [[3, 3]]], [(2, 1),
                                                                     (3, 1)])
    category, owner = paint_persons(instances)
    # The better one's background hides nothing of the other.
    assert category.tolist() == [[0] * 7, [0, 0, 1, 3, 2, 0, 0], [0] * 7,
                                 [0] * 7]
    assert owner[1].tolist() == [0, 0, 1, 2, 1, 0, 0]
    assert category.dtype == np.uint8 and owner.dtype == np.int32


def test_paint_persons_in_a_given_order():
    instances = make_instances([0.9, 0.2], [[[1, 0, 2]], [[3, 3]]], [(2, 1),
                                                                     (3, 1)])
    category, owner = paint_persons(instances, [0, 1])
    assert category[1].tolist() == [0, 0, 1, 3, 3, 0, 0]
    assert owner[1].tolist() == [0, 0, 1, 2, 2, 0, 0]
    category, owner = paint_persons(instances, [])
    assert not category.any() and not owner.any()


def test_equal_scores_put_the_later_one_on_top():
    instances = make_instances([0.5, 0.5], [[[1]], [[2]]], [(6, 3), (6, 3)])
    assert paint_persons(instances)[0][3, 6] == 2


def test_person_borders_lie_on_persons_and_are_thin():
    owner = np.zeros((5, 9), int)
    owner[1:4, 1:5] = 1
    owner[1:4, 5:8] = 2
    borders = person_borders(owner)
    expected = np.zeros((5, 9), bool)
    expected[1, 1:8] = expected[3, 1:8] = True
    # Where they touch, the lower numbered person alone gives a line.
    expected[2, [1, 4, 7]] = True
    assert np.array_equal(borders, expected)


def test_person_borders_skip_the_edge_and_grow_inside():
    owner = np.ones((6, 8), int)
    assert not person_borders(owner).any()
    owner[:, :2] = 0
    assert person_borders(owner, width=2)[0].nonzero()[0].tolist() == [2, 3]


@pytest.mark.parametrize('index', [0, 11, 12, 25])
def test_person_colours_repeat(index):
    assert person_colour(index) == person_colour(index + 12)
    assert person_colour(index) != person_colour(index + 1)
