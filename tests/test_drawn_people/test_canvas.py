# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.drawn_people.canvas import Canvas
from projects.drawn_people.geometry import (box, ellipse, hull_around, smooth,
                                            strip, unit)


def red(x, y):
    return np.broadcast_to(np.float32([10, 20, 200]), (len(x), 3))


@pytest.fixture
def canvas():
    """A red box with label 7 on grey."""
    canvas = Canvas(np.full((30, 50, 3), 90, np.uint8))
    canvas.fill([box(10, 5, 30, 25)], red, 7)
    return canvas


def area(polygon):
    x, y = np.asarray(polygon, float).T
    return abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2


def test_tint_and_shadow_keep_to_labels(canvas):
    canvas.tint([box(0, 0, 20, 30)], (0, 0, 0), .5, 7)
    canvas.shadow([box(25, 0, 50, 30)], np.zeros(2), 1., .5)
    image, codes = canvas.reduce()
    # The rim may gain half a sub-pixel.
    assert (codes[5:25, 10:30] == 7).all() and 400 <= (codes == 7).sum() <= 441
    assert image[10, 15].tolist() == [5, 10, 100]  # tinted
    assert image[15, 22].tolist() == [10, 20, 200]
    assert image[15, 28, 2] == 100  # in the shadow
    assert (image[:, 32:] == 90).all() and (image[:, :9] == 90).all()


def test_labels_are_never_mixed_and_overlaps_make_no_hole(canvas):
    canvas.fill([box(14.7, 2.2, 33.1, 11.4), box(16, 0, 18, 30)], red, 100)
    codes = canvas.reduce()[1]
    assert set(np.unique(codes)) == {0, 7, 100} and codes[7, 17] == 100


def test_majority_vote_elects_coordinates_too():
    canvas = Canvas(np.zeros((1, 5, 3), np.uint8), coordinates=True)
    blocks = [[5, 6, 6, 6], [6, 5, 5, 9], [5, 6, 7, 7], [1, 2, 3, 4],
              [5, 6, 9, 6]]
    canvas.codes[:] = np.hstack(np.reshape(blocks, (5, 2, 2)))
    canvas.coordinates[:] = canvas.codes[..., None] * [1, 2, .5]
    elected = [6, 5, 7, 1, 6]
    assert canvas.reduce()[1].tolist() == [elected]
    assert np.allclose(canvas.reduce_coordinates()[0],
                       np.outer(elected, [1, 2, .5]))


def test_coordinates_are_means_of_what_the_pixel_is():
    canvas = Canvas(np.zeros((1, 2, 3), np.uint8), coordinates=True)
    canvas.codes[:] = [[5, 5, 5, 5], [5, 6, 5, 5]]
    limbs, along = [[3, 3, 3, 3], [3, 3, 1, 3]], [[1, 2, 5, 6], [6, 8, 8, 1]]
    canvas.coordinates[:] = np.stack([limbs, along, np.zeros((2, 4))], 2)
    found = canvas.reduce_coordinates()[0]
    assert np.allclose(found, [[3, 3, 0], [3, 4, 0]])


def test_outlines():
    points = np.array([[0., 0.], [4., 1.], [6., 5.], [1., 7.]])
    for closed, shape in ((True, (12, 2)), (False, (10, 2))):
        curve = smooth(points, 3, closed)
        assert curve.shape == shape and np.allclose(curve[::3], points)
    fine = ellipse((3., 2.), (5., 1.), num=400)
    assert np.isclose(area(fine), np.pi * 5, rtol=1e-3)
    # A quarter turn clockwise on the screen brings x to y.
    assert np.allclose(ellipse((0, 0), (5., 1.), np.pi / 2, num=4)[0], [0, 5])
    arc = ellipse((0, 0), (1, 1), 0, (0, np.pi), 2)
    assert np.allclose(arc, [[1, 0], [0, 1]])
    shape = strip(np.array([[0., 0.], [10., 0.]]), [1., 3.])
    assert np.isclose(area(shape), 10 * (2 + 6) / 2)
    hull = hull_around([box(0, 0, 4, 3), np.array([[2., 1.]])])
    assert np.isclose(area(hull), 12)
    assert np.allclose([unit([3., 4.]), unit([0., 0.])], [[.6, .8], [0, 1]])
