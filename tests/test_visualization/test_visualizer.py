# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import VISUALIZERS
from mmseg.structures import SegDataSample

from projects.qanet.testing.layout import make_persons
from projects.qanet.utils.errors import InputError
from projects.qanet.visualization import ParsingVisualizer
from projects.qanet.visualization.tags import draw_tags
from projects.qanet.visualization.text import load_font
from projects.qanet.visualization.visualizer import BORDER_COLOUR

META = dict(
    classes=['background', 'Hat', 'Coat', 'Shoe'],
    palette=[(0, 0, 0), (200, 0, 0), (0, 180, 0), (0, 0, 160)])
PLAIN = dict(show_boxes=False, show_scores=False, show_legend=False)


def make_visualizer(**kwargs):
    visualizer = VISUALIZERS.get('ParsingVisualizer')(**kwargs)
    visualizer.dataset_meta = META
    return visualizer


@pytest.fixture
def image():
    return np.random.default_rng(3).integers(
        0, 256, (60, 90, 3), dtype=np.uint8)


@pytest.fixture
def instances():
    """Two overlapping persons, the first one better than the second."""
    maps = np.zeros((2, 60, 90), np.uint8)
    maps[0, 18:48, 12:37], maps[1, 30:50, 32:62] = 1, 2
    persons = make_persons(0, maps, [0.8, 0.4], 4)
    persons.bboxes[:] = [10, 14, 40, 52], [30, 20, 70, 54]
    return persons


def test_background_stays_exactly_the_original(image, instances):
    drawn = make_visualizer(**PLAIN).draw(image, instances)
    masks = np.array(instances.part_maps) > 0
    masks[1] &= ~masks[0]
    assert drawn.shape == image.shape
    assert np.array_equal(drawn[~masks.any(0)], image[~masks.any(0)])
    white = (drawn == BORDER_COLOUR).all(-1)
    # Inside, away from the borders, there is the blend of the better person.
    for mask, colour in zip(masks, META['palette'][1:]):
        inside = mask & ~white
        assert inside.sum() > 0.7 * mask.sum()
        expected = np.rint(image[inside] * 0.5 + np.array(colour) * 0.5)
        assert np.array_equal(drawn[inside], expected.astype(np.uint8))
    assert white[18, 12:37].all() and not white[~masks.any(0)].any()


def test_score_threshold_and_order(image, instances):
    only_first = make_visualizer(score_thr=0.5, **PLAIN).draw(image, instances)
    assert np.array_equal(
        only_first,
        make_visualizer(score_thr=0., **PLAIN).draw(image, instances[:1]))
    none = make_visualizer(score_thr=0.9).draw(image, instances)
    assert np.array_equal(none, image)


def test_duplicates_are_drawn_once(image, instances):
    twins = instances[[0, 0, 1]]
    twins.scores = np.array([0.7, 0.8, 0.4], np.float32)

    def drawn(order=None, **options):
        visualizer = make_visualizer(show_part_scores=True, **options)
        columns = visualizer.draw_persons(image, twins, order).columns
        for column in columns:  # the twins have a hat, the other a coat
            assert column.present.tolist() == ([
                False, True, False
            ] if column.title == '#3' else [True, False, False])
        return [column.title for column in columns]

    assert drawn() == ['#2', '#3']
    assert drawn(nms_thr=None) == ['#1', '#2', '#3']
    # The caller's choice goes before the visualizer's.
    assert drawn(order=[2, 0]) == ['#1', '#3']


def test_boxes_and_tags_carry_the_persons_colour(image, instances):
    visualizer = make_visualizer(show_scores=False, show_legend=False)
    drawn = visualizer.draw(image, instances)
    assert (drawn[52, 10:29] == (255, 209, 59)).all()
    assert (drawn[54, 30:71] == (94, 201, 255)).all()
    tagged = make_visualizer(show_legend=False).draw(image, instances)
    expected = draw_tags(drawn, instances.bboxes, ['#1 0.80', '#2 0.40'],
                         [(255, 209, 59), (94, 201, 255)], load_font(11))
    assert np.array_equal(tagged, expected) and (tagged != drawn).any()


