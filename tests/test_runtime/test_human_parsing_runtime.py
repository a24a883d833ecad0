# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.runtime import HumanParsingRuntime
from projects.qanet.utils.errors import InputError


@pytest.fixture(scope='module')
def parse(onnx_file):
    return HumanParsingRuntime(onnx_file[0], num_threads=1)


def test_boxes_of_the_caller(parse, image):
    """Without scores they count 1; no box is nobody."""
    boxes = [[10, 5, 50, 100], [60, 12, 95, 105]]
    found = parse(image, boxes, 4)
    assert found.bbox_scores.tolist() == [1, 1] and found.image_id == 4
    assert found.bboxes.tolist() == boxes
    scored = parse(image, [[*box, .25] for box in boxes])
    np.testing.assert_allclose(scored.bbox_scores, .25)
    np.testing.assert_array_equal(scored.pixel_scores, found.pixel_scores)
    assert (scored.scores < found.scores).all()
    for nobody in ([], np.zeros((0, 4))):
        assert len(parse(image, nobody)) == 0


def test_weights(onnx_file, image, parse):
    """The file's, or the caller's."""
    assert parse.quality_weights == (1, .5, 2)
    assert parse.pixel_score_thr == .2 and len(parse.classes) == 20
    other = HumanParsingRuntime(onnx_file[0], quality_weights=(0, 1, 0))
    found = other(image, [[10, 5, 50, 100]])
    np.testing.assert_allclose(found.scores, found.iou_scores, rtol=1e-6)


@pytest.mark.parametrize('arguments, text', [
    ([None], 'the image must be an array, BGR, .H, W, 3., uint8, not None'),
    ([np.zeros((9, 9), np.uint8)], r'uint8, not \(9, 9\)'),
    ([np.zeros((9, 9, 3))], 'the image must be'),
    ([np.zeros((9, 9, 3), np.uint8)], 'it is not known where the persons'),
    ([np.zeros((9, 9, 3), np.uint8), [1, 2, 3, 4]], r'not \(4,\)'),
    ([np.zeros((9, 9, 3), np.uint8), [[5, 2, 3, 4]]], 'must be x1 < x2'),
])
def test_refused_calls(parse, arguments, text):
    with pytest.raises(InputError, match=text):
        parse(*arguments)


def test_refused_settings(onnx_file, detector_file):
    with pytest.raises(InputError, match='quality weights must be three'):
        HumanParsingRuntime(onnx_file[0], quality_weights=(1, 0))
    with pytest.raises(InputError, match='bbox_thr must be a finite number'):
        HumanParsingRuntime(onnx_file[0], bbox_thr=float('nan'))
    with pytest.raises(
            InputError,
            match='no entry human-parsing-network, '
            r'only \[person-detector\]'):
        HumanParsingRuntime(detector_file[0])
