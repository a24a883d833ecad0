# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.synthetic.brushes import plain_brush
from projects.qanet.synthetic.canvas import FACTOR, Canvas

RED = plain_brush((10., 20., 200.))


@pytest.fixture
def canvas():
    return Canvas(np.full((30, 50, 3), 90, np.uint8))


def _box(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float)


def test_fill_writes_color_and_label(canvas):
    canvas.fill([_box(10, 5, 20, 15)], RED, 7)
    image, codes = canvas.reduce()
    assert image.shape == (30, 50, 3) and codes.shape == (30, 50)
    expected = np.zeros((30, 50), np.uint8)
    expected[5:15, 10:20] = 7
    # The rim may gain half a sub-pixel.
    assert np.array_equal(codes[6:14, 11:19], expected[6:14, 11:19])
    assert abs(int((codes == 7).sum()) - 100) <= 20
    assert image[10, 15].tolist() == [10, 20, 200]
    assert image[20, 40].tolist() == [90, 90, 90]


def test_labels_are_never_mixed(canvas):
    canvas.fill([_box(10.3, 5.2, 20.6, 15.1)], RED, 200)
    canvas.fill([_box(14.7, 2.2, 33.1, 11.4)], RED, 100)
    assert set(np.unique(canvas.reduce()[1])) == {0, 100, 200}


def test_overlapping_polygons_make_no_hole(canvas):
    canvas.fill([_box(5, 5, 25, 15), _box(10, 0, 20, 30)], RED, 3)
    assert canvas.reduce()[1][10, 15] == 3


def test_out_of_sight_changes_nothing(canvas):
    before = canvas.color.copy()
    canvas.fill([_box(-30, 5, -20, 15)], RED, 7)
    canvas.tint([_box(60, 5, 70, 15)], (0, 0, 0), 1.)
    canvas.shadow([_box(5, 45, 9, 55)], (0., 0.), 1., 1.)
    assert np.array_equal(canvas.color, before)
    assert not canvas.codes.any()


def test_tint_keeps_labels_and_respects_them(canvas):
    canvas.fill([_box(10, 5, 20, 15)], RED, 7)
    canvas.tint([_box(0, 0, 50, 30)], (0, 0, 0), .5, 7)
    image, codes = canvas.reduce()
    assert image[10, 15].tolist() == [5, 10, 100]
    assert image[25, 40].tolist() == [90, 90, 90]
    assert codes[10, 15] == 7 and codes[25, 40] == 0


def test_shadow_darkens_persons_only(canvas):
    canvas.fill([_box(10, 5, 30, 25)], RED, 7)
    codes = canvas.codes.copy()
    canvas.shadow([_box(20, 5, 45, 25)], (0., 0.), 1., .5)
    image, _ = canvas.reduce()
    assert image[15, 26, 2] == 100
    assert image[15, 12, 2] == 200
    assert image[15, 40].tolist() == [90, 90, 90]
    assert np.array_equal(codes, canvas.codes)


def test_majority_vote():
    canvas = Canvas(np.zeros((1, 4, 3), np.uint8))
    blocks = [[5, 6, 6, 6], [6, 5, 5, 9], [5, 6, 7, 7], [1, 2, 3, 4]]
    for k, block in enumerate(blocks):
        window = np.s_[:FACTOR, FACTOR * k:FACTOR * (k + 1)]
        canvas.codes[window] = np.reshape(block, (2, 2))
    assert canvas.reduce()[1].tolist() == [[6, 5, 7, 1]]
