# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import contextlib
import io

import numpy as np
import pytest
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from projects.qanet.evaluation.analysis.instance_quality import (MaskRanking,
                                                                 correlate,
                                                                 make_scorings)
from projects.qanet.utils.errors import InputError

SIZE = (20, 30)  # h, w


def code(left, right, top=4, bottom=14):
    """Run-length code of a rectangle."""
    mask = np.zeros(SIZE, np.uint8, order='F')
    mask[top:bottom, left:right] = 1
    rle = mask_utils.encode(mask)
    return dict(size=list(SIZE), counts=rle['counts'].decode())


def make_truth(annotations, num_images=2, num_categories=2):
    truth = COCO()
    truth.dataset = dict(
        images=[
            dict(id=10 + k, width=SIZE[1], height=SIZE[0])
            for k in range(num_images)
        ],
        categories=[
            dict(id=1 + k, name=str(k)) for k in range(num_categories)
        ],
        annotations=[
            dict(
                id=k + 1,
                image_id=image,
                category_id=category,
                segmentation=rle,
                bbox=mask_utils.toBbox(rle).tolist(),
                area=int(mask_utils.area(rle)),
                iscrowd=crowd)
            for k, (image, category, rle, crowd) in enumerate(annotations)
        ])
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
    return truth


def record(image, category, rle):
    return dict(image_id=image, category_id=category, segmentation=rle)


@pytest.fixture
def toy():
    """One instance in each of two images, found once well, once badly.

    True IoUs: 10 of 10 columns, 6 of 10, and a false alarm.
    """
    truth = make_truth([(10, 1, code(5, 15), 0), (11, 1, code(5, 15), 0)])
    records = [
        record(10, 1, code(5, 11)),
        record(11, 1, code(5, 15)),
        record(11, 1, code(20, 28))
    ]
    return truth, records


def test_true_ious(toy):
    assert MaskRanking(*toy).true_ious.tolist() == [.6, 1., 0.]


def test_other_class_and_crowd_are_no_match():
    truth = make_truth([(10, 1, code(5, 15), 0), (10, 2, code(18, 28), 0),
                        (10, 2, code(0, 10), 1)])
    records = [
        record(10, 2, code(5, 15)),
        record(10, 2, code(0, 10)),
        record(10, 2, code(18, 23)),
        record(11, 1, code(5, 15))
    ]
    assert MaskRanking(truth, records).true_ious.tolist() == [0, 0, .5, 0]


def test_order_of_masks_decides_on_ap(toy):
    ranking = MaskRanking(*toy)
    # False alarm last: precision 1 up to recall 1 at IoU .5, .55 and .6; up
    # to recall .5 (51 of 101 points) above, where the bad mask is wrong. It
    # stands first or second.
    good = ranking.average_precision(np.array([.8, .9, .1]))
    assert good['AP50'] == pytest.approx(100)
    assert good['AP75'] == pytest.approx(100 * 51 / 101)
    assert good['AP'] == pytest.approx(100 * (3 + 7 * 51 / 101) / 10)
    bad = ranking.average_precision(np.array([.9, .8, .1]))
    assert bad['AP50'] == pytest.approx(100)
    assert bad['AP75'] == pytest.approx(100 * .5 * 51 / 101)
    assert bad['AP'] == pytest.approx(100 * (3 + 7 * .5 * 51 / 101) / 10)
    # The false alarm first: precision 2/3 at recall 1 and 1/2 before.
    alarm = ranking.average_precision(np.array([.5, .6, .9]))
    assert alarm['AP50'] == pytest.approx(100 * 2 / 3)


