# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.evaluation.functional import PersonScores, read_scores
from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError


def make_record(score=.5, bbox=.9, iou=.7, pixel=.4, part=.2):
    return dict(
        score=score,
        bbox_score=bbox,
        iou_score=iou,
        pixel_score=pixel,
        parts=[dict(label=2, score=.3, pixel_score=part)])


def test_scores_of_a_prediction():
    """What a person does not have may be undefined."""
    nan = np.nan
    scores = np.array([[nan, .5], [.6, .7], [.8, .9], [.1, .2]])
    parts = np.array([[.3, .4, .5], [nan, nan, .6]])
    instances = ParsingInstances(
        np.tile([0, 0, 4, 1.], (2, 1)), *scores, parts, parts, np.zeros(2), [
            np.array([[0, 1, 2, 3]], np.uint8),
            np.array([[0, 3, 3, 0]], np.uint8)
        ], np.zeros((2, 2)), (4, 1), 5)
    runs = instances.runs()
    found = PersonScores.from_instances(instances, runs, 'a.jpg')
    for values, expected in zip(
            found, ([1, .5], [.1, .2], [[.3, .4, .5], [0, 0, .6]])):
        assert values.dtype == np.float64
        np.testing.assert_allclose(values, expected, rtol=1e-6)
    for position, array, place in ((1, instances.part_scores, (1, 2)),
                                   (0, instances.scores, 0)):
        array[place] = nan
        with pytest.raises(
                InputError, match=f'person {position} of a.jpg: .* undefined'):
            PersonScores.from_instances(instances, runs, 'a.jpg')


def test_scores_of_records():
    scores = read_scores([make_record(), make_record(bbox=None)], 4)
    assert scores.boxes.tolist() == [.9, 1.]
    assert scores.persons.tolist() == [.5, .5]
    assert scores.parts.tolist() == [[0, .3, 0]] * 2
    fused = read_scores([make_record(iou=None)], 4, (1, 5, 1))
    assert fused.persons[0] == pytest.approx((.9 * .4)**(1 / 7))
    assert fused.parts[0].tolist() == [0, pytest.approx((.9 * .2)**(1 / 7)), 0]
    records = [make_record(), make_record(pixel=None, part=None)]
    assert read_scores(records, 4, (1, 0, 0)).persons[1] == pytest.approx(.9)
    with pytest.raises(InputError, match=r'here\[1\]: a pixel score is null'):
        read_scores(records, 4, (1, 0, 1), ['here[0]', 'here[1]'])
    with pytest.raises(InputError, match=r'records\[0\]: a score is null'):
        read_scores([make_record(score=None)], 4)
