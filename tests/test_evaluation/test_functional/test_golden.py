# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The released protocol against values of the released system."""
import numpy as np
import pytest

from projects.qanet.evaluation.functional import ParsingEvaluator, Thresholds

CASES = ['1-0-0', '1-0.5-3', '1-1-0', '1-1-1', '1-0.5-3_nonms']


def make_evaluator(golden, case='1-0.5-3'):
    weights = [float(weight) for weight in case.split('_')[0].split('-')]
    return ParsingEvaluator(
        golden.ann_file,
        golden.data_root,
        golden.classes,
        quality_weights=weights,
        thresholds=Thresholds(nms_iou=None if case.endswith('nonms') else 0.6))


@pytest.mark.parametrize('case', CASES)
def test_metrics(golden, case):
    expected = golden.expected[case]
    values = make_evaluator(golden, case).evaluate(golden.records)
    found = dict(
        mIoU=expected['mIoU'],
        pixAcc=expected['PixelACC'],
        mAcc=expected['MeanACC'])
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
            values[key], 100 * value, rtol=0, atol=1e-7, err_msg=key)


def test_workers_and_order_of_images_change_nothing(golden):
    evaluator = make_evaluator(golden)
    alone = evaluator.evaluate(golden.records)
    assert evaluator.evaluate(golden.records, num_workers=2) == alone
    backwards = sorted(golden.records, key=lambda record: -record['image_id'])
    assert evaluator.evaluate(backwards) == alone
