# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The study of whole data sets, against the metrics."""
import copy

import numpy as np
import pytest

from projects.qanet.evaluation.analysis import SCORE_NAMES, study_quality
from projects.qanet.evaluation.analysis.study import precision_at_recalls


def test_curve_by_hand():
    is_true = np.array([True, False, True, True, False])
    # Recalls .25 .25 .5 .75 .75, precisions 1 1/2 2/3 3/4 3/5; the envelope
    # looks ahead: 3/4 is reached later than 2/3.
    curve = precision_at_recalls(is_true, 4)
    assert curve[[0, 25, 30, 75, 76, 100]].tolist() == [1, 1, .75, .75, 0, 0]
    assert precision_at_recalls(np.zeros(0, bool), 3).tolist() == [0] * 101


def test_rankings_are_the_metrics(golden, make_evaluator, study):
    weights = dict(
        box=(1, 0, 0), iou=(0, 1, 0), pixel=(0, 0, 1), fused=(1, .5, 3))
    assert set(study.rankings) == set(SCORE_NAMES)
    for name, ranking in study.rankings.items():
        values = make_evaluator(quality_weights=weights[name]).evaluate(
            golden.records)
        for key in ('APp', 'APp_70', 'APr_50', 'APh'):
            assert ranking.values[key] == values[key], key
        # The curve is sampled at 101 recalls.
        for threshold in (.5, .7):
            area = 100 * ranking.person_curves[threshold].mean()
            assert area == pytest.approx(
                values[f'APp_{100 * threshold:.0f}'], abs=2)
    hits, totals = np.diag(study.confusion), study.confusion.sum(axis=1)
    unions = totals + study.confusion.sum(axis=0) - hits
    assert 100 * (hits / (unions + 1e-10)).mean() == pytest.approx(
        values['mIoU'])
    # Rows are true classes.
    assert 100 * hits[5] / totals[5] == pytest.approx(values['Acc.class5'])


def test_galleries(study):
    kept = study.persons[study.kept]
    surplus = np.sort(kept.scores[:, 3] - kept.true_ious)[::-1]
    # Neither whose score is below the true IoU, nor who is suppressed.
    assert [item.score - item.true_iou
            for item in study.overrated] == surplus[surplus > 0].tolist()
    assert 0 < (surplus > 0).sum() < len(surplus)
    ious = [item.true_iou for item in study.worst]
    assert ious == sorted(ious)
    found = {
        (person.image_ids, person.positions): person.scores[3]
        for person in kept
    }
    for item in study.worst:
        if item.position >= 0:
            assert item.score == found[item.image_id, item.position]
        else:
            assert item.true_iou == 0 and np.isnan(item.score)


@pytest.mark.parametrize('protocol', ['released', 'strict'])
def test_images_without_predictions_are_missed(golden, make_evaluator, study,
                                               protocol):
    evaluator = make_evaluator(protocol=protocol)
    image_id = golden.records[0]['image_id']
    records = [
        record for record in golden.records if record['image_id'] != image_id
    ]
    other = study_quality(evaluator, records, num_failures=1000)
    missed, everybody = (
        sorted(item for item in one.worst if item.image_id == image_id)
        for one in (other, study))
    assert missed and [m[2] for m in missed] == sorted(item.parsing_id
                                                       for item in everybody)
    assert all(item[1::2] == (-1, 0) for item in missed)
    values, ranking = evaluator.evaluate(records), other.rankings['fused']
    for key, value in ranking.values.items():
        assert value == pytest.approx(values[key], nan_ok=True), key
    if protocol == 'strict':  # a truth is found once, so the area is AP^r
        area = 100 * ranking.part_curves[.5].mean()
        assert area == pytest.approx(values['APr_50'], abs=2)


def test_undefined_scores(golden, make_evaluator):
    """Without pixel scores the others still rank."""
    records = copy.deepcopy(golden.records)
    records[3]['pixel_score'] = None
    study = study_quality(make_evaluator(), records)
    assert list(study.rankings) == ['box', 'iou', 'fused']
    assert np.isnan(study.persons.scores).sum() == 1
    study = study_quality(make_evaluator(quality_weights=(1, 1, 1)), records)
    assert list(study.rankings) == ['box', 'iou']


def test_doubtful_boxes_are_no_samples(golden, evaluator, study):
    chosen = study_quality(
        evaluator, golden.records, num_failures=3, box_score_thr=.5)
    there = study.persons.scores[:, 0] >= .5
    assert 0 < there.sum() < len(there)
    assert (chosen.persons == study.persons[there]).all()
    assert (chosen.kept == study.kept[there]).all()
    assert len(chosen.parts) == (study.parts.scores[:, 0] >= .5).sum()
    for name, ranking in chosen.rankings.items():
        assert ranking.values == study.rankings[name].values
    np.testing.assert_equal(chosen.worst, study.worst[:3])
    assert len(chosen.overrated) == 3
