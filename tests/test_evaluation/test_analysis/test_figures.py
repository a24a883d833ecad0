# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The data in the plots, as a reader would take it from them."""
from io import BytesIO

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from projects.qanet.evaluation.analysis import RECALLS, figures
from projects.qanet.evaluation.analysis.samples import SAMPLE
from projects.qanet.evaluation.analysis.study import Ranking


def filled(fill, *args, rows=1, columns=1):
    """Axes that a function has filled, row by row."""
    axes = Figure().subplots(rows, columns, squeeze=False)
    fill(axes, *args)
    return axes.ravel()


def named_lines(axes):
    """Points of each line, by its name in the legend and its colour."""
    return {
        (line.get_label(), to_hex(line.get_color())): line.get_xydata()
        for line in axes.get_lines()
    }


def samples_of(scores, ious, labels=None):
    samples = np.zeros(len(scores), SAMPLE).view(np.recarray)
    samples.scores, samples.true_ious = scores, ious
    samples.labels = 0 if labels is None else labels
    return samples


def make_rankings():
    """Two scores with other figures in every metric and curve."""
    rankings = {}
    for k, name in enumerate(('box', 'fused')):
        values = dict(APp=50.04 + k, APr=60 + k, APh=float('nan'))
        for t in (90, 10):  # not in order
            values.update({
                f'APp_{t}': t / 2 + k,
                f'APr_{t}': t / 3 + k,
                f'APh_{t}': t / 4 + k
            })
        curves = [{
            t: np.full(101, t / 2 + k / 10 + shift)
            for t in (.5, .7)
        } for shift in (0, .05)]
        rankings[name] = Ranking(values, *curves)
    return rankings


def test_each_ap_line_is_that_of_its_name():
    axes = filled(figures.fill_precisions, make_rankings(), columns=3)
    for panel, part, metric, means in zip(axes, (2, 3, 4), 'prh',
                                          (('50.0', '51.0'),
                                           ('60.0', '61.0'), '--')):
        assert f'AP$^{metric}$' in panel.get_title()
        lines = named_lines(panel)
        names = [f'box score  (mean {means[0]})',
                 f'quality score  (mean {means[1]})']  # yapf: disable
        assert list(lines) == [(names[0], '#4878a8'), (names[1], '#b0367c')]
        for k, points in enumerate(lines.values()):
            assert points == pytest.approx(
                np.array([[.1, 10 / part + k], [.9, 90 / part + k]]))
        legend = panel.get_legend()
        assert [text.get_text() for text in legend.get_texts()] == names
        assert [to_hex(line.get_color())
                for line in legend.get_lines()] == ['#4878a8', '#b0367c']


def test_precision_recall_curves():
    axes = filled(figures.fill_precision_recall, make_rankings(), columns=4)
    titles = [f'{kind}, IoU > {t}' for kind in ('persons', 'parts')
              for t in (.5, .7)]  # yapf: disable
    assert [panel.get_title() for panel in axes] == titles
    for panel, level in zip(axes, (.25, .35, .3, .4)):
        lines = named_lines(panel)
        assert [name for name, _ in lines] == ['box score', 'quality score']
        for k, points in enumerate(lines.values()):
            assert (points[:, 0] == RECALLS).all()
            assert points[:, 1] == pytest.approx(level + k / 10)


def test_bars_of_correlations():
    ious = np.array([.1, .2, .3, .4])
    scores = np.stack([ious, -ious, ious * 0, [.2, .1, .4, .3]], axis=1)
    groups = dict(
        persons=samples_of(scores, ious),
        parts=samples_of(scores[:, ::-1], ious))
    axes, = filled(figures.fill_correlations, groups)
    heights = {
        bars.get_label(): [bar.get_height() for bar in bars]
        for bars in axes.containers
    }
    assert heights == {
        'box score': pytest.approx([1, .6]),
        'IoU score': pytest.approx([-1, 0]),
        'pixel score': pytest.approx([0, -1]),
        'quality score': pytest.approx([.6, 1])
    }
    places = [bars[1].get_center()[0] for bars in axes.containers]
    assert places == pytest.approx([.7, .9, 1.1, 1.3])
    assert [text.get_text() for text in axes.texts
            ] == ['1.00', '0.60', '-1.00', '-', '-', '-1.00', '0.60', '1.00']
    assert [text.get_text()
            for text in axes.get_xticklabels()] == ['persons', 'parts']


