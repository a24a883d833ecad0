# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest

from projects.qanet.datasets.coco_annotations import (box_doubts, box_problem,
                                                      keep_scores,
                                                      load_detections,
                                                      xywh_to_xyxy)
from projects.qanet.utils.errors import InputError

BOX = dict(image_id=1, category_id=1, bbox=[1, 2, 3, 4], score=1)


@pytest.mark.parametrize('document,pattern', [
    (dict(images=[]), 'is it an annotation file'),
    (['x'], r'\[0\] must be an object'),
    ([{
        k: v
        for k, v in BOX.items() if k != 'score'
    }], r"\[0\] lacks the key 'score'"),
    ([dict(BOX, bbox=[1, 2])], r'\[0\] has bbox'),
    ([dict(BOX, score='1')], r"\[0\] has score '1'"),
    ([dict(BOX, score=float('nan'))], r'\[0\] has score nan'),
    ([dict(BOX, score=10**400)], r'\[0\] has score 1000'),
    ([dict(BOX, bbox=[1, 2, 10**400, 4])], r'\[0\] has bbox \[1, 2, 1000'),
    ([dict(BOX, image_id=[1])], r'\[0\] has image_id \[1\], which is not in'),
    ([], 'd.json is an empty list'),
])
def test_malformed_detections(document, pattern, tmp_path):
    path = tmp_path / 'd.json'
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=pattern):
        load_detections(str(path), [1])


@pytest.mark.parametrize('bbox,problem', [
    ([0, 0, 30, 20], None),
    ([-5, -5, 6, 6], None),
    ([29.5, 19.5, 9, 9], None),
    ([30, 0, 5, 5], 'wholly outside the image'),
    ([0, 20, 5, 5], 'wholly outside the image'),
    ([-5, 0, 5, 5], 'wholly outside the image'),
    ([0, -5, 5, 5], 'wholly outside the image'),
    ([0, 0, -1, 5], 'zero size'),
    ([0, 0, 5, 0], 'zero size'),
    ([0, float('inf'), 5, 5], 'not finite'),
])
def test_box_problem(bbox, problem):
    assert box_problem(bbox, width=30, height=20) == problem


def test_xywh_to_xyxy():
    boxes = xywh_to_xyxy([[1, 2, 30, 40.5], [0, 0, 1, 1]])
    np.testing.assert_array_equal(boxes, [[1, 2, 31, 42.5], [0, 0, 1, 1]])
    assert xywh_to_xyxy([]).shape == (0, 4)


def test_keep_scores():
    records = [dict(score=score) for score in (.1, .9, .5)]
    assert keep_scores(records, .5, 'x') == records[1:]
    with pytest.raises(
            InputError,
            match='d.json: thr = 0.95 leaves none of 3 boxes, whose best '
            'score is 0.9'):
        keep_scores(records, .95, 'd.json: thr')
    assert keep_scores([], .95, 'x') == []


def test_corners_are_not_sizes():
    images = {4: dict(width=60, height=40), 7: dict(width=500, height=90)}
    corners = [(4, (10, 5, 40, 36)), (4, (30, 2, 50, 20)), (7, (9, 9, 19, 19)),
               (7, (20, 30, 90, 80))]
    records = [dict(image_id=i, bbox=list(bbox)) for i, bbox in corners]
    assert box_doubts(
        records, images,
        'd.json').startswith('2 of 4 boxes of d.json reach far beyond')
    for record in records:
        x1, y1, x2, y2 = record['bbox']
        record['bbox'] = [x1, y1, x2 - x1, y2 - y1]
    assert box_doubts(records, images, 'd.json') is None
    assert box_doubts([], images, 'd.json') is None
    shares = [dict(image_id=4, bbox=[.25, .5, .5, 1.])]
    assert box_doubts(shares, images, 'd.json') == (
        'no number in the boxes of d.json is above 1; they must be in pixels: '
        'are they shares of the image?')
    tiny = {4: dict(width=2, height=4)}
    assert box_doubts(shares, tiny, 'd.json') is None
    # A detector's box may reach a little beyond.
    assert box_doubts([dict(image_id=4, bbox=[-3, 2, 68, 41])], images,
                      'x') is None
