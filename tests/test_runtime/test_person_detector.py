# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The exported detector finds what mmdet's finds."""
import json

import cv2
import numpy as np
import pytest

from projects.qanet.detection.person_detector import \
    PersonDetector as TorchDetector
from projects.qanet.runtime.person_detector import (DOCUMENT, PersonDetector,
                                                    suppress)
from projects.qanet.runtime.session import Session
from projects.qanet.utils.errors import InputError


@pytest.fixture(scope='module')
def detectors(detector_files, detector_file):
    return (TorchDetector(*detector_files, bbox_thr=.2),
            PersonDetector(Session(detector_file[0])))


@pytest.fixture
def rewrite_detector(detector_file, tmp_path):

    def write(**changes):
        import onnx
        proto = onnx.load(detector_file[0])
        entry, = [e for e in proto.metadata_props if e.key == DOCUMENT]
        entry.value = json.dumps(dict(json.loads(entry.value), **changes))
        path = str(tmp_path / 'changed.onnx')
        onnx.save(proto, path)
        return path

    return write


CHANGES = {
    'as it is': lambda image: image,
    'portrait': lambda image: image.transpose(1, 0, 2),
    'square': lambda image: image[:200, :200],
    'large': lambda image: cv2.resize(image, (1531, 702)),
    'small': lambda image: cv2.resize(image, (31, 17)),
    'very thin': lambda image: image[:3],
    'very narrow': lambda image: image[:, 100:103],
}


@pytest.mark.parametrize('name', CHANGES)
def test_same_boxes(detectors, large_image, name):
    changed = np.ascontiguousarray(CHANGES[name](large_image))
    expected = detectors[0]([changed], .2)[0]
    found = detectors[1](changed, .2)
    assert found.dtype == np.float32 and found.shape == expected.shape
    assert len(expected) > (0 if 'very' in name else 5)
    # Equal scores may stand in either order.
    size = max(changed.shape)
    np.testing.assert_allclose(found[:, 4], expected[:, 4], atol=1e-4)
    np.testing.assert_allclose(
        found[:, :4], expected[:, :4], atol=max(1e-2, 1e-4 * size))


def test_nobody(detectors, large_image):
    assert detectors[1](large_image, 1.1).shape == (0, 5)


def naive_suppress(boxes, scores, thr):
    kept = []
    for k in sorted(range(len(boxes)), key=lambda k: -scores[k]):
        for other in kept:
            x1, y1 = np.maximum(boxes[k, :2], boxes[other, :2])
            x2, y2 = np.minimum(boxes[k, 2:], boxes[other, 2:])
            shared = max(0, x2 - x1) * max(0, y2 - y1)
            areas = sum(
                (boxes[i, 2] - boxes[i, 0]) * (boxes[i, 3] - boxes[i, 1])
                for i in (k, other))
            if shared / (areas - shared) > thr:
                break
        else:
            kept.append(k)
    return kept


@pytest.mark.parametrize('thr', [.1, .3, .7])
def test_suppress(thr):
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 60, (80, 2))
    boxes = np.hstack([corners, corners + rng.uniform(5, 40, (80, 2))])
    scores = rng.uniform(0, 1, 80).round(1)  # with ties
    found = suppress(boxes, scores, thr).tolist()
    assert found == naive_suppress(boxes, scores, thr)
    assert 1 < len(found) < 80
    assert suppress(boxes[:0], scores[:0], thr).tolist() == []


def test_settings(rewrite_detector, large_image, detectors):
    """What the document says: labels, most boxes, scores, double boxes."""
    everybody = detectors[1](large_image, 0)
    assert len(everybody) > 20

    def find(**changes):
        session = Session(rewrite_detector(**changes))
        return PersonDetector(session)(large_image, 0)

    assert len(find(cat_ids=[1])) == 0
    np.testing.assert_array_equal(find(max_per_img=7), everybody[:7])
    assert find(iou_thr=.01)[:, 4].sum() < everybody[:, 4].sum()
    assert 0 < len(find(nms_pre=3)) <= 9  # of three levels
    assert len(find(score_thr=1)) == 0
    large = find(min_bbox_size=60)
    assert len(large) and (large[:, 2:4] - large[:, :2]).min() > 20
    assert not np.array_equal(find(bgr_to_rgb=False), everybody)


def test_refused(rewrite_detector, onnx_file, large_image):
    with pytest.raises(InputError, match='std must be a list of numbers'):
        PersonDetector(Session(rewrite_detector(std='one')))
    with pytest.raises(InputError, match='no entry person-detector, only .hu'):
        PersonDetector(Session(onnx_file[0]))
    detector = PersonDetector(Session(rewrite_detector(mean=[1e39] * 3)))
    with pytest.raises(InputError, match='changed.onnx gives.*not finite'):
        detector(large_image, .2)


def test_other_networks(onnx_file, tmp_path, detector_file):
    import onnx
    proto = onnx.load(onnx_file[0])
    onnx.helper.set_model_props(
        proto, {
            entry.key: entry.value
            for entry in onnx.load(detector_file[0]).metadata_props
        })
    onnx.save(proto, str(tmp_path / 'other.onnx'))
    with pytest.raises(InputError, match='other.onnx holds no detector'):
        PersonDetector(Session(str(tmp_path / 'other.onnx')))
