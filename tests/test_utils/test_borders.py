# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np

from projects.qanet.utils.borders import person_borders


def test_person_borders_lie_on_persons_and_are_thin():
    owner = np.zeros((5, 9), int)
    owner[1:4, 1:5], owner[1:4, 5:8] = 1, 2
    expected = np.zeros((5, 9), bool)
    expected[1, 1:8] = expected[3, 1:8] = True
    # Where they touch, the lower numbered person alone gives a line.
    expected[2, [1, 4, 7]] = True
    assert np.array_equal(person_borders(owner), expected)


def test_person_borders_skip_the_edge_and_grow_inside():
    owner = np.ones((6, 8), int)
    assert not person_borders(owner).any()
    owner[:, :2] = 0
    assert person_borders(owner, width=2)[0].nonzero()[0].tolist() == [2, 3]
