# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The data in the plots, as a reader would take it from them."""
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from projects.qanet.evaluation.analysis import RECALLS, figures
from projects.qanet.evaluation.analysis.samples import SAMPLE


def filled(shape, fill, *args):
    """Axes (rows, columns) that a function has filled, row by row."""
    axes = Figure().subplots(*shape, squeeze=False)
    fill(axes, *args)
    return axes.ravel()


def texts(artists):
    return [artist.get_text() for artist in artists]


def test_each_ap_line_is_that_of_its_name(by_hand):
    axes = filled((1, 3), figures.fill_precisions, by_hand.rankings)
    means = ('50.0', '51.0'), ('60.0', '59.0'), '--'
    levels = np.array([[[25, 45], [26, 46]], [[50 / 3, 30]] * 2,
                       [[12.5, 22.5], [11.5, 21.5]]])  # AP at .5 and at .9
    for panel, metric, mean, level in zip(axes, 'prh', means, levels):
        assert f'AP$^{metric}$' in panel.get_title()
        lines = panel.get_lines()
        assert texts(panel.get_legend().get_texts()) == [
            f'{name} score  (mean {value})'
            for name, value in zip(('box', 'quality'), mean)
        ]
        assert [to_hex(line.get_color())
                for line in lines] == ['#4878a8', '#b0367c']
        for line, expected in zip(lines, level):
            assert list(line.get_xdata()) == [.5, .9]
            assert line.get_ydata() == pytest.approx(expected)


def test_precision_recall_curves(by_hand):
    axes = filled((1, 4), figures.fill_precision_recall, by_hand.rankings)
    found = [(panel.get_title(), line.get_label(), *line.get_xydata()[37])
             for panel in axes for line in panel.get_lines()]
    titles = [f'{kind}s, IoU > {t}' for kind in ('person', 'part')
              for t in (.5, .7)]  # yapf: disable
    assert found == [(title, name, RECALLS[37], pytest.approx(level + shift))
                     for title, level in zip(titles, (.25, .35, .3, .4))
                     for name, shift in (('box score', 0), ('quality score',
                                                            .1))]


def test_bars_of_correlations(by_hand):
    groups = dict(persons=by_hand.persons, parts=by_hand.parts)
    axes, = filled((1, 1), figures.fill_correlations, groups)
    heights = {
        bars.get_label(): [bar.get_height() for bar in bars]
        for bars in axes.containers
    }
    assert heights == {
        'box score': pytest.approx([1, .8]),
        'IoU score': pytest.approx([-.5, -.2]),
        'pixel score': pytest.approx([1, .5]),
        'quality score': pytest.approx([0, .8])
    }
    assert texts(axes.texts)[5:] == ['0.50', '-', '0.80']
    places = [bars[1].get_center()[0] for bars in axes.containers]
    assert places == pytest.approx([.7, .9, 1.1, 1.3])
    assert texts(axes.get_xticklabels()) == ['persons', 'parts']


@pytest.mark.parametrize('copies', [1, figures.MAX_POINTS])
def test_reliability_diagrams(copies):
    """Also of so many points that they become a density."""
    samples = np.zeros(4 * copies, SAMPLE).view(np.recarray)
    samples.scores = np.nan
    samples.scores[:, 1] = np.tile([.1, .15, .6, 1.4], copies)
    samples.true_ious = np.tile([.3, .5, .2, .9], copies)
    axes = filled((2, 4), figures.fill_reliability, samples, 5)
    above, below = axes[1], axes[5]
    diagonal, line = above.get_lines()
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert line.get_xydata()[[0, 3, 4]] == pytest.approx(
        np.array([[.125, .4], [.6, .2], [1.4, .9]]))
    points, = above.collections
    if copies == 1:
        assert np.array(points.get_offsets()) == pytest.approx(
            np.array([[.1, .3], [.15, .5], [.6, .2], [1, .9]]))
    else:
        assert points.get_array().tolist() == [copies] * 4
    assert [bar.get_x()
            for bar in below.patches] == pytest.approx([0, .2, .4, .6, .8])
    assert [bar.get_height() for bar in below.patches] == [.5, 0, 0, .25,
                                                           .25]  # shares
    # Ranks 1 2 3 4 and 2 3 1 4; gaps .275, .4, .5.
    assert above.get_title() == 'IoU score\nSpearman 0.40   ECE 0.36'
    assert below.get_xlabel() == f'IoU score  (n = {4 * copies})'
    assert axes[0].get_title() == 'box score\nSpearman -   ECE -'


@pytest.mark.parametrize('num_classes', [3, 26])
def test_rows_of_the_confusion_are_true_classes(by_hand, num_classes):
    confusion = np.zeros((num_classes, num_classes), int)
    confusion[:3, :3] = by_hand.confusion
    names = [f'class{label}' for label in range(num_classes)]
    axes, = filled((1, 1), figures.fill_confusion, confusion, names)
    shares = np.array([[99.5, .4, .1], [0, 0, 0], [75, 0, 25]])
    shown = np.array(axes.images[0].get_array())
    assert shown[:3, :3] == pytest.approx(shares) and not shown[3:].any()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ('predicted', 'true')
    assert texts(axes.get_xticklabels()) == names
    assert texts(axes.get_yticklabels()) == names
    found = [(*text.get_position(), text.get_text()) for text in axes.texts]
    expected = [(0, 0, '100'), (0, 2, '75'), (2, 2, '25')]  # x, y
    assert found == (expected if num_classes == 3 else [])


def test_bars_of_parts_are_pixel_scores(by_hand):
    palette = np.array([[0] * 3, [255, 0, 0], [0, 0, 51]], np.uint8)
    picture = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    left, right = filled((1, 2), figures.fill_part_scores, picture,
                         by_hand.persons[0], by_hand.parts[[3, 2]], palette,
                         by_hand.classes)
    assert (left.images[0].get_array() == picture).all()
    assert [(bar.get_width(), to_hex(bar.get_facecolor()))
            for bar in right.patches] == [(.4, '#000033'), (0, '#ff0000')]
    assert right.get_lines()[0].get_xydata().tolist() == [[1, 0], [.8, 1]]
    assert texts(right.texts) == ['0.40', '-']
    assert texts(right.get_yticklabels()) == ['c', 'a<b']
    assert right.figure.get_suptitle() == (
        'image 0, person 1: true IoU 0.20\n'
        'box 0.10   IoU 0.30   pixel 0.20   quality 0.50')


def test_high_confidence_masks():
    photo = np.full((4, 3, 3), 60, np.uint8)
    parsed = np.arange(1, 37, dtype=np.uint8).reshape(4, 3, 3)
    probs = np.full((4, 3), .5, np.float32)
    probs[0] = .9
    axes = filled((1, 5), figures.fill_confidence, photo, parsed, probs,
                  (.7, .95))
    sure = parsed.copy()
    sure[1:] = 0
    for panel, expected in zip(axes, (photo, probs, parsed, sure, 0 * parsed)):
        assert (panel.images[0].get_array() == expected).all()
    assert [panel.get_title() for panel in axes[3:]] == [
        'T = 0.7: 25 % left\npixel score 0.900',
        'T = 0.95: 0 % left\npixel score 0.000'
    ]
