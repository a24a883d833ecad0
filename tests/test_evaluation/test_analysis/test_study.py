# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The study of whole data sets, against counting by hand and the metrics."""
import copy
import json

import numpy as np
import pytest

from projects.qanet.evaluation.analysis import (RECALLS, SCORE_NAMES,
                                                QualitySamples, study_document,
                                                study_quality, write_document)
from projects.qanet.evaluation.functional import ParsingEvaluator
from projects.qanet.utils.fusion import quality_score

WEIGHTS = (1, .5, 3)


@pytest.fixture(scope='module')
def evaluator(golden):
    return ParsingEvaluator(
        golden.ann_file,
        golden.data_root,
        golden.classes,
        quality_weights=WEIGHTS)


@pytest.fixture(scope='module')
def study(golden, evaluator):
    return study_quality(evaluator, golden.records)


def read_truth(golden, evaluator, image_id):
    from PIL import Image
    stem = evaluator.images[image_id].file_name.rsplit('.')[0]
    return [
        np.asarray(Image.open(f'{golden.data_root}/{name}/{stem}.png'))
        for name in ('Category_ids', 'Human_ids')
    ]


def naive_iou(mine, theirs, label):
    union = ((mine == label) | (theirs == label)).sum()
    both = ((mine == label) & (theirs == label)).sum()
    return both / union if union else np.nan


def test_samples_against_counting_pixels(golden, evaluator, study):
    part = 0
    row = 0
    for image_id, persons in golden.persons.items():
        categories, humans = read_truth(golden, evaluator, image_id)
        ids = [i for i in np.unique(humans) if i > 0]
        maps = [np.where(humans == i, categories, 0) for i in ids]
        for k in range(len(persons)):
            mine = persons.part_map(k)
            tables = [[naive_iou(mine, theirs, c) for c in range(20)]
                      for theirs in maps]
            means = [np.nanmean(table) for table in tables]
            best = int(np.argmax(means)) if means else -1
            assert study.persons.image_ids[row] == image_id
            assert study.persons.positions[row] == k
            assert study.persons.true_ious[row] == pytest.approx(
                means[best] if means else 0)
            assert study.persons.truths[row] == (ids[best] if means else -1)
            assert study.persons.scores[row, :3] == pytest.approx([
                persons.bbox_scores[k], persons.iou_scores[k],
                persons.pixel_scores[k]
            ])
            for label in np.unique(mine[mine > 0]):
                assert study.parts.labels[part] == label
                assert study.parts.positions[part] == k
                assert study.parts.true_ious[part] == pytest.approx(
                    tables[best][label] if means else 0)
                assert study.parts.scores[part, 2] == pytest.approx(
                    persons.part_pixel_scores[k, label - 1])
                part += 1
            row += 1
    assert (len(study.persons), len(study.parts)) == (row, part)
    assert part > 100
    scores = study.parts.scores
    fused = quality_score(*scores[:, :3].T, WEIGHTS)
    assert scores[:, 3] == pytest.approx(fused)


def test_rankings_are_the_metrics(golden, evaluator, study):
    weights = dict(
        box=(1, 0, 0), iou=(0, 1, 0), pixel=(0, 0, 1), fused=WEIGHTS)
    assert set(study.rankings) == set(SCORE_NAMES)
    for name, ranking in study.rankings.items():
        values = ParsingEvaluator(
            golden.ann_file,
            golden.data_root,
            golden.classes,
            quality_weights=weights[name]).evaluate(golden.records)
        for key in ('APp', 'APp_70', 'APr_50', 'APh'):
            assert ranking.values[key] == values[key], key
        # The curve is sampled at 101 recalls.
        assert 100 * ranking.person_curves[.5].mean() == pytest.approx(
            values['APp_50'], abs=2)
    confusion = study.confusion
    ious = np.diag(confusion) / (
        confusion.sum(0) + confusion.sum(1) - np.diag(confusion) + 1e-10)
    assert 100 * ious.mean() == pytest.approx(values['mIoU'])


def test_part_curves_are_the_metrics_when_strict(golden):
    """Where a truth is found once, the area is AP^r."""
    evaluator = ParsingEvaluator(
        golden.ann_file, golden.data_root, golden.classes, protocol='strict')
    study = study_quality(evaluator, golden.records)
    values = evaluator.evaluate(golden.records)
    curve = study.rankings['fused'].part_curves[.5]
    assert 100 * curve.mean() == pytest.approx(values['APr_50'], abs=2)
    assert (np.diff(curve) <= 1e-12).all() and len(curve) == len(RECALLS)


