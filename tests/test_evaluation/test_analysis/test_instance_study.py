# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import contextlib
import io

import numpy as np
import pytest
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO

from projects.qanet.evaluation.analysis.instance_study import (aggregate,
                                                               evaluate_run,
                                                               format_study)


def code(columns):
    mask = np.zeros((8, 12), np.uint8, order='F')
    mask[:, :columns] = 1
    rle = mask_utils.encode(mask)
    return dict(size=[8, 12], counts=rle['counts'].decode())


@pytest.fixture(scope='module')
def run():
    """A bad mask with a good box score, and the other way round."""
    truth = COCO()
    truth.dataset = dict(
        images=[dict(id=k, width=12, height=8) for k in (1, 2)],
        categories=[dict(id=1, name='thing')],
        annotations=[
            dict(
                id=k,
                image_id=k,
                category_id=1,
                segmentation=code(10),
                bbox=[0, 0, 10, 8],
                area=80,
                iscrowd=0) for k in (1, 2)
        ])
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
    records = [
        dict(image_id=1, category_id=1, segmentation=code(6)),
        dict(image_id=2, category_id=1, segmentation=code(10))
    ]
    return evaluate_run(truth, records, np.array([.9, .8]),
                        dict(stability=np.array([.5, .9])))


def test_qam_mends_the_order(run):
    assert (run['count'], run['hits']) == (2, 2)
    assert list(run['AP']) == ['own score', 'stability (1, 0, 1)', 'true IoU']
    assert run['AP']['own score']['AP75'] == pytest.approx(2550 / 101)
    for name in ('stability (1, 0, 1)', 'true IoU'):
        assert run['AP'][name]['AP75'] == pytest.approx(5100 / 101)
        assert run['gain'][name]['AP75'] == pytest.approx(2550 / 101)
        assert run['gain'][name]['AP50'] == pytest.approx(0)
        assert run['gain'][name]['AP'] == pytest.approx(.7 * 2550 / 101)
    assert 'own score' not in run['gain']


def test_correlations_of_each_score(run):
    figures = {k: v['spearman'] for k, v in run['correlation'].items()}
    assert figures == pytest.approx({
        'own score': -1,
        'pixel score, stability': 1,
        'QAM, stability (1, 0, 1)': 1
    })


def test_aggregate_gives_mean_and_sample_deviation():
    found = aggregate([dict(a=dict(b=value), n=3) for value in (1, 2, 6)])
    assert found['a']['b']['mean'] == pytest.approx(3)
    assert found['a']['b']['std'] == pytest.approx(7**.5)
    assert found['a']['b']['values'] == [1, 2, 6]
    assert found['n']['std'] == 0
    assert np.isnan(aggregate([dict(a=1.)])['a']['std'])


def test_tables(run):
    text = format_study({'net': aggregate([run, run])})
    assert '## net' in text and '2 runs, 2 masks each' in text
    rows = [[cell.strip() for cell in line.strip('|').split('|')]
            for line in text.splitlines() if line.startswith('|')]
    assert rows[0] == ['masks ranked by'] + ['AP', 'gain', 'AP50', 'gain'
                                             ] + ['AP75', 'gain']
    assert rows[2] == [
        'own score', '47.67 ± 0.00', '', '100.00 ± 0.00', '', '25.25 ± 0.00',
        ''
    ]
    assert rows[3][0] == 'stability (1, 0, 1)'
    assert rows[3][5:] == ['50.50 ± 0.00', '+25.25 ± 0.00']
    assert rows[5][0] == 'correlation with the true IoU'
    assert rows[7] == ['own score'] + ['-1.000 ± 0.000'] * 4


def test_tables_of_one_run_have_no_deviation(run):
    text = format_study({'net': aggregate([run])})
    assert '±' not in text.split('|', 1)[1]