def test_legend_is_beside_the_image_and_lists_what_occurs(image, instances):
    plain = make_visualizer(show_legend=False).draw(image, instances)
    drawn = make_visualizer().draw(image, instances)
    assert np.array_equal(drawn[:60, :90], plain)
    panel = drawn[:, 90:]
    found = [(panel == colour).all(-1).any() for colour in META['palette']]
    assert found[1:] == [True, True, False]
    scores = make_visualizer(show_part_scores=True).draw(image, instances)
    assert scores.shape[1] > drawn.shape[1]


def test_full_legend_keeps_the_size(image, instances):
    visualizer = make_visualizer(full_legend=True)
    nobody, persons = (
        visualizer.draw(image, found) for found in (instances[:0], instances))
    assert nobody.shape == persons.shape


def test_what_does_not_fit_is_an_error(image, instances):
    two = dict(classes=['a', 'b'], palette=[(0, 0, 0)])
    for text, options, picture in (
        (r'\(90, 60\).*\(60, 90\)', META, image.transpose(1, 0, 2)),
        ('does not know the class names', dict(), image),
        ('2 classes but 1 colours', two, image),
        ('alpha must be in 0..1.*1.5', dict(alpha=1.5), image),
    ):
        with pytest.raises(InputError, match=text):
            ParsingVisualizer(**options).draw(picture, instances)
    with pytest.raises(InputError, match='label map is 5x4.*90x60'):
        make_visualizer().draw_maps(image, np.zeros((4, 5), int))
    assert type(ParsingVisualizer(alpha=np.float32(.5)).alpha) is float


def test_missing_palette_is_made(image, instances):
    visualizer = ParsingVisualizer(classes=META['classes'], **PLAIN)
    assert (visualizer.draw(image, instances) != image).any()


def test_add_datasample_draws_truth_left_and_prediction_right(
        image, instances, tmp_path):
    truth = np.zeros((60, 90), np.uint8)
    truth[5:9, 70:80], truth[20:40, 3:9] = 3, 255
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=torch.from_numpy(truth)[None]))
    sample.pred_instances = instances
    visualizer = make_visualizer(**PLAIN)
    out_file = str(tmp_path / 'deep' / 'picture.png')
    visualizer.add_datasample('x', image, sample, out_file=out_file)
    drawn = cv2.imread(out_file)[..., ::-1]
    expected = image.copy()
    expected[truth == 3] = np.rint(image[truth == 3] * 0.5 + (0, 0, 80))
    assert np.array_equal(drawn[:, :90], expected)
    assert np.array_equal(drawn[:, -90:], visualizer.draw(image, instances))
    for name in ('draw_gt', 'draw_pred'):
        visualizer.add_datasample(
            'x', image, sample, out_file=out_file, **{name: False})
        assert cv2.imread(out_file).shape == image.shape


def test_add_datasample_reads_label_maps(image, tmp_path):
    category, human = np.zeros((2, 60, 90), np.uint8)
    category[10:30, 20:60] = 2
    human[10:30, 20:40], human[10:30, 40:60] = 1, 2
    paths = [str(tmp_path / name) for name in ('category.png', 'human.png')]
    for path, label_map in zip(paths, (category, human)):
        cv2.imwrite(path, label_map)
    sample = SegDataSample(
        metainfo=dict(seg_map_path=paths[0], human_map_path=paths[1]))
    out_file = str(tmp_path / 'picture.png')
    make_visualizer(**PLAIN).add_datasample(
        'x', image, sample, out_file=out_file)
    drawn = cv2.imread(out_file)[..., ::-1]
    assert np.array_equal(drawn[category == 0], image[category == 0])
    assert (drawn[11:29, 39] == BORDER_COLOUR).all()
    assert not (drawn[11:29, 41] == BORDER_COLOUR).all()


def test_add_datasample_without_anything_keeps_the_image(image, tmp_path):
    visualizer = make_visualizer(
        vis_backends=[dict(type='LocalVisBackend')], save_dir=str(tmp_path))
    visualizer.add_datasample('empty', image, SegDataSample(), step=3)
    written = tmp_path / 'vis_data' / 'vis_image' / 'empty_3.png'
    assert np.array_equal(cv2.imread(str(written))[..., ::-1], image)
