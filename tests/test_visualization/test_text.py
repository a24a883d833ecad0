# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.utils.errors import InputError
from projects.qanet.visualization.text import (contrast_colour, fit_columns,
                                               font_size, format_score,
                                               load_font, tag_font_size,
                                               text_size)


def test_text_follows_the_image_the_persons_and_the_columns():
    shapes = ((40, 60, 3), (500, 800, 3), (3000, 4000), (750, 1320))
    assert [font_size(shape) for shape in shapes] == [11, 15, 80, 23]
    for side, expected in ((300, 23), (100, 18), (20, 11)):
        bboxes = np.array([[0, 0, side, 500], [5, 9, 905, 9 + side],
                           [0, 0, 1, 1]])
        assert tag_font_size((750, 1320), bboxes) == expected
    assert tag_font_size((750, 1320), bboxes[:0]) == 23
    assert [fit_columns(20, k, 300) for k in (0, 4, 8, 80)] == [20, 20, 12, 11]


def test_all_lines_are_equally_high_whatever_letters_they_have():
    small, large = load_font(12), load_font(24)
    assert text_size('aaa', small)[1] == text_size('Agj', small)[1]
    assert text_size('Hat', large)[0] > 1.6 * text_size('Hat', small)[0]


def test_missing_font_is_named():
    with pytest.raises(InputError, match="no TrueType font.*'no/such.ttf'"):
        load_font(12, 'no/such.ttf')


def test_colour_and_dash():
    assert contrast_colour((255, 255, 0)) == (0, 0, 0)
    assert contrast_colour((0, 0, 255)) == (255, 255, 255)
    assert format_score(0.876) == '0.88' and format_score(np.nan) == '-'
