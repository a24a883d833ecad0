# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest

from projects.qanet.datasets.coco_annotations import (box_problem,
                                                      load_detections,
                                                      xywh_to_xyxy)


@pytest.mark.parametrize('document,pattern', [
    (dict(images=[]), 'is it an annotation file'),
    (['x'], r'\[0\] must be an object'),
    ([dict(image_id=1, category_id=1, bbox=[1, 2, 3, 4])
      ], r"\[0\] lacks the key 'score'"),
    ([dict(image_id=1, category_id=1, bbox=[1, 2], score=1)
      ], r'\[0\] has bbox'),
    ([dict(image_id=1, category_id=1, bbox=[1, 2, 3, 4], score='1')
      ], r"\[0\] has score '1'"),
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
