# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the pictures of a comparison show."""
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from projects.qanet.evaluation.analysis import comparison_report
from projects.qanet.evaluation.analysis.comparison import (Method,
                                                           compare_methods)
from projects.qanet.evaluation.analysis.comparison_report import (
    ShownMaps, build_comparison_page, draw_figure, draw_panel, draw_rows,
    paint_records, read_dumped_maps, read_true_maps)
from projects.qanet.evaluation.analysis.pictures import PictureBook
from projects.qanet.evaluation.dumps import paint_dump, write_dump
from projects.qanet.utils.blending import blend_parts


def test_maps_of_records_and_dumps(golden, make_evaluator, tmp_path):
    """The global map of either is the same; persons are those visible."""
    evaluator = make_evaluator()
    for image_id, persons in golden.persons.items():
        records = persons.to_records()
        maps = paint_records(evaluator, records, image_id)
        image = evaluator.images[image_id]
        write_dump(str(tmp_path), image, paint_dump(image, records, 20))
        dumped = read_dumped_maps(evaluator, str(tmp_path), image_id)
        assert maps.categories.shape == image.size[::-1]
        assert (maps.categories == dumped.categories).all()
        assert dumped.humans.shape == image.size[::-1]
        # By hand: persons of a box score >= 0.3, in ascending order.
        owners = np.zeros(image.size[::-1], int)
        for i in np.argsort(persons.bbox_scores, kind='stable'):
            if persons.bbox_scores[i] >= .3:
                owners[persons.part_map(i) > 0] = i + 1
        assert (maps.humans == owners).all()
    for path in (tmp_path / 'instance_segmentation').iterdir():
        path.unlink()
    (tmp_path / 'instance_segmentation').rmdir()
    assert read_dumped_maps(evaluator, str(tmp_path), image_id).humans is None


@pytest.mark.parametrize('shape, size', [((30, 80), (120, 320)),
                                         ((700, 350), (280, 140)),
                                         ((2, 900), (1, 320))])
def test_panel_is_scaled_to_fit(shape, size):
    photo = np.full((*shape, 3), 90, np.uint8)
    palette = np.array([[0] * 3, [200, 0, 0]], np.uint8)
    assert draw_panel(photo, None, palette).shape == (*size, 3)
    nobody = ShownMaps(np.zeros(shape, np.uint8), None)
    panel = draw_panel(photo, nobody, palette)
    assert panel.shape == (*size, 3) and (panel == 90).all()


def test_panel_shows_parts_and_borders():
    photo = np.full((140, 160, 3), 90, np.uint8)  # doubled
    palette = np.array([[0] * 3, [200, 0, 0], [0, 0, 200]], np.uint8)
    categories = np.zeros((140, 160), np.uint8)
    categories[40:60, 50:80] = 1
    categories[60:90, 50:80] = 2
    categories[100:, :20] = 255  # void
    humans = np.where(categories == 255, 0, categories > 0)
    panel = draw_panel(photo, ShownMaps(categories, humans), palette)
    twice = categories.repeat(2, 0).repeat(2, 1)
    expected = blend_parts(
        np.full((280, 320, 3), 90, np.uint8), twice, palette, .6)
    inside = np.zeros((280, 320), bool)
    inside[81:179, 101:159] = True
    whole = (twice > 0) & (twice < 255)
    assert (panel[whole & ~inside] == 255).all()
    assert (panel[~whole | inside] == expected[~whole | inside]).all()
    assert len(np.unique(panel[inside], axis=0)) == 2


@pytest.fixture
def compared(scene):
    evaluator = scene.evaluator
    methods = {
        name: Method(evaluator, evaluator.reduce(records))
        for name, records in (('<found>', scene.records), ('none', []))
    }
    found = compare_methods(methods, num_samples=3)
    readers = {
        '<found>': partial(paint_records, evaluator, scene.records),
        'none': None  # never asked
    }

    def draw(num_images):
        book = PictureBook(evaluator, [])
        predicted = {'<found>': {7}, 'none': set()}
        return draw_rows(found, readers, predicted, book, num_images), book

    return found, draw


def test_rows(scene, compared):
    photo = scene.save_photo()
    found, draw = compared
    (row, ), book = draw(5)
    # Of three persons one is found, shifted by 3 columns.
    first, second = scene.person_map(10, 8), scene.person_map(60, 10)
    truth = first + second
    truth[:7, :7] = 1
    shown = scene.person_map(13, 8)
    iou = np.mean([((truth == k) & (shown == k)).sum() /
                   ((truth == k) | (shown == k)).sum() for k in (1, 2)])
    assert row.notes == ['', '', f'{iou:.2f}', '0.00']
    assert (row.image_id, row.file_name, row.spread) == (7, '0007.jpg',
                                                         f'{iou:.2f}')
    assert row.labels == [0, 1, 2]
    bare, true, painted, nothing = row.panels
    assert (bare == draw_panel(photo.astype(np.uint8), None, 0)).all()
    assert (nothing == bare).all()
    maps = read_true_maps(scene.evaluator, 7)
    assert (maps.categories == truth).all() and maps.humans.max() == 3
    for panel, labels in ((true, truth), (painted, shown)):
        changed = (panel != bare).any(axis=2)
        rows, columns = np.nonzero(labels)
        scale = 320 / 90
        assert abs(changed.sum() / (labels > 0).sum() / scale**2 - 1) < .05
        assert abs(np.nonzero(changed)[1].mean() / scale - columns.mean()) < 1
    assert draw(0)[0] == []


def test_page(scene, compared):
    found, draw = compared
    rows, book = draw(5)
    sources = {'<found>': 'a.json', 'none': 'b'}
    page = build_comparison_page(found, rows, book, 'A & B', sources)
    for text in ('<h1>A &amp; B</h1>',
                 '&lt;found&gt;: a.json, predictions for '
                 '1 of\n1 images', 'none: b, predictions for 0 of',
                 'For 1 of 1 images some methods have no prediction',
                 'differences to &lt;found&gt;', 'The photos of 1 of 1 images',
                 '<th>ground truth</th><th>&lt;found&gt;</th><th>none</th>',
                 f'0007.jpg, spread {rows[0].spread}<', '</i>a&lt;b</span>',
                 'alt="0007.jpg, none" src="data:image/jpeg;base64,'):
        assert text in page, text
    assert page.count('<img ') == 4
    nothing = build_comparison_page(
        found._replace(num_unequal=0), [], book, 'A', sources)
    assert 'They differ nowhere.' in nothing and '<img ' not in nothing
    assert 'class="finding"' not in nothing


def test_figure(compared, monkeypatch):
    found, draw = compared
    rows, _ = draw(5)
    with Image.open(BytesIO(draw_figure(found, rows))) as picture:
        width, height = picture.size
        assert picture.format == 'PNG'
    # Four panels of 90 x 60 pixels beside each other under a line of text.
    assert width / 4 * 60 / 90 < height < width / 4 * 60 / 90 + 60
    monkeypatch.setattr(comparison_report, 'draw', lambda *a, **k: (a, k))
    tall = rows[0]._replace(panels=[np.zeros((280, 70, 3), np.uint8)] * 4)
    (size, shape, _, panels, heads,
     notes), layout = draw_figure(found, [rows[0], tall])
    assert shape == (2, 4) and len(panels) == len(notes) == 2
    assert heads == ['photo', 'ground truth', '<found>', 'none']
    assert layout['height_ratios'] == pytest.approx([213 / 320, 1.25])
    assert size == pytest.approx((9.2, 2.3 * (213 / 320 + 1.25) + .3))
