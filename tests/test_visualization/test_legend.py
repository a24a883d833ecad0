# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.visualization.legend import (ScoreColumn, draw_legend,
                                                 join_beside)
from projects.qanet.visualization.text import load_font

NAMES = [f'Class {k}' for k in range(60)]
PALETTE = [(k * 4, 255 - k * 4, 40 + k) for k in range(60)]


def draw(labels, height=200, size=12, **kwargs):
    return draw_legend(labels, NAMES, PALETTE, height, load_font(size),
                       **kwargs)


def swatches(panel):
    """Classes whose exact colour fills at least 16 pixels of the panel."""
    return [
        k for k, colour in enumerate(PALETTE)
        if (panel == colour).all(-1).sum() >= 16
    ]


@pytest.mark.parametrize('height, size', [(40, 11), (400, 24)])
def test_legend_lists_the_given_classes(height, size):
    panel = draw([2, 5, 40], height, size)
    assert panel.shape[0] >= height and swatches(panel) == [2, 5, 40]
    faint = draw([2, 5, 40], height, size, faint=[5])
    assert swatches(faint) == [2, 40] and faint.shape == panel.shape
    assert draw([], height, size).shape == (height, 0, 3)


def test_many_classes_make_columns():
    many = draw(range(1, 59))
    assert swatches(many) == list(range(1, 59))
    assert many.shape[0] <= 260 and many.shape[1] > 3 * draw([1, 2]).shape[1]


def test_score_columns_widen_the_legend_and_show_their_colour():
    column = ScoreColumn('#1', (255, 209, 59), np.array([0.5, np.nan]),
                         np.array([True, True]))
    plain, one, two = (draw([1, 2], columns=[column] * k) for k in range(3))
    assert two.shape[1] - one.shape[1] == one.shape[1] - plain.shape[1] > 0
    assert (one == (255, 209, 59)).all(-1).sum() > 50
    # A person without the part has nothing in that row.
    absent = column._replace(present=np.array([True, False]))
    less = draw([1, 2], columns=[absent])
    assert 0 < (less != one).any(-1).sum() < 100


def test_join_beside_aligns_at_the_top_on_white():
    red, green = np.zeros((2, 3, 3), np.uint8), np.full((4, 1, 3), 7, np.uint8)
    joined = join_beside([red, np.zeros((9, 0, 3), np.uint8), green], gap=2)
    expected = np.full((4, 6), 255)
    expected[:2, :3], expected[:, 5] = 0, 7
    assert np.array_equal(joined, np.repeat(expected[..., None], 3, 2))