def test_reliability_diagrams():
    scores = np.full((4, 4), np.nan)
    scores[:, 1] = .1, .15, .6, 1.4
    axes = filled(
        figures.fill_reliability,
        samples_of(scores, [.3, .5, .2, .9]),
        5,
        rows=2,
        columns=4)
    above, below = axes[1], axes[5]
    diagonal, line = above.get_lines()
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert line.get_xydata()[[0, 3, 4]] == pytest.approx(
        np.array([[.125, .4], [.6, .2], [1.4, .9]]))
    assert np.array(above.collections[0].get_offsets()) == pytest.approx(
        np.array([[.1, .3], [.15, .5], [.6, .2], [1, .9]]))
    bars = [(bar.get_x(), bar.get_height()) for bar in below.patches]
    assert np.array(bars) == pytest.approx(
        np.array([[0, .5], [.2, 0], [.4, 0], [.6, .25], [.8, .25]]))
    # Ranks 1 2 3 4 and 2 3 1 4; gaps .275, .4, .5.
    assert above.get_title() == 'IoU score\nSpearman 0.40   ECE 0.36'
    assert below.get_xlabel() == 'IoU score  (n = 4)'
    assert axes[0].get_title() == 'box score\nSpearman -   ECE -'


def test_many_points_become_a_density():
    rng = np.random.default_rng(0)
    values = rng.random((figures.MAX_POINTS + 1, 4))
    axes = filled(
        figures.fill_reliability,
        samples_of(values, values[:, 0]),
        rows=2,
        columns=4)
    assert axes[0].collections[0].get_array().sum() == len(values)


@pytest.mark.parametrize('num_classes', [3, 26])
def test_rows_of_the_confusion_are_true_classes(num_classes):
    confusion = np.zeros((num_classes, num_classes), int)
    confusion[0, :3] = 995, 1, 4
    confusion[2, :3] = 3, 1, 0
    names = [f'class{label}' for label in range(num_classes)]
    axes, = filled(figures.fill_confusion, confusion, names)
    shares = np.zeros((num_classes, num_classes))
    shares[0, :3] = 99.5, .1, .4
    shares[2, :3] = 75, 25, 0
    assert np.array(axes.images[0].get_array()) == pytest.approx(shares)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ('predicted', 'true')
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in labels] == names
    texts = [(*text.get_position(), text.get_text()) for text in axes.texts]
    assert texts == ([(0, 0, '100'), (0, 2, '75'),
                      (1, 2, '25')] if num_classes == 3 else [])


def test_bars_of_parts_are_pixel_scores():
    parts = samples_of([[.1, .2, .3, .4], [.1, .2, np.nan, .4]], [.8, .9],
                       [2, 1])
    person = samples_of([[.6, .7, .8, np.nan]], [.5])[0]
    palette = np.array([[0] * 3, [255, 0, 0], [0, 0, 51]], np.uint8)
    picture = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    left, right = filled(
        figures.fill_part_scores,
        picture,
        person,
        parts,
        palette, ['none', 'head', 'leg'],
        columns=2)
    assert (left.images[0].get_array() == picture).all()
    assert [(bar.get_width(), to_hex(bar.get_facecolor()))
            for bar in right.patches] == [(.3, '#000033'), (0, '#ff0000')]
    assert right.get_lines()[0].get_xydata().tolist() == [[.8, 0], [.9, 1]]
    assert [text.get_text() for text in right.texts] == ['0.30', '-']
    labels = [text.get_text() for text in right.get_yticklabels()]
    assert labels == ['leg', 'head'] and right.yaxis_inverted()
    assert right.figure.get_suptitle() == (
        'image 0, person 1: true IoU 0.50\n'
        'box 0.60   IoU 0.70   pixel 0.80   quality -')


def test_high_confidence_masks():
    photo = np.full((4, 3, 3), 60, np.uint8)
    parsed = np.arange(1, 37, dtype=np.uint8).reshape(4, 3, 3)
    probs = np.full((4, 3), .5, np.float32)
    probs[0] = .9
    axes = filled(
        figures.fill_confidence, photo, parsed, probs, (.4, .7, .95),
        columns=6)  # yapf: disable
    shown = [panel.images[0].get_array() for panel in axes]
    sure = parsed.copy()
    sure[1:] = 0
    for picture, expected in zip(
            shown, (photo, probs, parsed, parsed, sure, 0 * parsed)):
        assert (picture == expected).all()
    assert [panel.get_title() for panel in axes[3:]] == [
        'T = 0.4: 100 % left\npixel score 0.600',
        'T = 0.7: 25 % left\npixel score 0.900',
        'T = 0.95: 0 % left\npixel score 0.000'
    ]


def test_drawn_figures_are_png_files_of_their_size():
    data = figures.draw((3, 2), (1, 1), figures.fill_confusion, np.eye(2),
                        'ab')
    with Image.open(BytesIO(data)) as picture:
        assert (picture.format, picture.size) == ('PNG', (330, 220))
