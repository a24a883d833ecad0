# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.evaluation.functional import (average_precision,
                                                  fuse_quality, fuse_records,
                                                  read_scores)


def make_record(score=.5, bbox=.9, iou=.7, pixel=.4, part=.2):
    parts = [dict(label=2, score=.3, pixel_score=part)]
    return dict(
        score=score,
        bbox_score=bbox,
        iou_score=iou,
        pixel_score=pixel,
        parts=parts)


def test_fusion_is_the_weighted_geometric_mean():
    boxes, ious = np.array([.9, .5]), np.array([.7, 2.])
    pixels = np.array([[.4, .1, 0.], [.3, .2, 1.]])
    fused = fuse_quality(boxes, ious, pixels, (1, .5, 3))
    expected = (boxes[:, None] * np.minimum(ious, 1)[:, None]**.5 *
                pixels**3)**(1 / 4.5)
    np.testing.assert_allclose(fused, expected, rtol=1e-6)
    persons = fuse_quality(boxes, -ious, pixels[:, 0], (1, .5, 3))
    assert persons.tolist() == [0, 0]
    # float32 values that compare as Python floats.
    assert fused.dtype == np.float64
    np.testing.assert_array_equal(fused, fused.astype(np.float32))


@pytest.mark.parametrize('weights', [(0, 0, 0), (1, -1, 1), (1, 1),
                                     (1, 1, float('nan'))])
def test_wrong_weights(weights):
    with pytest.raises(ValueError, match='three numbers >= 0'):
        fuse_quality(np.ones(1), np.ones(1), np.ones(1), weights)


def test_stored_scores():
    scores = read_scores([make_record(), make_record(bbox=None)], 4)
    assert scores.boxes.tolist() == [.9, 1.]
    assert scores.persons.tolist() == [.5, .5]
    assert scores.parts.tolist() == [[0, .3, 0]] * 2


def test_undefined_ingredients():
    records = [make_record(iou=None)]
    fused = read_scores(records, 4, (1, 5, 1))
    assert fused.persons[0] == pytest.approx((.9 * .4)**(1 / 7))
    records = [make_record(), make_record(pixel=None, part=None)]
    assert read_scores(records, 4, (1, 0, 0)).persons[1] == pytest.approx(.9)
    with pytest.raises(ValueError, match=r'here\[1\]: a pixel score is null'):
        read_scores(records, 4, (1, 0, 1), ['here[0]', 'here[1]'])
    with pytest.raises(ValueError, match=r'records\[0\]: a score is null'):
        read_scores([make_record(score=None)], 4)


def test_fuse_records():
    records = [make_record()]
    fuse_records(records, 4, (1, 0, 1))
    assert records[0]['score'] == pytest.approx(.6)
    assert records[0]['parts'][0]['score'] == pytest.approx(.18**.5)
    stored, fused = read_scores(records, 4), read_scores(records, 4, (1, 0, 1))
    for one, other in zip(stored, fused):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize('is_true, num_truths, expected', [
    ([1, 0, 1], 2, .5 + .5 * 2 / 3),
    ([0, 1, 1], 4, .5 * 2 / 3),
    ([0, 0], 1, 0.),
    ([], 3, 0.),
    ([1, 1, 1], 2, 1.5),
])
def test_average_precision(is_true, num_truths, expected):
    found = average_precision(np.array(is_true, bool), num_truths)
    assert found == pytest.approx(expected)
