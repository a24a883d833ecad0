# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np

from projects.qanet.visualization.tags import draw_boxes, draw_tags, place_tags
from projects.qanet.visualization.text import load_font


def test_tags_sit_on_their_boxes_avoid_each_other_and_stay_inside():
    for y1, expected in ((30, (20, 20, 45, 30)), (3, (20, 3, 45, 13))):
        boxes = np.array([[20, y1, 79, 90]])
        assert place_tags(boxes, [(25, 10)], (120, 100)) == [expected]
    boxes = np.tile([90, 12, 118, 60], (6, 1))
    rects = place_tags(boxes, [(22, 10)] * 6, (120, 100))
    taken = np.zeros((100, 120), int)
    for i, (x1, y1, x2, y2) in enumerate(rects):
        assert 0 <= x1 and x2 <= 120 and 0 <= y1 and y2 <= 100
        assert (x2 - x1, y2 - y1) == (22, 10)
        if i < 4:  # top, inside at the top, inside at the bottom, under
            taken[y1:y2, x1:x2] += 1
    assert taken.max() == 1 and len(set(rects)) >= 4


def test_draw_boxes_is_clipped_and_exact():
    image = np.zeros((30, 50, 3), np.uint8)
    boxes = np.array([[-5., 4.4, 60., 20.6]])
    drawn = draw_boxes(image, boxes, [(1, 2, 3)], 1)
    expected = np.zeros((30, 50), bool)
    expected[[4, 21]] = expected[4:22, [0, 49]] = True
    assert np.array_equal((drawn == (1, 2, 3)).all(-1), expected)
    assert not image.any()


def test_draw_tags_has_text_on_the_colour():
    image = np.full((60, 120, 3), 90, np.uint8)
    drawn = draw_tags(image, np.array([[10, 30, 70, 50]]), ['#1 0.50'],
                      [(255, 209, 59)], load_font(12))
    ys, xs = (drawn == (255, 209, 59)).all(-1).nonzero()
    assert xs.min() == 10 and ys.max() == 29
    rect = drawn[ys.min():30, 10:xs.max() + 1]
    assert (rect.sum(-1) < 150).sum() > 20, 'dark letters'
    assert (drawn[31:] == 90).all()
    none = draw_tags(image, np.zeros((0, 4)), [], [], load_font(12))
    assert np.array_equal(none, image)