def test_galleries(golden, evaluator, study):
    surplus = [item.score - item.true_iou for item in study.overrated]
    assert len(surplus) == 12 and surplus == sorted(surplus)[::-1]
    kept = study.persons[study.kept]
    assert surplus[0] == (kept.scores[:, 3] - kept.true_ious).max()
    missed = [item for item in study.worst if item.position < 0]
    assert [item.true_iou for item in missed] == [0.] * len(missed)
    assert missed and np.isnan(missed[0].score)
    ious = [item.true_iou for item in study.worst]
    assert ious == sorted(ious)


@pytest.mark.parametrize('protocol', ['released', 'strict'])
def test_images_without_predictions_are_missed(golden, protocol):
    evaluator = ParsingEvaluator(
        golden.ann_file, golden.data_root, golden.classes, protocol=protocol)
    image_id = golden.records[0]['image_id']
    records = [
        record for record in golden.records if record['image_id'] != image_id
    ]
    study = study_quality(evaluator, records, num_failures=1000)
    _, humans = read_truth(golden, evaluator, image_id)
    large = {
        person.parsing_id
        for person in evaluator.images[image_id].persons
        if (humans == person.parsing_id).sum() > 2000
    }
    missed = {
        item.parsing_id: item
        for item in study.worst if item.image_id == image_id
    }
    assert large and large <= set(missed)
    assert all(item.position == -1 and item.true_iou == 0
               for item in missed.values())


def test_document(study, tmp_path):
    path = tmp_path / 'deep' / 'quality.json'
    write_document(str(path), study_document(study, num_bins=5))
    document = json.loads(path.read_text())
    assert set(document['persons']) == set(SCORE_NAMES)
    persons = document['persons']['iou']
    assert persons['count'] == len(study.persons) == sum(
        persons['reliability']['counts'])
    assert len(persons['reliability']['edges']) == 6
    for agreements in document['parts_by_class'].values():
        assert set(agreements) == set(SCORE_NAMES)
    counts = [
        agreements['pixel']['count']
        for agreements in document['parts_by_class'].values()
    ]
    assert sum(counts) == len(study.parts)
    assert set(document['precision_recall']['persons']) == {'0.5', '0.7'}
    assert document['confusion']['pixels'] == study.confusion.tolist()


def test_undefined_scores(golden):
    """Without pixel scores the others still rank."""
    records = copy.deepcopy(golden.records)
    records[3]['pixel_score'] = None
    evaluator = ParsingEvaluator(golden.ann_file, golden.data_root,
                                 golden.classes)
    study = study_quality(evaluator, records)
    assert set(study.rankings) == {'box', 'iou', 'fused'}
    document = study_document(study)
    assert document['persons']['pixel']['count'] == len(records) - 1
    assert document['persons']['box']['count'] == len(records)


def test_doubtful_boxes_are_no_samples(golden, evaluator, study):
    chosen = study_quality(evaluator, golden.records, box_score_thr=.5)
    boxes = study.persons.scores[:, 0]
    assert 0 < (boxes < .5).sum() < len(boxes)
    assert (chosen.persons.true_ious == study.persons.true_ious[boxes >= .5]
            ).all()
    assert (chosen.kept == study.kept[boxes >= .5]).all()
    assert len(chosen.parts) == (study.parts.scores[:, 0] >= .5).sum()
    for name, ranking in chosen.rankings.items():
        assert ranking.values == study.rankings[name].values
    np.testing.assert_equal(chosen.worst, study.worst)


def test_no_records(golden, evaluator):
    study = study_quality(evaluator, [])
    assert len(study.persons) == len(study.parts) == 0
    document = study_document(study)
    assert document['persons']['box']['spearman'] is None
    assert document['average_precision']['fused']['APp'] == 0
    assert len(QualitySamples.join([])) == 0


def test_errors(golden, evaluator):
    record = dict(golden.records[0], image_id=5)
    with pytest.raises(ValueError, match=r'mine\[0\]: the image id 5'):
        study_quality(evaluator, [record], source='mine')
    with pytest.raises(ValueError, match='all metrics'):
        study_quality(
            ParsingEvaluator(
                golden.ann_file,
                golden.data_root,
                golden.classes,
                metrics=['APp']), [])
