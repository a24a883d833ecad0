# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest

from projects.qanet.visualization.text import (contrast_colour, font_size,
                                               format_score, load_font,
                                               text_size)


@pytest.mark.parametrize('shape, expected', [((40, 60, 3), 11),
                                             ((500, 800, 3), 15),
                                             ((3000, 4000), 80)])
def test_font_size_follows_the_image(shape, expected):
    assert font_size(shape) == expected


def test_text_size_grows_with_the_text_and_the_font():
    small, large = load_font(12), load_font(24)
    assert text_size('Upper-clothes', small)[0] > text_size('Hat', small)[0]
    assert text_size('Hat', large)[0] > 1.6 * text_size('Hat', small)[0]
    # All lines are equally high, whatever letters they have.
    assert text_size('aaa', small)[1] == text_size('Agj', small)[1]


def test_missing_font_is_named():
    with pytest.raises(ValueError, match="no TrueType font.*'no/such.ttf'"):
        load_font(12, 'no/such.ttf')


def test_contrast_colour():
    assert contrast_colour((255, 255, 0)) == (0, 0, 0)
    assert contrast_colour((0, 0, 255)) == (255, 255, 255)


def test_undefined_scores_are_dashes():
    assert format_score(0.876) == '0.88'
    assert format_score(float('nan')) == '-'