def test_the_same_as_plain_pycocotools():
    rng = np.random.default_rng(0)
    annotations, records = [], []
    for _ in range(24):
        left, width = int(rng.integers(0, 15)), int(rng.integers(4, 14))
        image, category = int(rng.integers(10, 13)), int(rng.integers(1, 3))
        annotations.append(
            (image, category, code(left,
                                   left + width), int(rng.random() < .15)))
        for _ in range(2):
            shift = int(rng.integers(0, 4))
            records.append(
                record(image, category, code(left + shift,
                                             left + shift + width)))
    truth = make_truth(annotations, 3)
    scores = rng.random(len(records)).round(1)  # with ties
    ours = MaskRanking(truth, records).average_precision(scores)
    with contextlib.redirect_stdout(io.StringIO()):
        results = truth.loadRes([
            dict(item, score=float(score))
            for item, score in zip(records, scores)
        ])
        plain = COCOeval(truth, results, 'segm')
        plain.evaluate()
        plain.accumulate()
        plain.summarize()
    assert 1 < ours['AP'] < 99
    assert [ours[k] for k in ('AP', 'AP50', 'AP75')] == \
        pytest.approx(100 * plain.stats[:3])


def test_records_keep_their_own_scores(toy):
    truth, records = toy
    records = [dict(item, score=.3, bbox=[0, 0, 1, 1]) for item in records]
    before = [dict(item) for item in records]
    MaskRanking(truth, records).average_precision(np.array([.8, .9, .1]))
    assert records == before


@pytest.mark.parametrize('change, named', [
    (dict(image_id=99), 'image_id 99'),
    (dict(category_id=7), 'category_id 7'),
])
def test_foreign_results_are_named(toy, change, named):
    truth, records = toy
    with pytest.raises(InputError, match=named):
        MaskRanking(truth, [dict(records[0], **change)])


def test_nothing_and_wrong_scores_are_refused(toy):
    with pytest.raises(InputError, match='no result'):
        MaskRanking(toy[0], [])
    ranking = MaskRanking(*toy)
    for scores in ([.1, .2], [.1, .2, np.nan]):
        with pytest.raises(InputError, match='3 results'):
            ranking.average_precision(np.array(scores))


def test_scorings_of_mask_rcnn():
    box, ious = np.array([.81, .25]), np.array([.36, 1.])
    pixels = dict(stability=np.array([.49, .64]))
    found = make_scorings(box, pixels, ious, (1., 3.))
    assert list(found) == [
        'own score', 'stability (1, 0, 1)', 'stability (1, 0, 3)', 'true IoU'
    ]
    assert found['own score'] == pytest.approx([.81, .25])
    assert found['stability (1, 0, 1)'] == pytest.approx([.63, .4])
    assert found['stability (1, 0, 3)'] == pytest.approx([(.81 * .49**3)**.25,
                                                          (.25 * .64**3)**.25])
    assert found['true IoU'] == pytest.approx([.54, .5])


def test_solo_owns_its_maskness():
    found = make_scorings(
        np.array([.8]), dict(mean=np.array([.5]), maskness=np.array([.9])),
        np.array([1.]))
    assert list(found) == [
        'own score', 'box score only', 'mean (1, 0, 1)', 'true IoU'
    ]
    assert found['own score'] == pytest.approx([.72])
    assert found['box score only'] == pytest.approx([.8])


def test_correlations_over_all_and_over_hits():
    ious = np.array([0., .2, .5, .7, .9])
    scores = np.array([.9, .1, .2, .4, .3])
    found = correlate(scores, ious)
    # Ranks of the scores: 5 1 2 4 3 against 1 2 3 4 5: sum of d^2 is 22.
    assert found['spearman'] == pytest.approx(1 - 6 * 22 / (5 * 24))
    assert found['pearson'] == pytest.approx(np.corrcoef(scores, ious)[0, 1])
    assert found['spearman_hits'] == pytest.approx(.5)
    assert found['pearson_hits'] == pytest.approx(.5)


def test_correlations_without_order_are_nan():
    found = correlate(np.array([.5, .5]), np.array([.6, .1]))
    assert all(np.isnan(value) for value in found.values())
