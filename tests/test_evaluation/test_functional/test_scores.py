# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.evaluation.functional import PersonScores, read_scores
from projects.qanet.structures import (ParsingInstances, read_results,
                                       write_results)
from projects.qanet.utils.errors import InputError


def make_record(score=.5, bbox=.9, iou=.7, pixel=.4, part=.2):
    parts = [dict(label=2, score=.3, pixel_score=part)]
    return dict(
        score=score,
        bbox_score=bbox,
        iou_score=iou,
        pixel_score=pixel,
        parts=parts)


def make_instances(num_persons, seed=0, num_classes=4):
    """Persons with all parts, scores drawn at random."""
    rng = np.random.default_rng(seed)
    part_map = np.arange(num_classes, dtype=np.uint8)[None]
    scores = rng.random((4, num_persons)).astype(np.float32)
    parts = rng.random((2, num_persons, num_classes - 1)).astype(np.float32)
    return ParsingInstances(
        np.tile([0, 0, num_classes, 1.], (num_persons, 1)), *scores, *parts,
        np.zeros(num_persons), [part_map] * num_persons,
        np.zeros((num_persons, 2)), (num_classes, 1), 5)


@pytest.mark.parametrize('weights', [(1, 1, 1), (1, .5, 3), (0, 2.5, .5),
                                     (.1, .2, .3)])
def test_online_and_offline_fusion_are_one(weights, tmp_path):
    """800 scores, by a results file and straight, equal to the bit."""
    instances = make_instances(200)
    fused = instances.fuse(weights)
    online = PersonScores.from_instances(fused, fused.runs(), 'x')
    path = str(tmp_path / 'results.json')
    write_results(path, instances.to_records(), ['a', 'b', 'c', 'd'],
                  (1, 1, 1), .2)
    _, records = read_results(path)
    offline = read_scores(records, 4, weights)
    again = read_scores(fused.to_records(), 4)
    for one, other, third in zip(online, offline, again):
        assert one.dtype == other.dtype == np.float64
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, third)
    # Not merely equal: fused, in float32.
    product = np.prod(
        np.stack([
            instances.bbox_scores, instances.iou_scores, instances.pixel_scores
        ])**np.array(weights)[:, None],
        axis=0)**(1 / sum(weights))
    np.testing.assert_allclose(online.persons, product, rtol=1e-5)
    np.testing.assert_array_equal(online.parts,
                                  online.parts.astype(np.float32))


def test_scores_of_a_prediction():
    instances = make_instances(2)
    instances.bbox_scores[0] = np.nan
    instances.part_maps[1] = np.array([[0, 3, 3, 0]], np.uint8)
    # What a person does not have may be undefined.
    instances.part_scores[1, :2] = np.nan
    runs = instances.runs()
    scores = PersonScores.from_instances(instances, runs, 'a.jpg')
    assert scores.boxes.tolist() == [1., float(instances.bbox_scores[1])]
    assert scores.persons.tolist() == instances.scores.tolist()
    assert scores.parts.tolist() == [
        instances.part_scores[0].tolist(),
        [0, 0, float(instances.part_scores[1, 2])]
    ]
    instances.part_scores[1, 2] = np.nan
    with pytest.raises(InputError, match='person 1 of a.jpg: .* undefined'):
        PersonScores.from_instances(instances, runs, 'a.jpg')
    instances.scores[0] = np.nan
    with pytest.raises(InputError, match='person 0 of a.jpg: .* undefined'):
        PersonScores.from_instances(instances, runs, 'a.jpg')


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
