# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The released protocol against values of the released system."""
import numpy as np
import pytest

from projects.qanet.evaluation.functional import (ParsingEvaluator, Thresholds,
                                                  get_protocol, read_scores)
from projects.qanet.evaluation.functional.painting import (number_parts,
                                                           paint_persons)
from projects.qanet.evaluation.functional.segments import (draw_segments,
                                                           paint_categories)

CASES = ['1-0-0', '1-0.5-3', '1-1-0', '1-1-1', '1-0.5-3_nonms']
EXACT = dict(rtol=0, atol=1e-7)  # points, that is percent


def weights_of(case):
    return [float(weight) for weight in case.split('_')[0].split('-')]


def nms_of(case):
    return None if case.endswith('nonms') else 0.6


def make_evaluator(golden, case, **kwargs):
    return ParsingEvaluator(
        golden.ann_file,
        golden.data_root,
        golden.classes,
        quality_weights=weights_of(case),
        thresholds=Thresholds(nms_iou=nms_of(case)),
        **kwargs)


@pytest.mark.parametrize('case', CASES)
def test_metrics(golden, case):
    expected = golden.expected[case]
    values = make_evaluator(golden, case).evaluate(golden.records)
    pixel = [values[key] for key in ('mIoU', 'pixAcc', 'mAcc')]
    pixel += [values[f'IoU.{name}'] for name in golden.classes]
    np.testing.assert_allclose(
        pixel, 100 * np.array([
            expected['mIoU'], expected['PixelACC'], expected['MeanACC'],
            *expected['IoU']
        ]), **EXACT)
    for key in ('APp', 'PCP', 'APr', 'APh'):
        for threshold, value in expected[key].items():
            found = values[f'{key}_{round(100 * float(threshold))}']
            np.testing.assert_allclose(found, 100 * value, **EXACT)
    for key in ('APp', 'APr', 'APh'):
        np.testing.assert_allclose(values[key], 100 * expected[f'm{key}'],
                                   **EXACT)
    for label, precisions in expected['APr_per_class'].items():
        np.testing.assert_allclose(values[f'APr.{golden.classes[int(label)]}'],
                                   100 * np.mean(precisions), **EXACT)


@pytest.mark.parametrize('case', CASES)
def test_scores_and_kept_persons(golden, case):
    evaluator = make_evaluator(golden, case)
    for image_id, records, _ in evaluator.group(golden.records):
        expected = golden.expected[case]
        scores = read_scores(records, 20, weights_of(case))
        np.testing.assert_allclose(
            scores.persons,
            expected['instance_scores'][str(image_id)],
            rtol=2e-7)
        kept = np.arange(len(records))
        if nms_of(case) is not None:
            overlaps = evaluator.measure(image_id,
                                         evaluator.decode(image_id, records))
            kept = np.flatnonzero(
                get_protocol('released').suppress(scores.persons,
                                                  overlaps.ious, 0.6))
        assert kept.tolist() == sorted(expected['kept'][str(image_id)])


def test_painted_maps(golden):
    """Pixel areas of the maps that the released system wrote."""
    evaluator = make_evaluator(golden, '1-0.5-3')
    suppress = get_protocol('released').suppress
    for image_id, records, _ in evaluator.group(golden.records):
        overlaps = evaluator.measure(image_id,
                                     evaluator.decode(image_id, records))
        scores = read_scores(records, 20, (1, .5, 3))
        segments = overlaps.segments
        painted = paint_categories(segments, scores.boxes, 0.3)
        dump = golden.dump[f'global_parsing/{image_id}']
        np.testing.assert_array_equal(
            draw_segments(segments, painted, dump.shape[::-1]), dump)
        kept = suppress(scores.persons, overlaps.ious, 0.6)
        kept &= scores.persons >= 0.01
        painting = paint_persons(segments, scores.persons, kept)
        codes = np.where(painting.owners >= 0,
                         painting.owners * 20 + painting.labels, -1)
        found = sorted((scores.parts[code // 20, code % 20 - 1],
                        segments.lengths[codes == code].sum())
                       for code in np.unique(codes[codes >= 0]))
        dump = golden.dump[f'instance_parsing/{image_id}']
        rows = golden.dump[f'instance_parsing/{image_id}/txt']
        expected = sorted(
            (score, (dump == i).sum()) for i, (_, score) in enumerate(rows, 1))
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_covered_parts_take_no_number(golden):
    """In the released system's dumps, where some parts are fully covered."""
    evaluator = make_evaluator(golden, '1-0.5-3')
    covered = {}
    for image_id, records, _ in evaluator.group(golden.records):
        kept = golden.expected['1-0.5-3']['kept'][str(image_id)]
        scores = read_scores(records, 20, (1, .5, 3))
        segments = evaluator.measure(image_id,
                                     evaluator.decode(image_id,
                                                      records)).segments
        painted = [i for i in kept if scores.persons[i] >= .01]
        painting = paint_persons(segments, scores.persons,
                                 np.isin(np.arange(len(records)), painted))
        numbers, persons, labels = number_parts(painting, scores.persons)
        dump = golden.dump[f'instance_parsing/{image_id}']
        np.testing.assert_array_equal(
            draw_segments(segments, numbers, dump.shape[::-1]), dump)
        rows = golden.dump[f'instance_parsing/{image_id}/txt']
        assert labels.tolist() == rows[:, 0].tolist()
        np.testing.assert_allclose(
            scores.parts[persons, labels - 1], rows[:, 1], rtol=1e-6)
        all_parts = sum(len(records[i]['parts']) for i in painted)
        if all_parts > len(rows):
            covered[image_id] = all_parts - len(rows)
    assert covered == {1020: 1, 1156: 1, 1190: 3}


def test_worker_processes_change_nothing(golden):
    evaluator = make_evaluator(golden, '1-0.5-3')
    alone = evaluator.evaluate(golden.records)
    assert evaluator.evaluate(golden.records, num_workers=2) == alone


def test_order_of_images_changes_nothing(golden):
    evaluator = make_evaluator(golden, '1-0.5-3')
    backwards = sorted(golden.records, key=lambda record: -record['image_id'])
    assert evaluator.evaluate(backwards) == evaluator.evaluate(golden.records)
