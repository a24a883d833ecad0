# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.evaluation.analysis import precision_at, precision_recall
from projects.qanet.evaluation.functional import average_precision


def test_curve_by_hand():
    is_true = np.array([True, False, True, True, False])
    recall, precision = precision_recall(is_true, 4)
    assert recall == pytest.approx([.25, .25, .5, .75, .75])
    assert precision == pytest.approx([1, 1 / 2, 2 / 3, 3 / 4, 3 / 5])
    # The envelope looks ahead: 3/4 is reached later than 2/3.
    at = precision_at(recall, precision, np.array([0, .25, .3, .75, .76, 1]))
    assert at == pytest.approx([1, 1, .75, .75, 0, 0])


def test_area_is_the_average_precision():
    rng = np.random.default_rng(3)
    is_true = rng.random(50) < .6
    fine = (np.arange(40000) + .5) / 40000
    area = precision_at(*precision_recall(is_true, 40), fine).mean()
    assert area == pytest.approx(average_precision(is_true, 40), abs=1e-4)


def test_nothing_predicted():
    curve = precision_at(*precision_recall(np.zeros(0, bool), 3))
    assert curve.tolist() == [0] * 101
