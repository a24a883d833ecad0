# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from projects.qanet.apis import InputError
from projects.qanet.apis.sources import Frame, Source
from projects.qanet.apis.user_boxes import (boxes_of_batch, boxes_of_frame,
                                            split_boxes, warn_of_doubts)

VIDEO = Source('clip.mp4')
IMAGES = [Source(f'{k}.png') for k in range(3)]


def frame(index=0, name='b.png', shape=(60, 90)):
    return Frame(index, np.zeros((*shape, 3), np.uint8), name, 'b', VIDEO)


@pytest.mark.parametrize('bboxes, expected', [
    ([[1, 2, 30, 40]], [[1, 2, 30, 40, 1]]),
    (torch.tensor([[-5, 2, 30, 70, .25]]), [[-5, 2, 30, 70, .25]]),
    ([np.array([[70, 2, 95, 40], [5, 6, 7, 8]])], [[70, 2, 95, 40, 1],
                                                   [5, 6, 7, 8, 1]]),
    *((none, []) for none in ([], [[]], np.zeros((0, 4)), np.zeros((0, 5)))),
])
def test_boxes_get_a_score_of_one(bboxes, expected):
    found = boxes_of_frame(split_boxes(bboxes, IMAGES[:1]), frame())
    assert found.dtype == np.float32 and found.shape == (len(expected), 5)
    assert found.tolist() == expected


@pytest.mark.parametrize('bboxes, text', [
    ([1, 2, 3, 4], ' has the shape (4,)'),
    ([[1, 2, 3]], ' has the shape (1, 3); boxes are (N, 4) xyxy in pixels'),
    ([[0, 0, 9, 9], [1, 2, np.nan, 4]
      ], ': box 1 [1.0, 2.0, nan, 4.0, 1.0] has numbers that are not finite'),
    ([[50, 40, 20, 60]], ': box 0 [50.0, 40.0, 20.0, 60.0, 1.0] is empty or '
     'reversed; a box is x1, y1'),
    ([[5, 5, 6, 5]], ': box 0 [5.0, 5.0, 6.0, 5.0, 1.0] is empty or rev'),
    ([[5, 5, 9, 2e7]], ': box 0 [5.0, 5.0, 9.0, 20000000.0, 1.0] reaches '
     'further than 1e+07 pixels'),
    ([[5, 5, 9, 9, 1.5]], ': box 0 [5.0, 5.0, 9.0, 9.0, 1.5] has a score '
     'outside 0..1'),
    ([[1, 2, 3, 4], [1, 2]], ' cannot be made an array of shape (N, 4)'),
])
def test_what_is_wrong_without_the_image_is_found_at_once(bboxes, text):
    for sources, name in ((IMAGES, '2.png'), ([VIDEO], 'clip.mp4#2')):
        with pytest.raises(InputError) as caught:
            split_boxes([[[5, 6, 7, 8]], [], bboxes], sources)
        assert str(caught.value).startswith(f'bboxes[2] ({name}){text}')


def test_boxes_outside_their_image_are_named():
    """Each of the four sides; those before the first wrong one are kept."""
    good = [[0, 0, 9, 9]]
    for box in ([90, 5, 99, 9], [5, 60, 9, 70], [5, -9, 9, 0], [-9, 5, 0, 9]):
        rows = split_boxes([good, good + [box], good], IMAGES)
        found, error = boxes_of_batch(rows, [frame(k) for k in range(3)])
        assert [part.tolist() for part in found] == [[[0, 0, 9, 9, 1]]]
        assert str(error) == (
            f'bboxes[1] (b.png): box 1 {[float(v) for v in [*box, 1]]} lies '
            'wholly outside the image of 90x60 pixels')


def test_several_images_take_as_many_arrays():
    bboxes = [np.zeros((0, 4)), [[1, 2, 3, 4, .5]] * 2, []]
    for given in (bboxes, iter(bboxes)):
        assert [len(b) for b in split_boxes(given, IMAGES)] == [0, 2, 0]
    for given, sources, text in (
        (bboxes, IMAGES[:2], '3 entries for 2 images'),
        (np.ones((2, 4)), IMAGES[:2], 'for 2 images must be a list'),
        ('boxes.txt', IMAGES[:1], 'bboxes cannot be made an array'),
        (3, [VIDEO], 'for a video must be a list with .* but got int'),
        (bboxes, [VIDEO, *IMAGES], 'give one video'),
    ):
        with pytest.raises(InputError, match=text):
            split_boxes(given, sources)


def test_the_header_of_a_video_may_be_wrong(monkeypatch, warnings):
    monkeypatch.setattr(Source, 'num_images', property(lambda self: 3))
    for count in (3, 2):
        boxes = split_boxes([[[5, 6, 7, 8]]] * count, [VIDEO])
        assert len(boxes) == count
    assert warnings == [
        'bboxes has 2 entries, but by its header clip.mp4 has 3 frames'
    ]


@pytest.mark.parametrize('shape, rows, doubt', [
    ((60, 90), [[0, 0, 9, 9, 1]], None),
    ((60, 90), [], None),
    ((60, 90), [[0, 0, .5, 1, 1], [0, 0, 1.5, 1, 1]], None),
    ((60, 90), [[0, 0, .5, 1, 1]], 'no number in the boxes of b.png is above '
     '1; they must be in pixels: are they shares of the image? (further'),
    ((60, 90), [[0, 0, 9, 9, 1], [70, 5, 111, 25, 1]],
     'b.png: box 1 [70.0, 5.0, 111.0, 25.0] lies mostly outside the image of '
     '90x60 pixels'),
    ((1, 1), [[0, 0, 1, 1, 1]], None),
])
def test_doubts(shape, rows, doubt, warnings):
    rows = np.float32(rows).reshape(-1, 5)
    found = warn_of_doubts(frame(shape=shape), rows)
    assert found == (doubt is not None) and len(warnings) == found
    assert not found or warnings[0].startswith(doubt)
