# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np

from projects.qanet.synthetic.geometry import (ellipse, hull_around,
                                               limb_outline, rotation,
                                               smooth_closed, smooth_open,
                                               sub_chain, tapered, unit)


def _area(polygon):
    x, y = np.asarray(polygon, float).T
    return abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2


def test_splines_pass_through_their_points():
    points = np.array([[0., 0.], [4., 1.], [6., 5.], [1., 7.]])
    closed, opened = smooth_closed(points, 3), smooth_open(points, 5)
    assert closed.shape == (12, 2)
    assert np.allclose(closed[::3], points)
    assert opened.shape == (16, 2)
    assert np.allclose(opened[::5], points)


def test_ellipse_and_rotation():
    fine = ellipse((3., 2.), (5., 1.), num=400)
    assert np.isclose(_area(fine), np.pi * 5, rtol=1e-3)
    assert np.allclose(fine.mean(axis=0), (3, 2))
    # A quarter turn clockwise on the screen brings x to y.
    assert np.allclose(rotation(np.pi / 2) @ [1, 0], [0, 1])
    turned = ellipse((0., 0.), (5., 1.), np.pi / 2, num=4)
    assert np.allclose(turned[0], [0, 5])


def test_unit():
    assert np.allclose(unit([3., 4.]), [.6, .8])
    assert np.allclose(unit([0., 0.]), [0., 1.])


def test_tapered_is_a_trapezoid():
    shape = tapered((0., 0.), (10., 0.), [1., 3.])
    assert np.isclose(_area(shape), 10 * (2 + 6) / 2)


def test_sub_chain_cuts_by_position():
    points = np.array([[0., 0.], [10., 0.], [10., 20.]])
    radii = np.array([4., 2., 1.])
    cut, rad = sub_chain(points, radii, .5, 1.25)
    assert np.allclose(cut, [[5, 0], [10, 0], [10, 5]])
    assert np.allclose(rad, [3, 2, 1.75])


def test_limb_outline_counts_and_widths():
    points = np.array([[0., 0.], [10., 0.], [10., 20.]])
    shapes = limb_outline(points, np.array([2., 2., 1.]), round_end=False)
    assert len(shapes) == 2 + 2
    assert np.isclose(_area(shapes[0]), 40)
    assert np.isclose(_area(shapes[1]), 20 * 3)
    assert len(limb_outline(points, np.array([2., 2., 1.]))) == 5


def test_hull_drops_inner_points():
    hull = hull_around([
        np.array([[0., 0.], [4., 0.], [2., 1.]]),
        np.array([[4., 3.], [0., 3.]])
    ])
    assert np.isclose(_area(hull), 12)
