# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.utils.errors import InputError
from projects.qanet.visualization.text import (contrast_colour, fit_columns,
                                               font_size, format_score,
                                               load_font, tag_font_size,
                                               text_size)


@pytest.mark.parametrize('shape, expected', [((40, 60, 3), 11),
                                             ((500, 800, 3), 15),
                                             ((3000, 4000), 80)])
def test_font_size_follows_the_image(shape, expected):
    assert font_size(shape) == expected


@pytest.mark.parametrize('side, expected', [(300, 23), (100, 18), (20, 11)])
def test_tags_of_small_persons_are_smaller(side, expected):
    bboxes = np.array([[0, 0, side, 500], [5, 9, 905, 9 + side], [0, 0, 1, 1]])
    assert font_size((750, 1320)) == 23
    assert tag_font_size((750, 1320), bboxes) == expected
    assert tag_font_size((750, 1320), bboxes[:0]) == 23


def test_many_columns_make_small_text():
    assert fit_columns(20, 0, 300) == fit_columns(20, 4, 300) == 20
    assert fit_columns(20, 8, 300) == 12
    assert fit_columns(20, 80, 300) == 11


def test_text_size_grows_with_the_text_and_the_font():
    small, large = load_font(12), load_font(24)
    assert text_size('Upper-clothes', small)[0] > text_size('Hat', small)[0]
    assert text_size('Hat', large)[0] > 1.6 * text_size('Hat', small)[0]
    # All lines are equally high, whatever letters they have.
    assert text_size('aaa', small)[1] == text_size('Agj', small)[1]


def test_missing_font_is_named():
    with pytest.raises(InputError, match="no TrueType font.*'no/such.ttf'"):
        load_font(12, 'no/such.ttf')


def test_contrast_colour():
    assert contrast_colour((255, 255, 0)) == (0, 0, 0)
    assert contrast_colour((0, 0, 255)) == (255, 255, 255)


def test_undefined_scores_are_dashes():
    assert format_score(0.876) == '0.88'
    assert format_score(float('nan')) == '-'
