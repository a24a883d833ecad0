# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The released protocol against values of the released system."""
import numpy as np
import pytest

from projects.qanet.evaluation.functional import (ParsingEvaluator, Thresholds,
                                                  get_protocol, read_scores)

CASES = ['1-0-0', '1-0.5-3', '1-1-0', '1-1-1', '1-0.5-3_nonms']
EXACT = dict(rtol=0, atol=1e-7)  # points, that is percent


def weights_of(case):
    return [float(weight) for weight in case.split('_')[0].split('-')]


def make_evaluator(golden, case='1-0.5-3'):
    return ParsingEvaluator(
        golden.ann_file,
        golden.data_root,
        golden.classes,
        quality_weights=weights_of(case),
        thresholds=Thresholds(nms_iou=None if case.endswith('nonms') else 0.6))


def measured_images(golden, case='1-0.5-3'):
    """Id, scores, overlaps and the persons that were kept, by image."""
    evaluator = make_evaluator(golden, case)
    for image_id, records, _ in evaluator.group(golden.records):
        overlaps = evaluator.measure(image_id,
                                     evaluator.decode(image_id, records))
        kept = golden.expected[case]['kept'][str(image_id)]
        yield (image_id, read_scores(records, 20,
                                     weights_of(case)), overlaps, sorted(kept))


@pytest.mark.parametrize('case', CASES)
def test_metrics(golden, case):
    expected = golden.expected[case]
    values = make_evaluator(golden, case).evaluate(golden.records)
    found = {
        'mIoU': expected['mIoU'],
        'pixAcc': expected['PixelACC'],
        'mAcc': expected['MeanACC']
    }
    for name, iou in zip(golden.classes, expected['IoU']):
        found[f'IoU.{name}'] = iou
    for key in ('APp', 'PCP', 'APr', 'APh'):
        for threshold, value in expected[key].items():
            found[f'{key}_{round(100 * float(threshold))}'] = value
    for key in ('APp', 'APr', 'APh'):
        found[key] = expected[f'm{key}']
    for label, precisions in expected['APr_per_class'].items():
        found[f'APr.{golden.classes[int(label)]}'] = np.mean(precisions)
    for key, value in found.items():
        np.testing.assert_allclose(
            values[key], 100 * value, **EXACT, err_msg=key)


@pytest.mark.parametrize('case', CASES)
def test_scores_and_kept_persons(golden, case):
    for image_id, scores, overlaps, expected in measured_images(golden, case):
        np.testing.assert_allclose(
            scores.persons,
            golden.expected[case]['instance_scores'][str(image_id)],
            rtol=2e-7)
        kept = np.arange(len(scores.persons))
        if not case.endswith('nonms'):
            suppress = get_protocol('released').suppress
            kept = np.flatnonzero(suppress(scores.persons, overlaps.ious, 0.6))
        assert kept.tolist() == expected


def test_workers_and_order_of_images_change_nothing(golden):
    evaluator = make_evaluator(golden)
    alone = evaluator.evaluate(golden.records)
    assert evaluator.evaluate(golden.records, num_workers=2) == alone
    backwards = sorted(golden.records, key=lambda record: -record['image_id'])
    assert evaluator.evaluate(backwards) == alone
