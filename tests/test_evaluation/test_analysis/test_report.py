# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from projects.qanet.evaluation.analysis import RECALLS, SCORE_NAMES, figures
from projects.qanet.evaluation.analysis import report as report_module
from projects.qanet.evaluation.analysis import score_agreements, study_quality
from projects.qanet.evaluation.analysis.pictures import PictureBook
from projects.qanet.evaluation.analysis.report import (build_report,
                                                       study_document)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import load_json, write_json

TITLES = ['box score', 'IoU score', 'pixel score', 'quality score']
CODE = """
import sys
from projects.qanet.evaluation.analysis import instances, report
heavy = {'torch', 'mmengine', 'mmcv', 'mmseg', 'mmdet', 'matplotlib.pyplot'}
assert not heavy & set(sys.modules)
"""


def read_tables(page):
    """Cells of the tables, row by row, and whether each is marked."""
    return [[[(unescape(text), 'class="best"' in how)
              for how, text in re.findall('<t[hd]([^>]*)>([^<]*)</t', row)]
             for row in table.split('</tr>')[:-1]]
            for table in re.findall('<table>(.*?)</table>', page, re.S)]


def words(page):
    """The text of a page, with single blanks and without pictures."""
    return ' '.join(unescape(re.sub('<[^>]*>', ' ', page)).split())


@pytest.fixture
def page(golden, evaluator, study):
    return build_report(study, PictureBook(evaluator, golden.records), 'A & B')


def test_cells_and_marks_of_the_tables(study, page):
    classes, rankings = read_tables(page)
    assert [text for text, _ in classes[0]
            ] == ['class', 'parts', 'mean IoU', *TITLES, 'ECE']
    present = np.unique(study.parts.labels)
    assert len(classes) == 1 + len(present) > 10
    for label, row in zip(present, classes[1:]):
        found = score_agreements(study.parts, label=label)
        values = [found[name].spearman for name in SCORE_NAMES]
        facts = [
            study.classes[label],
            str((study.parts.labels == label).sum()),
            f'{study.parts.true_ious[study.parts.labels == label].mean():.2f}'
        ]
        assert [text for text, _ in row] == facts + [
            '-' if np.isnan(value) else f'{value:.2f}'
            for value in [*values, found['fused'].calibration_error]
        ]
        defined = {value for value in values if value == value}
        assert [best for _, best in row[3:7]] == [
            len(defined) > 1 and value == max(defined) for value in values
        ]
        assert not any(best for _, best in row[:3] + row[7:])
    assert any(best for row in classes for _, best in row)
    keys = ['APp', 'APp_50', 'APr', 'APr_50', 'APh', 'APh_50']
    assert [text for text, _ in rankings[0]] == ['ranked by', *keys]
    assert [row[0] for row in rankings[1:]] == [(t, False) for t in TITLES]
    for k, key in enumerate(keys, 1):
        values = [study.rankings[name].values[key] for name in SCORE_NAMES]
        assert [row[k] for row in rankings[1:]
                ] == [(f'{value:.1f}', value == max(values) > min(values))
                      for value in values]


def test_texts_and_pictures(study, page):
    text = words(page)
    assert '<h1>A &amp; B</h1>' in page and 'a box score below' not in text
    assert (f'12 images, {len(study.persons)} predicted persons, '
            f'{len(study.parts)} parts; quality scores fused with the weights '
            '1, 0.5, 3; protocol released.') in text
    for name in ('persons', 'parts'):
        found = score_agreements(getattr(study, name))
        values = sorted([(agreement.spearman, title)
                         for agreement, title in zip(found.values(), TITLES)
                         ])[::-1]
        rest = ', '.join(f'{title} {value:.2f}' for value, title in values[1:])
        assert (f'For {name} the {values[0][1]} orders best: '
                f'{values[0][0]:.2f} ({rest}).') in text
    assert 'The photos of 12 of 12 images are not there' in text
    assert 'Prediction, truth.' in text and 'nobody found' in text
    item = study.overrated[0]
    assert (f'image {item.image_id}, person {item.position + 1}: quality '
            f'{item.score:.2f}, true IoU {item.true_iou:.2f}') in text
    # 6 plots, 4 persons with part scores, 2 galleries of 12; all embedded.
    sources = re.findall('src="([^"]{15})', page)
    assert sources == ['data:image/png;'] * 10 + ['data:image/jpeg'] * 24
    assert not re.search('https?://|<link|<script|url\\(', page)


