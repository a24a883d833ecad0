# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.testing.layout import make_persons
from projects.qanet.visualization.painting import paint_persons, person_colour


@pytest.mark.parametrize('scores, order, classes, owners', [
    ((.9, .2), None, [0, 0, 1, 3, 2, 0, 0], [0, 0, 1, 2, 1, 0, 0]),
    ((.5, .5), None, [0, 0, 1, 3, 3, 0, 0], [0, 0, 1, 2, 2, 0, 0]),
    ((.9, .2), [0, 1], [0, 0, 1, 3, 3, 0, 0], [0, 0, 1, 2, 2, 0, 0]),
    ((.9, .2), [], [0] * 7, [0] * 7),
])
def test_the_best_or_else_the_last_is_on_top(scores, order, classes, owners):
    """The upper one's background hides nothing of the other."""
    instances = make_persons(0, np.zeros((2, 4, 7)), scores, 4)
    instances.part_maps = [np.uint8([[1, 0, 2]]), np.uint8([[3, 3]])]
    instances.offsets[:] = (2, 1), (3, 1)
    category, owner = paint_persons(instances, order)
    assert category.dtype == np.uint8 and owner.dtype == np.int32
    for found, expected in ((category, classes), (owner, owners)):
        assert found.tolist() == [[0] * 7, expected, [0] * 7, [0] * 7]


def test_person_colours_repeat():
    assert len({person_colour(k) for k in range(25)}) == 12
    assert person_colour(13) == person_colour(1)
