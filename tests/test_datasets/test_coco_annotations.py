# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest

from projects.qanet.datasets.coco_annotations import (box_problem,
                                                      load_detections,
                                                      load_json, load_persons,
                                                      xywh_to_xyxy)

IMAGE = dict(id=1, file_name='a.jpg', width=30, height=20)
PERSON = dict(id=5, image_id=1, bbox=[1, 2, 3, 4], category_id=1)


def without(record, key):
    return {name: value for name, value in record.items() if name != key}


@pytest.mark.parametrize('document,pattern', [
    ([], "lacks the key 'images'"),
    (dict(annotations=[]), "lacks the key 'images'"),
    (dict(images=[]), 'lists no images'),
    (dict(images={}), 'images must be a list, got dict'),
    (dict(images=[IMAGE, 3]), r'images\[1\] must be an object'),
    (dict(images=[without(IMAGE, 'width')]),
     r"images\[0\] lacks the key 'width'"),
    (dict(images=[IMAGE, IMAGE]), 'several images with the same id'),
    (dict(images=[IMAGE], annotations=[PERSON, without(
        PERSON, 'bbox')]), r"annotations\[1\] lacks the key 'bbox'"),
    (dict(images=[IMAGE], annotations=[dict(
        PERSON, image_id=2)]), 'annotation 5 belongs to image_id 2'),
    (dict(images=[IMAGE], annotations=[dict(
        PERSON, bbox=[1, 2, 3])]), r'annotation 5 has bbox \[1, 2, 3\]'),
    (dict(images=[IMAGE], annotations=[dict(PERSON, bbox=[1, 2, '3', 4])
                                       ]), 'annotation 5 has bbox'),
])
def test_malformed_annotations(document, pattern, tmp_path):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(document))
    with pytest.raises(ValueError, match=pattern) as error:
        load_persons(str(path))
    assert str(path) in str(error.value)


def test_annotations_may_be_absent(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(dict(images=[IMAGE])))
    assert load_persons(str(path)) == dict(images=[IMAGE], annotations=[])


def test_a_folder_is_no_annotation_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='is a folder'):
        load_json(str(tmp_path))


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