def test_plots_show_what_they_say(study, evaluator, golden, monkeypatch):
    drawn = {}

    def draw(size, shape, fill, *args, **layout):
        drawn.setdefault(fill, []).append(args)
        return b''

    monkeypatch.setattr(report_module, 'draw', draw)
    build_report(study, PictureBook(evaluator, golden.records), 'a', 5)
    groups = dict(persons=study.persons, parts=study.parts)
    assert drawn[figures.fill_correlations][0][0].keys() == groups.keys()
    for (samples, num_bins), expected in zip(drawn[figures.fill_reliability],
                                             groups.values()):
        assert samples is expected and num_bins == 5
    (confusion, classes), = drawn[figures.fill_confusion]
    present = [study.classes.index(name) for name in classes]
    assert (confusion == study.confusion[present][:, present]).all()
    assert confusion.sum() == study.confusion.sum()


def test_report_of_one_photo(scene):
    scene.save_photo()
    study = study_quality(scene.evaluator, scene.records, box_score_thr=.75)
    book = PictureBook(scene.evaluator, scene.records)
    page = build_report(study, book, 'A')
    text = words(page)
    assert 'a box score below 0.75 are left out' in text
    assert 'There are too few persons for a correlation.' in text
    assert 'Photo, prediction, truth.' in text and 'not there' not in text
    assert '</i>a&lt;b</span>' in page
    colour = ','.join(map(str, book.palette[1].tolist()))
    assert f'<i style="background:rgb({colour})"></i>a&lt;b' in page
    assert page.count('data:image/jpeg') == 3  # one rated too high, two found
    with pytest.raises(InputError, match='image id 8'):
        build_report(study, book, 'A', figure1_ids=[8])


def test_report_without_any_prediction(scene):
    study = study_quality(scene.evaluator, [])
    page = build_report(study, PictureBook(scene.evaluator, []), 'nothing')
    text = words(page)
    for note in ('There is no predicted image.', 'There is no person to show.',
                 'There are none.', 'quality scores as stored'):
        assert note in text


def test_document(study, tmp_path):
    path = tmp_path / 'deep' / 'quality.json'
    write_json(str(path), study_document(study, num_bins=5))
    document = load_json(str(path))
    for name in ('persons', 'parts'):
        expected = score_agreements(getattr(study, name), 5)
        assert list(document[name]) == list(SCORE_NAMES)
        for score, found in document[name].items():
            assert found['spearman'] == expected[score].spearman
            bins = found['reliability']
            assert bins['counts'] == expected[score].reliability[
                'counts'].tolist()
            assert len(bins['edges']) == 6
            assert [mean is None for mean in bins['mean_ious']
                    ] == [count == 0 for count in bins['counts']]
    for label, found in enumerate(document['parts_by_class'].values(), 1):
        mine = study.parts.labels == label
        assert found['pixel']['count'] == mine.sum()
        assert 'reliability' not in found['pixel']
    curves = document['precision_recall']
    assert curves['recall'] == RECALLS.tolist()
    assert curves['parts']['0.7']['iou'] == (
        study.rankings['iou'].part_curves[.7].tolist())
    assert document['average_precision']['box'] == pytest.approx(
        study.rankings['box'].values, nan_ok=True)
    assert document['confusion']['pixels'] == study.confusion.tolist()
    missed = document['worst_found_persons'][0]
    assert missed['position'] == -1 and missed['score'] is None


def test_neither_torch_nor_pyplot_is_imported():
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, '-c', CODE], cwd=root, check=True)
