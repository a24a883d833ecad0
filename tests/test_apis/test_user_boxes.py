# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from projects.qanet.apis import InputError
from projects.qanet.apis.sources import Frame, Source
from projects.qanet.apis.user_boxes import (boxes_of_frame, check_all_used,
                                            check_boxes, split_boxes,
                                            warn_of_doubts)

SIZE = (90, 60)


def images(num):
    return [Source(f'{k}.png', str(k)) for k in range(num)]


def frame(index, name, source):
    return Frame(index, np.zeros((60, 90, 3), np.uint8), name, 'b', source)


def test_boxes_get_a_score_of_one():
    boxes = check_boxes([[1, 2, 30, 40]], SIZE, 'bboxes')
    assert boxes.dtype == np.float32
    assert boxes.tolist() == [[1, 2, 30, 40, 1]]
    boxes = check_boxes(torch.tensor([[-5, 2, 30, 70, .25]]), SIZE, 'bboxes')
    assert boxes.tolist() == [[-5, 2, 30, 70, .25]]
    assert len(check_boxes([[70, 2, 95, 40]], SIZE, 'bboxes')) == 1


@pytest.mark.parametrize(
    'nothing', [[], np.zeros(
        (0, 4)), np.zeros((0, 5)), [[]]])
def test_no_box_is_allowed(nothing):
    assert check_boxes(nothing, SIZE, 'bboxes').shape == (0, 5)


@pytest.mark.parametrize('bboxes, text', [
    ([1, 2, 3, 4], r'mine has the shape \(4,\)'),
    ([[1, 2, 3]], r'mine has the shape \(1, 3\).*\(N, 4\) xyxy'),
    ([[1, 2, 3, 4], [1, 2]], 'mine cannot be made an array'),
    ('boxes.txt', 'mine cannot be made an array'),
    ([[0, 0, 9, 9], [1, 2, np.nan, 4]], 'mine: box 1 .*not finite'),
    ([[1, 2, np.inf, 4]], 'box 0 .*not finite'),
    ([[50, 40, 20, 10]], 'box 0 .*empty or reversed; a box is x1, y1'),
    ([[5, 5, 5, 9]], 'box 0 .*empty or reversed'),
    ([[91, 5, 99, 9]], 'box 0 .*wholly outside the image of 90x60'),
    ([[5, -9, 9, 0]], 'box 0 .*wholly outside'),
    ([[5, 5, 9, 2e7]], 'box 0 .* reaches further than 1e.07 pixels'),
    ([[5, 5, 9, 9, 1.5]], 'box 0 .*score outside 0..1'),
])
def test_wrong_boxes_are_named(bboxes, text):
    with pytest.raises(InputError, match=text):
        check_boxes(bboxes, SIZE, 'mine')


def test_one_image_takes_an_array_or_a_list_of_one():
    rows = [[1, 2, 3, 4], [5, 6, 7, 8]]
    for bboxes in (rows, np.array(rows), [np.array(rows)]):
        (found, ) = split_boxes(bboxes, images(1))
        assert found.tolist() == [row + [1] for row in rows]


def test_several_images_take_as_many_arrays():
    bboxes = [np.zeros((0, 4)), [[1, 2, 3, 4, .5]] * 2, []]
    for given in (bboxes, iter(bboxes)):
        assert [len(b) for b in split_boxes(given, images(3))] == [0, 2, 0]
    with pytest.raises(InputError, match='3 entries for 2 images'):
        split_boxes(bboxes, images(2))
    with pytest.raises(InputError, match='for 2 images must be a list'):
        split_boxes(np.ones((2, 4)), images(2))


def test_videos():
    video = Source('clip.mp4', 'clip')
    boxes = split_boxes([np.array([[1, 2, 3, 4]])] * 3, [video])
    assert len(boxes) == 3
    with pytest.raises(InputError, match='give one video'):
        split_boxes(boxes, [video] + images(1))
    with pytest.raises(InputError, match='3 entries.*image 4: clip.mp4#3'):
        boxes_of_frame(boxes, frame(3, 'clip.mp4#3', video))
    with pytest.raises(InputError, match='list with one array .* got int'):
        split_boxes(3, [video])
    check_all_used(boxes, 3)
    check_all_used(None, 0)
    with pytest.raises(InputError, match='3 entries.* only 2 images'):
        check_all_used(boxes, 2)


@pytest.mark.parametrize('rows, text', [
    ([[1, 2, 3]], 'has the shape (1, 3); boxes are (N, 4)'),
    ([[9, 9, 1, 1]], 'box 0 [9.0, 9.0, 1.0, 1.0, 1.0] is empty or reversed'),
    ([[1, 2, 3, np.nan]], 'box 0 [1.0, 2.0, 3.0, nan, 1.0] has numbers that'),
    ([[1, 2, 3, 4, 2]], 'box 0 [1.0, 2.0, 3.0, 4.0, 2.0] has a score out'),
])
def test_what_is_wrong_without_the_image_is_found_at_once(rows, text):
    good = [[5, 6, 7, 8]]
    video = Source('clip.mp4', 'clip')
    for sources, name in ((images(3), '2.png'), ([video], 'clip.mp4#2')):
        with pytest.raises(InputError) as caught:
            split_boxes([good, [], rows], sources)
        assert str(caught.value).startswith(f'bboxes[2] ({name})')
        assert text in str(caught.value)


def test_another_number_than_the_header_of_a_video_has(monkeypatch, warnings):
    """The header may be wrong."""
    monkeypatch.setattr(Source, 'num_images', property(lambda self: 3))
    for count in (3, 2):
        boxes = split_boxes([[[5, 6, 7, 8]]] * count, [Source('c.mp4', 'c')])
        assert len(boxes) == count
    assert warnings == [
        'bboxes has 2 entries, but by its header c.mp4 has 3 frames'
    ]


def test_the_image_is_named():
    with pytest.raises(InputError, match=r'bboxes\[1\] \(b.png\): box 0'):
        boxes_of_frame([[], [[9, 9, 1, 1]]], frame(1, 'b.png', images(1)[0]))


@pytest.mark.parametrize('rows, doubt', [
    ([[0, 0, 9, 9, 1]], None),
    ([], None),
    ([[0, 0, .5, 1, 1], [0, 0, 1.5, 1, 1]], None),
    ([[0, 0, .5, 1, 1]], 'no number in the boxes of b.png is above 1; they '
     'must be in pixels: are they shares of the image? (further'),
    ([[0, 0, 9, 9, 1], [70, 5, 111, 25, 1]],
     'b.png: box 1 [70.0, 5.0, 111.0, 25.0] lies mostly outside the image of '
     '90x60 pixels'),
])
def test_doubts(rows, doubt, warnings):
    rows = np.float32(rows).reshape(-1, 5)
    found = warn_of_doubts(frame(0, 'b.png', images(1)[0]), rows)
    assert found == (doubt is not None) and len(warnings) == found
    assert not found or warnings[0].startswith(doubt)


@pytest.mark.parametrize('size, doubt', [((1, 1), False), ((4, 2), False),
                                         ((2, 5), True)])
def test_boxes_of_one_pixel(size, doubt, warnings):
    image = Frame(0, np.zeros((*size, 3), np.uint8), 'b.png', 'b',
                  images(1)[0])
    assert warn_of_doubts(image, np.float32([[0, 0, 1, 1, 1]])) == doubt
