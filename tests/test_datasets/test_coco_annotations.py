# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import pytest

from projects.qanet.datasets.coco_annotations import (box_doubts, box_problem,
                                                      load_detections)
from projects.qanet.utils.errors import InputError

BOX = dict(image_id=1, category_id=1, bbox=[1, 2, 3, 4], score=1)


@pytest.mark.parametrize('document,pattern', [
    (dict(images=[]), 'is it an annotation file'),
    (['x'], r'\[0\] must be an object'),
    ([dict(image_id=1, category_id=1, bbox=[1, 2, 3, 4])
      ], r"\[0\] lacks the key 'score'"),
    ([dict(BOX, bbox=[1, 2])], r'\[0\] has bbox'),
    ([BOX, dict(BOX, score='1')], r"d.json\[1\] has score '1'"),
    ([dict(BOX, score=float('nan'))], r'\[0\] has score nan'),
    ([dict(BOX, bbox=[1, 2, 10**400, 4])], r'\[0\] has bbox \[1, 2, 1000'),
    ([dict(BOX, image_id=[1])], r'\[0\] has image_id \[1\], which is not in'),
    ([], 'd.json is an empty list'),
])
def test_malformed_detections(document, pattern, tmp_path):
    path = tmp_path / 'd.json'
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=pattern):
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


CORNERS = [(10, 5, 40, 36), (30, 2, 50, 20), (9, 9, 11, 11), (5, 6, 9, 20)]


@pytest.mark.parametrize('bboxes, size, doubt', [
    (CORNERS, (60, 40), '1 of 4 boxes of d.json reach far beyond their '),
    (CORNERS + CORNERS[:1], (60, 40), None),
    ([], (60, 40), None),
    ([(.2, .5, .5, 1.)], (60, 40), 'no number in the boxes of d.json is ab'),
    ([(.2, .5, .5, 1.)], (2, 4), None),
])
def test_boxes_that_are_corners_or_shares(bboxes, size, doubt):
    images = {4: dict(width=size[0], height=size[1])}
    records = [dict(image_id=4, bbox=list(bbox)) for bbox in bboxes]
    found = box_doubts(records, images, 'd.json')
    assert found is None if doubt is None else found.startswith(doubt)
