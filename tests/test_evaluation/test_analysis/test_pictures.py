# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from projects.qanet.evaluation.analysis import study_quality
from projects.qanet.evaluation.analysis.charts import part_palette
from projects.qanet.evaluation.analysis.html_report import Report
from projects.qanet.evaluation.analysis.pictures import (PictureBook, overlay,
                                                         triptych)
from projects.qanet.evaluation.analysis.portraits import choose_persons
from projects.qanet.evaluation.analysis.quality_report import build_report
from projects.qanet.evaluation.functional import ParsingEvaluator

HEIGHT, WIDTH = 60, 90


def person_map(x, y):
    """A person of two parts, 24 wide and 44 high."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[y:y + 12, x + 1:x + 23] = 1
    labels[y + 12:y + 44, x:x + 24] = 2
    return labels


@pytest.fixture
def scene(scenes, tmp_path):
    """Two annotated persons, of whom the first is found, shifted."""
    first, second = person_map(10, 8), person_map(60, 10)
    humans = (first > 0) + 2 * (second > 0)
    image = scenes.make_image(7, first + second, humans)
    ann_file, root = scenes.write_dataset(tmp_path, [image])
    persons = scenes.make_persons(7, [person_map(13, 8)], [.9], 3)
    evaluator = ParsingEvaluator(ann_file, root, ['none', 'a<b', 'c'])
    return evaluator, persons.to_records()


def save_photo(evaluator, size):
    path = evaluator.image_path(7)
    rows = np.arange(size[1])[:, None] * np.ones((1, size[0]))
    photo = np.stack([rows, rows + 100, rows * 0], axis=-1).astype(np.uint8)
    folder = path.rsplit('/', 1)[0]
    assert folder.endswith('Validation/Images')
    os.makedirs(folder)
    Image.fromarray(photo).save(path, format='PNG')
    return photo


def test_portrait_is_the_window_of_both(scene):
    evaluator, records = scene
    photo = save_photo(evaluator, (WIDTH, HEIGHT))
    portrait = PictureBook(evaluator, records).portrait(7, 0, 1, margin=0)
    # Columns 10..36 and rows 8..51 hold both, plus 4 pixels around.
    window = np.s_[4:56, 6:41]
    assert (portrait.found == person_map(13, 8)[window]).all()
    assert (portrait.truth == person_map(10, 8)[window]).all()
    assert (portrait.photo == photo[window]).all() and portrait.has_photo
    alone = PictureBook(evaluator, records).portrait(7, -1, 2, margin=0)
    assert not alone.found.any()
    assert (alone.truth == person_map(60, 10)[6:58, 56:88]).all()


def test_photos_that_are_missing_or_wrong(scene):
    evaluator, records = scene
    book = PictureBook(evaluator, records)
    assert book.missing_photos() == 1
    portrait = book.portrait(7, 0, 1)
    assert not portrait.has_photo and (portrait.photo == 150).all()
    save_photo(evaluator, (HEIGHT, WIDTH))
    assert book.missing_photos() == 0
    with pytest.raises(ValueError, match=r'0007.jpg .* \(90, 60\)'):
        book.portrait(7, 0, 1)


def test_overlay_leaves_the_background_and_ignored_pixels():
    photo = np.full((2, 2, 3), 100, np.uint8)
    labels = np.array([[0, 1], [255, 2]])
    palette = np.array([[0] * 3, [200, 0, 50], [0, 250, 0]], np.uint8)
    drawn = overlay(photo, labels, palette, .5)
    assert drawn.tolist() == [[[100] * 3, [150, 50, 75]],
                              [[100] * 3, [50, 175, 50]]]
    assert (photo == 100).all()


def test_triptych_keeps_the_proportions(scene):
    evaluator, records = scene
    save_photo(evaluator, (WIDTH, HEIGHT))
    book = PictureBook(evaluator, records)
    portrait = book.portrait(7, 0, 1)
    picture = Image.open(
        BytesIO(triptych(portrait, book.palette, height=104, max_width=999)))
    height, width = portrait.found.shape
    panel = round(width * 104 / height)
    assert picture.size == (3 * panel + 8, 104)
    picture = Image.open(
        BytesIO(triptych(portrait, book.palette, height=104, max_width=60)))
    assert picture.width <= 60 + 8 + 3


def test_palette_has_no_two_alike():
    palette = part_palette(59).astype(int)
    assert palette[0].tolist() == [0, 0, 0]
    distance = np.abs(palette[:, None] - palette).max(-1) + 999 * np.eye(59)
    assert distance.min() >= 12
    assert distance[:20, :20].min() >= 30


def test_persons_for_figure_1(scene):
    evaluator, records = scene
    study = study_quality(evaluator, records)
    person, = choose_persons(study)
    assert (person.image_id, person.position, person.parsing_id) == (7, 0, 1)
    assert person.labels.tolist() == [1, 2]
    # Shifted by 3: 19 of 25 and 21 of 27 columns.
    assert person.part_ious == pytest.approx([19 / 25, 21 / 27])
    assert [choose_persons(study, image_ids=ids) for ids in ([], [8])] == [[],
                                                                           []]


def test_report_with_photos(scene, tmp_path):
    evaluator, records = scene
    save_photo(evaluator, (WIDTH, HEIGHT))
    study = study_quality(evaluator, records)
    assert study.worst[0].parsing_id == 2 and study.worst[0].position == -1
    path = tmp_path / 'report.html'
    report = build_report(study, PictureBook(evaluator, records), 'A & B')
    report.write(str(path))
    html = path.read_text()
    assert 'a box score below' not in html
    assert '<h1>A &amp; B</h1>' in html and 'a&lt;b' in html
    assert 'Photo, prediction, truth.' in html
    assert 'are not there' not in html
    assert html.count('data:image/jpeg') == 3  # one rated too high, two found


def test_report_without_any_prediction(scene):
    evaluator, _ = scene
    study = study_quality(evaluator, [])
    report = build_report(study, PictureBook(evaluator, []), 'nothing')
    assert isinstance(report, Report)


def test_report_says_who_is_left_out(scene, tmp_path):
    evaluator, records = scene
    study = study_quality(evaluator, records, box_score_thr=.75)
    path = tmp_path / 'report.html'
    build_report(study, PictureBook(evaluator, records), 'A').write(str(path))
    assert 'a box score below 0.75 are left out' in path.read_text()
