# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from projects.qanet.evaluation.analysis import pictures, study_quality
from projects.qanet.evaluation.analysis.pictures import (PictureBook,
                                                         choose_persons)
from projects.qanet.utils.blending import blend_parts
from projects.qanet.utils.errors import InputError


def test_portrait_is_the_window_of_both(scene):
    photo = scene.save_photo()
    book = PictureBook(scene.evaluator, scene.records)
    portrait = book.portrait(7, 0, 1, margin=0)
    # Columns 10..36 and rows 8..51 hold both, plus 4 pixels around.
    window = np.s_[4:56, 6:41]
    assert (portrait.found == scene.person_map(13, 8)[window]).all()
    assert (portrait.truth == scene.person_map(10, 8)[window]).all()
    assert (portrait.photo == photo[window]).all() and portrait.has_photo
    alone = book.portrait(7, -1, 2, margin=0)
    assert not alone.found.any()
    assert (alone.truth == scene.person_map(60, 10)[6:58, 56:88]).all()
    # Photo, prediction, truth, 4 pixels between; lower if too wide.
    for limit, size in ((999, (3 * 70 + 8, 104)), (60, (3 * 20 + 8, 30))):
        data = pictures.triptych(portrait, book.palette, 104, limit)
        with Image.open(BytesIO(data)) as picture:
            assert (picture.format, picture.size) == ('JPEG', size)


def test_photos_that_are_missing_or_wrong(scene):
    book = PictureBook(scene.evaluator, scene.records)
    portrait = book.portrait(7, 0, 1)
    assert not portrait.has_photo and (portrait.photo == 150).all()
    height, width = portrait.found.shape
    data = pictures.triptych(portrait, book.palette, height)
    with Image.open(BytesIO(data)) as picture:
        shown = np.array(picture, int)
    assert shown.shape == (height, 2 * width + 4, 3)
    for start, labels in ((0, portrait.found), (width + 4, portrait.truth)):
        expected = blend_parts(portrait.photo, labels, book.palette, .6)
        assert abs(shown[:, start:start + width] - expected).mean() < 5
    scene.save_photo(60, 90)
    with pytest.raises(InputError, match=r'0007.jpg .* \(90, 60\)'):
        book.portrait(7, 0, 1)


def test_persons_of_figure_1(scene, study, monkeypatch):
    one = study_quality(scene.evaluator, scene.records)
    person, = choose_persons(one)
    assert (person.image_ids, person.positions, person.truths) == (7, 0, 1)
    assert not len(choose_persons(one, image_ids=[8]))
    monkeypatch.setattr(pictures, 'draw',
                        lambda size, shape, fill, *args, **kwargs: args)
    book = PictureBook(scene.evaluator, scene.records)
    _, found, parts, *_ = pictures.plot_part_scores(one, person, book)
    assert found == person and parts.labels.tolist() == [1, 2]
    # Shifted by 3: 19 of 25 and 21 of 27 columns.
    assert parts.true_ious == pytest.approx([19 / 25, 21 / 27])

    def rank(row):
        person = study.persons[row]
        mine = study.parts[(study.parts.image_ids == person.image_ids)
                           & (study.parts.positions == person.positions)]
        return -(mine.true_ious > 0).sum(), -person.scores[3]

    rows = np.flatnonzero(study.kept & (study.persons.truths >= 0)
                          & (study.persons.scores[:, 0] >= .3))
    best = {}
    for row in sorted(rows, key=rank):
        best.setdefault(study.persons.image_ids[row], row)
    for count in (3, 99):
        rows = list(best.values())[:count]
        assert (choose_persons(study, count) == study.persons[rows]).all()


def test_confidence_shows_the_window(monkeypatch):
    monkeypatch.setattr(pictures, 'draw', lambda *args: args)
    photo = np.arange(30 * 50 * 3).reshape(30, 50, 3).astype(np.uint8)
    labels = np.zeros((4, 3), np.uint8)
    labels[:2] = 1
    probs = np.full((4, 3), .5, np.float32)
    person = SimpleNamespace(max_probs=probs, part_map=labels, offset=(10, 5))
    palette = np.array([[0] * 3, [200, 0, 0]], np.uint8)
    _, shape, _, crop, parsed, shown, thrs = pictures.plot_confidence(
        photo, person, palette, (.4, .7))
    assert shape == (1, 5) and shown is probs and thrs == (.4, .7)
    assert (crop == photo[5:9, 10:13]).all()
    assert (parsed[2:] == crop[2:]).all() and (parsed[:2] != crop[:2]).any()
