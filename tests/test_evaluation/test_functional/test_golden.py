# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The released protocol against values of the released system."""
import numpy as np
import pytest

from projects.qanet.evaluation.functional import ParsingEvaluator, Thresholds

CASES = ['1-0-0', '1-0.5-3', '1-1-0', '1-1-1', '1-0.5-3_nonms']


@pytest.mark.parametrize('case', CASES)
def test_metrics(golden, case):
    expected = golden.expected[case]
    evaluator = ParsingEvaluator(
        golden.ann_file,
        golden.data_root,
        golden.classes,
        quality_weights=[float(w) for w in case.split('_')[0].split('-')],
        thresholds=Thresholds(nms_iou=None if case.endswith('nonms') else 0.6))
    values = evaluator.evaluate(golden.records, num_workers=2)
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
