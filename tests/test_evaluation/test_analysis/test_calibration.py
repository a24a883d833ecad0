# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.evaluation.analysis import (expected_calibration_error,
                                                measure_agreement,
                                                reliability_bins)


def test_bins_and_error_by_hand():
    scores = np.array([.05, .3, .35, .95, 1., 1.2])
    ious = np.array([.15, .2, .4, .85, .9, .5])
    bins = reliability_bins(scores, ious, 10)
    assert bins.edges.tolist() == [k / 10 for k in range(11)]
    # .3 lies on a border and goes up; 1 and 1.2 go to the last bin.
    assert bins.counts.tolist() == [1, 0, 0, 2, 0, 0, 0, 0, 0, 3]
    assert bins.mean_scores[[0, 3, 9]] == pytest.approx([.05, .325, 1.05])
    assert bins.mean_ious[[0, 3, 9]] == pytest.approx([.15, .3, .75])
    assert np.isnan(bins.mean_ious[1]) and np.isnan(bins.mean_scores[1])
    expected = (1 * .1 + 2 * .025 + 3 * .3) / 6
    assert expected_calibration_error(bins) == pytest.approx(expected)


def test_error_against_naive():
    rng = np.random.default_rng(1)
    scores, ious = rng.random(200), rng.random(200)
    expected = 0.
    for k in range(7):
        mine = (scores >= k / 7) & (scores < (k + 1) / 7)
        if mine.any():
            expected += mine.sum() / 200 * abs(scores[mine].mean() -
                                               ious[mine].mean())
    bins = reliability_bins(scores, ious, 7)
    assert expected_calibration_error(bins) == pytest.approx(expected)


def test_nothing_to_calibrate():
    bins = reliability_bins(np.zeros(0), np.zeros(0), 4)
    assert bins.counts.tolist() == [0] * 4
    assert np.isnan(expected_calibration_error(bins))
    with pytest.raises(ValueError, match='num_bins must be >= 1'):
        reliability_bins(np.zeros(1), np.zeros(1), 0)
    with pytest.raises(ValueError, match=r'\(1,\) scores and \(2,\) IoUs'):
        reliability_bins(np.zeros(1), np.zeros(2))


def test_undefined_scores_are_left_out():
    agreement = measure_agreement(
        np.array([.2, np.nan, .6, .4]), np.array([.1, .9, .5, .7]), 5)
    assert agreement.count == 3
    assert agreement.mean_score == pytest.approx(.4)
    assert agreement.mean_iou == pytest.approx(1.3 / 3)
    assert agreement.spearman == pytest.approx(.5)
    assert agreement.calibration_error == pytest.approx((.1 + .1 + .3) / 3)
