# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import re
from base64 import b64encode
from html import unescape

import pytest

from projects.qanet.evaluation.analysis import (RECALLS, figures, pictures,
                                                report, study_quality)
from projects.qanet.evaluation.analysis.pictures import PictureBook
from projects.qanet.evaluation.analysis.report import (build_report,
                                                       study_document)
from projects.qanet.evaluation.analysis.study import Failure
from projects.qanet.utils.json_values import load_json, write_json

TITLES = ['box score', 'IoU score', 'pixel score', 'quality score']


def words(page):
    """The text of a page, with single blanks and without pictures."""
    return ' '.join(unescape(re.sub('<[^>]*>', ' ', page)).split())


def read_tables(page):
    """Texts of the cells, row by row; a star behind those that are marked."""
    page = re.sub('(<td class="best">[^<]*)', r'\1*', page)
    return [[[words(cell) for cell in re.split('</t[hd]>', row)[:-1]]
             for row in table.split('</tr>')[:-1]]
            for table in re.findall('<table>(.*?)</table>', page, re.S)]


@pytest.fixture
def drawn(monkeypatch):
    """Arguments of the plots, which are not drawn, by filling function."""
    found = {}

    def draw(size, shape, fill, *args, **layout):
        found.setdefault(fill, []).append(args)
        return fill.__name__.encode()

    for module in (report, pictures):
        monkeypatch.setattr(module, 'draw', draw)
    return found


def test_tables_plots_and_texts(by_hand, scene, drawn):
    book = PictureBook(scene.evaluator, scene.records)
    # The second class is nowhere, the last one is predicted, but never true.
    by_hand.confusion[:] = [[995, 0, 1], [0] * 3, [0] * 3]
    page = build_report(by_hand, book, 'A & B', 5, None, {'me & you': b'1'})
    classes, rankings = read_tables(page)
    assert classes == [
        ['class', 'parts', 'mean IoU', *TITLES, 'ECE'],
        # Ranks 2 1 3 of the IoUs against 1 2 3, 2 1 3, 1 2 and 2 1 3.
        ['a<b', '3', '0.43', '0.50', '1.00*', '-1.00', '1.00*', '0.03'],
        ['c', '1', '1.00', '-', '-', '-', '-', '0.60']
    ]
    assert rankings == [
        ['ranked by', 'APp', 'APp_50', 'APr', 'APr_50', 'APh', 'APh_50'],
        ['box score', '50.0', '25.0', '60.0*', '16.7', '-', '12.5*'],
        ['quality score', '51.0*', '26.0*', '59.0', '16.7', '-', '11.5']
    ]
    groups = dict(persons=by_hand.persons, parts=by_hand.parts)
    assert drawn[figures.fill_correlations] == [(groups, )]
    assert drawn[figures.fill_precisions] == [(by_hand.rankings, )]
    for args, samples in zip(drawn[figures.fill_reliability], groups.values()):
        assert args == (samples, 5)
    ((confusion, names), ) = drawn[figures.fill_confusion]
    assert confusion.tolist() == [[995, 1], [0, 0]] and names == ['none', 'c']
    for words_of_it in (
            '1 images, 3 predicted persons, 4 parts; quality scores as stored '
            'in the results file; protocol released.',
            'For persons the box score orders best: 1.00 (pixel score 1.00, '
            'IoU score -0.50). Constant or undefined: quality score.',
            'For parts the box score orders best: 0.80 (quality score 0.80, '
            'pixel score 0.50, IoU score -0.20).', 'each of 5 bins',
            'a box score below 0.25 are left out',
            'The photos of 1 of 1 images are not there', 'There are none.',
            'There is no person to show.', 'High-confidence masks'):
        assert words_of_it in words(page)
    assert '<h1>A &amp; B</h1>' in page
    assert '<figcaption>me &amp; you</figcaption>' in page
    assert not re.search('https?://|<link|<script|url\\(', page)
    for name, fill in (('Confusion matrix', 'confusion'),
                       ('AP over IoU thresholds', 'precisions')):
        data = b64encode(f'fill_{fill}'.encode()).decode()
        assert f'alt="{name}" src="data:image/jpeg;base64,{data}"' in page


def test_pictures_of_persons(scene, drawn):
    scene.save_photo()
    study = study_quality(scene.evaluator, scene.records)
    book = PictureBook(scene.evaluator, scene.records)
    page = build_report(study, book, 'A')
    text = words(page)
    assert 'a box score below' not in text and 'not there' not in text
    assert 'There are too few persons for a correlation.' in text
    assert text.count('Photo, prediction, truth.') == 2
    colour = ','.join(map(str, book.palette[1].tolist()))
    assert f'<i style="background:rgb({colour})"></i>a&lt;b</span>' in page
    iou = study.persons.true_ious[0]
    seen = f'image 7, person 1: quality 0.90, true IoU {iou:.2f}'
    missed = 'image 7, nobody found: quality -, true IoU 0.00'
    assert re.findall('<figcaption>(.*?)</figc',
                      page) == ['0007.jpg', seen, missed, seen]


def test_nobody_is_predicted(scene):
    study = study_quality(scene.evaluator, [])
    page = build_report(study, PictureBook(scene.evaluator, []), 'nothing')
    assert 'There is no predicted image.' in page
    assert page.count('data:image/png') > 3
    assert study.rankings['fused'].values['APp'] == 0


def test_document(by_hand, tmp_path):
    path = str(tmp_path / 'quality.json')
    study = by_hand._replace(worst=[Failure(7, -1, 2, 0., float('nan'))])
    write_json(path, study_document(study, num_bins=5))
    document = load_json(path)
    assert document['persons']['pixel'] == dict(
        count=3,
        spearman=pytest.approx(1),
        calibration_error=pytest.approx(0),
        mean_score=pytest.approx(.5),
        mean_iou=pytest.approx(.5),
        reliability=dict(
            edges=[0, .2, .4, .6, .8, 1],
            counts=[0, 1, 1, 0, 1],
            mean_scores=[None, .2, .4, None, .9],
            mean_ious=[None, .2, .4, None, .9]))
    assert document['parts']['box']['count'] == 4
    by_class = document['parts_by_class']['a<b']['fused']
    assert by_class['mean_score'] == pytest.approx(1.3 / 3)
    assert 'reliability' not in by_class
    assert document['average_precision']['fused']['APr_90'] == 30
    curves = document['precision_recall']
    assert curves['recall'] == RECALLS.tolist()
    assert curves['parts']['0.7']['fused'] == [pytest.approx(.5)] * 101
    assert document['confusion'] == dict(
        classes=['none', 'a<b', 'c'], pixels=by_hand.confusion.tolist())
    assert document['worst_found_persons'] == [
        dict(image_id=7, position=-1, parsing_id=2, true_iou=0, score=None)
    ]
