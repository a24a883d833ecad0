# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.evaluation.analysis import spearman


def naive_ranks(values):
    """How many are smaller, plus the middle of those that are equal."""
    return np.array([
        sum(other < value
            for other in values) + (sum(other == value
                                        for other in values) + 1) / 2
        for value in values
    ])


@pytest.mark.parametrize('levels', [5, 1000])
def test_spearman_against_the_naive_formula(levels):
    rng = np.random.default_rng(levels)
    first = rng.integers(0, levels, 60) / levels
    second = first + rng.integers(0, levels, 60) / levels
    ranks = [naive_ranks(first), naive_ranks(second)]
    expected = np.corrcoef(ranks)[0, 1]
    assert spearman(first, second) == pytest.approx(expected, abs=1e-12)
    assert .3 < expected < .95


def test_spearman_without_ties_is_the_textbook_formula():
    first, second = np.array([.1, .5, .3, .9]), np.array([.2, .3, .4, .6])
    # Differences of the ranks: 0, 1, -1, 0.
    assert spearman(first, second) == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert spearman(first, -first) == pytest.approx(-1)


def test_spearman_where_there_is_no_order():
    for first, second in (([1., 1.], [0., 1.]), ([.5], [.5]), ([], [])):
        assert np.isnan(spearman(np.array(first), np.array(second)))
    with pytest.raises(ValueError, match=r'\(2,\) and \(3,\)'):
        spearman(np.zeros(2), np.zeros(3))
