# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np

from projects.qanet.datasets.conversion.person_maps import (PersonPainter,
                                                            write_person_maps)
from projects.qanet.ground_truth import read_label_map


def region(*columns):
    where = np.zeros((2, 6), bool)
    where[:, list(columns)] = True
    return where


def test_painting():
    painter = PersonPainter((6, 2))
    painter.paint('a', 3, region(0, 1, 2))
    painter.paint('hidden', 4, region(3))
    labels = np.zeros((2, 6), np.uint8)
    labels[0] = 7
    labels[1] = 255
    painter.paint('b', labels, region(2, 3, 4))
    painter.paint('a', 5, region(4))
    painter.erase(region(0))
    painter.paint('empty', 0, region(5))
    categories, humans, hidden = painter.result()
    np.testing.assert_array_equal(categories,
                                  [[0, 3, 7, 7, 5, 0], [0, 3, 255, 255, 5, 0]])
    np.testing.assert_array_equal(humans, [[0, 1, 2, 2, 1, 0]] * 2)
    assert categories.dtype == humans.dtype == np.uint8
    assert hidden == ['hidden', 'empty']


def test_pixels_of_class_0_are_nobodys():
    painter = PersonPainter((6, 2))
    painter.paint('a', 3, region(0, 1))
    labels = np.zeros((2, 6), np.uint8)
    labels[:, 2] = 4
    painter.paint('b', labels, region(1, 2))
    categories, humans, _ = painter.result()
    np.testing.assert_array_equal(categories[0], [3, 0, 4, 0, 0, 0])
    np.testing.assert_array_equal(humans[0], [1, 0, 2, 0, 0, 0])


def test_more_than_255_persons():
    painter = PersonPainter((300, 1))
    for person in range(300):
        where = np.zeros((1, 300), bool)
        where[0, person] = True
        painter.paint(person, 1, where)
    humans = painter.result()[1]
    np.testing.assert_array_equal(humans[0], np.arange(300) + 1)


def test_nobody():
    categories, humans, hidden = PersonPainter((4, 3)).result()
    assert categories.shape == humans.shape == (3, 4)
    assert not categories.any() and not humans.any() and not hidden


def test_written_files(tmp_path):
    categories = np.array([[0, 1, 2], [2, 2, 255]], np.uint8)
    humans = np.array([[0, 1, 1], [2, 2, 2]], np.uint8)
    write_person_maps(str(tmp_path), 'x.y', categories, humans, 10)
    for folder, expected in (('Category_ids', categories), ('Human_ids',
                                                            humans),
                             ('Instance_ids', [[0, 1, 2], [12, 12, 0]])):
        np.testing.assert_array_equal(
            read_label_map(str(tmp_path / folder / 'x.y.png')), expected)
    assert (tmp_path /
            'Instance_ids/x.y.txt').read_text() == '1 1 1\n2 2 1\n12 2 2\n'
