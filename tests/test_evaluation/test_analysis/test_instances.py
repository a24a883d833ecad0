# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import contextlib
import io

import numpy as np
import pytest
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO

from projects.qanet.evaluation.analysis.instances import (MaskRanking,
                                                          aggregate,
                                                          evaluate_run,
                                                          format_study)
from projects.qanet.utils.errors import InputError


def record(image, category, left, right, **fields):
    """A rectangle of ten rows in 30 x 20 pixels, as a result."""
    mask = np.zeros((20, 30), np.uint8, order='F')
    mask[4:14, left:right] = 1
    rle = mask_utils.encode(mask)
    rle['counts'] = rle['counts'].decode()
    return dict(
        image_id=image, category_id=category, segmentation=rle, **fields)


def make_truth(*annotations):
    """Two classes in two images; annotations are results, some crowds."""
    truth = COCO()
    truth.dataset = dict(
        images=[dict(id=10 + k, width=30, height=20) for k in range(2)],
        categories=[dict(id=1 + k, name=str(k)) for k in range(2)],
        annotations=[
            dict(dict(iscrowd=0), **item, id=k, area=1)
            for k, item in enumerate(annotations, 1)
        ])
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
    return truth


BOXES = [(10, 5, 11), (11, 5, 15), (11, 20, 28)]


@pytest.fixture
def toy():
    """Two instances: one found badly (IoU .6), one well; a false alarm."""
    truth = make_truth(record(10, 1, 5, 15), record(11, 1, 5, 15))
    return truth, [
        record(image, 1, left, right, score=.3) for image, left, right in BOXES
    ]


def test_true_ious_and_order_of_masks(toy):
    records = [dict(item) for item in toy[1]]
    ranking = MaskRanking(*toy)
    assert ranking.true_ious.tolist() == [.6, 1., 0.]
    # False alarm last: precision 1 up to recall 1 at IoU .5, .55 and .6; up
    # to recall .5 (51 of 101 points) above, where the bad mask is wrong. It
    # stands second, then first. At last the false alarm is first: precision
    # 2/3 at recall 1 and 1/2 before.
    half = 100 * 51 / 101
    for scores, expected in (([.8, .9, .1], [30 + .7 * half, 100, half]),
                             ([.9, .8, .1], [30 + .35 * half, 100, half / 2]),
                             ([.5, .6,
                               .9], [20 + .35 * half, 200 / 3, half / 2])):
        found = ranking.average_precision(np.array(scores))
        assert list(found.values()) == pytest.approx(expected)
    assert toy[1] == records  # keep their own scores


def test_other_class_and_crowd_are_no_match():
    truth = make_truth(
        record(10, 1, 5, 15), record(10, 2, 18, 28),
        record(10, 2, 0, 10, iscrowd=1))
    boxes = ((10, 2, 5, 15), (10, 2, 0, 10), (10, 2, 18, 23), (11, 1, 5, 15))
    ranking = MaskRanking(truth, [record(*box) for box in boxes])
    assert ranking.true_ious.tolist() == [0, 0, .5, 0]


@pytest.mark.parametrize('change, named', [
    (None, 'no result'),
    (dict(image_id=99), 'image_id 99'),
    (dict(category_id=7), 'category_id 7'),
    ({}, '1 results need as many scores'),
])
def test_what_does_not_fit_is_named(toy, change, named):
    truth, records = toy
    records = [] if change is None else [dict(records[0], **change)]
    with pytest.raises(InputError, match=named):
        evaluate_run(truth, records, np.array([np.nan]), {})


def test_scorings_gains_and_correlations(toy):
    """Of SOLO, whose own score has the maskness in it."""
    box, pixels = np.array([.81, .49, .25]), np.array([.25, .81, .64])
    ious, maskness = np.array([.6, 1, 0]), np.array([.5, .6, .9])
    run = evaluate_run(*toy, box, dict(mean=pixels, maskness=maskness),
                       (1., 3.))
    assert (run['count'], run['hits']) == (3, 2)
    scorings = {
        'own score': box * maskness,
        'box score only': box,
        'mean (1, 0, 1)': (box * pixels)**.5,
        'mean (1, 0, 3)': (box * pixels**3)**.25,
        'true IoU': (box * ious)**.5
    }
    assert list(run['AP']) == ['own score', *run['gain']] == list(scorings)
    ranking = MaskRanking(*toy)
    own = ranking.average_precision(scorings['own score'])
    for name, scores in scorings.items():
        expected = ranking.average_precision(scores)
        assert run['AP'][name] == pytest.approx(expected)
        for key, gain in run['gain'].get(name, {}).items():
            assert gain == pytest.approx(expected[key] - own[key])
    assert run['gain']['mean (1, 0, 3)']['AP75'] > 20
    correlated = {
        'own score': (box * maskness, .5),
        'box score only': (box, .5),
        'pixel score, mean': (pixels, .5),
        'pixel score, maskness': (maskness, -.5),
        'QAM, mean (1, 0, 1)': (scorings['mean (1, 0, 1)'], 1)
    }
    assert run['correlation'] == {
        name:
        dict(
            spearman=pytest.approx(spearman),
            pearson=pytest.approx(np.corrcoef(scores, ious)[0, 1]),
            spearman_hits=pytest.approx(np.sign(scores[1] - scores[0])),
            pearson_hits=pytest.approx(np.sign(scores[1] - scores[0])))
        for name, (scores, spearman) in correlated.items()
    }


def test_tables(toy):
    runs = [
        evaluate_run(*toy, np.array(box), dict(mean=np.array([.1, .9, .2])))
        for box in ([.9, .8, .1], [.8, .9, .1])
    ]
    text = format_study({'net': aggregate(runs)})
    assert '## net' in text and '2 runs, 3 masks each' in text
    rows = [[cell.strip() for cell in line.strip('|').split('|')]
            for line in text.splitlines() if line.startswith('|')]
    head = ['masks ranked by', 'AP', 'gain', 'AP50', 'gain', 'AP75', 'gain']
    own = ['56.51 ± 12.50', '', '100.00 ± 0.00', '', '37.87 ± 17.85', '']
    assert rows[0] == head and rows[2] == ['own score', *own]
    assert rows[3][0] == 'mean (1, 0, 1)'
    assert rows[3][5:] == ['50.50 ± 0.00', '+12.62 ± 17.85']
    assert rows[5][1:] == [
        'Spearman', 'Pearson', 'Spearman, hits', 'Pearson, hits'
    ]
    assert rows[7][0::3] == ['own score', '0.000 ± 1.414']
    # Of one run there is no deviation, of equal scores no correlation.
    run = evaluate_run(*toy, np.full(3, .5), {})
    single = format_study({'net': aggregate([run])}).split('\n\n', 2)[2]
    assert '±' not in single and single.split().count('-') == 4
