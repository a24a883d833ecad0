# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The plots of the report, without pyplot's global state.

Each function fills axes, (rows, columns), that :func:`draw` has made.
"""
import textwrap
from io import BytesIO
from pathlib import Path
from typing import Any, Callable, Dict, Sequence, Tuple

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from projects.qanet.utils.tables import format_number
from .samples import SCORE_NAMES, score_agreements
from .study import RECALLS, Ranking

Groups = Dict[str, np.recarray]
Rankings = Dict[str, Ranking]
SCORE_TITLES: Dict[str, str] = dict(
    box='box score',
    iou='IoU score',
    pixel='pixel score',
    fused='quality score')
SCORE_COLOURS: Dict[str, str] = dict(
    box='#4878a8', iou='#e08a1e', pixel='#3f9a5f', fused='#b0367c')
#: Panels of AP over IoU thresholds.
METRIC_TITLES = dict(
    APp='AP$^p$, persons by part maps',
    APr='AP$^r$, part regions',
    APh='AP$^h$, whole-person masks')
INK = '#2b2b2b'
SMALL = dict(fontsize=8, color=INK)
# Above this, single points hide each other and density tells more.
MAX_POINTS = 2000
_DOTS = dict(marker='o', markersize=5, markeredgecolor='white')
_DENSITY: Dict[str, Any] = dict(
    extent=(0, 1, 0, 1), bins='log', cmap='Greys', mincnt=1, alpha=.55)


def draw(size: Tuple[float, float], shape: Tuple[int, int],
         fill: Callable[..., None], *args: Any, **layout: Any) -> bytes:
    """Draw a figure of (width, height) inches and (rows, columns) of axes.

    ``fill`` gets the axes and ``args``; ``layout`` is for the subplots. The
    result is a PNG file.
    """
    with rc_context(fname=Path(__file__).with_name('report.mplstyle')):
        figure = Figure(size, layout='constrained')
        fill(figure.subplots(*shape, squeeze=False, **layout), *args)
        file = BytesIO()
        figure.savefig(file, format='png', dpi=110, facecolor='white')
    return file.getvalue()


def fill_reliability(axes: np.ndarray,
                     samples: np.recarray,
                     num_bins: int = 10) -> None:
    """Each score against the true IoU, a column of axes (2, 4) for each.

    Above, the predictions (points or their density), the diagonal and a line
    of mean true IoU over mean score of the bins, which a perfect score has on
    the diagonal; below, the share of predictions in each bin.
    """
    agreements = score_agreements(samples, num_bins)
    for k, (name, found) in enumerate(agreements.items()):
        (above, below), colour = axes[:, k], SCORE_COLOURS[name]
        above.plot([0, 1], [0, 1], '--', color='#b8b8b8', linewidth=1)
        defined = ~np.isnan(samples.scores[:, k])
        scores = np.clip(samples.scores[defined, k], 0, 1)
        ious, size = samples.true_ious[defined], 12 if found.count < 300 else 6
        if found.count > MAX_POINTS:
            above.hexbin(scores, ious, gridsize=32, linewidths=0, **_DENSITY)
        else:
            above.scatter(scores, ious, size, colour, alpha=.3, linewidths=0)
        bins, line = found.reliability, dict(color=colour, linewidth=1.8)
        above.plot(bins['mean_scores'], bins['mean_ious'], **line, **_DOTS)
        above.set(xlim=(-.02, 1.02), ylim=(-.02, 1.02))
        above.set_title(f'{SCORE_TITLES[name]}\n'
                        f'Spearman {format_number(found.spearman)}   '
                        f'ECE {format_number(found.calibration_error)}')
        shares, bars = bins['counts'] / max(1, found.count), bins['edges'][:-1]
        below.bar(
            bars, shares, .92 / num_bins, align='edge', color=colour, alpha=.7)
        below.set_xlabel(f'{SCORE_TITLES[name]}  (n = {found.count})')
    axes[0, 0].set_ylabel('true IoU')
    axes[1, 0].set_ylabel('share')


def fill_precisions(axes: np.ndarray, rankings: Rankings) -> None:
    """AP [%] over the IoU threshold, a line for each score that ranks."""
    for panel, (key, title) in zip(axes[0], METRIC_TITLES.items()):
        for name, ranking in rankings.items():
            points = sorted((int(other.split('_')[1]) / 100, value)
                            for other, value in ranking.values.items()
                            if other.startswith(f'{key}_'))
            mean = format_number(ranking.values[key], 1)
            look = dict(marker='o', markersize=3.5, color=SCORE_COLOURS[name])
            label = f'{SCORE_TITLES[name]}  (mean {mean})'
            panel.plot(*zip(*points), label=label, **look)
        panel.set(title=title, xlabel='IoU threshold')
        panel.set_ylim(bottom=0)
        panel.legend()
    axes[0, 0].set_ylabel('AP [%]')


def fill_precision_recall(axes: np.ndarray, rankings: Rankings) -> None:
    """Precision over recall: a panel for persons at each threshold, then
    for parts; a line for each score that ranks."""
    panels = iter(axes[0])
    for kind in ('person', 'part'):
        for threshold in rankings['box'].person_curves:
            panel = next(panels)
            for name, ranking in rankings.items():
                curve = getattr(ranking, f'{kind}_curves')[threshold]
                colour, title = SCORE_COLOURS[name], SCORE_TITLES[name]
                panel.plot(RECALLS, curve, color=colour, label=title)
            panel.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel='recall')
            panel.set(title=f'{kind}s, IoU > {threshold:g}')
            panel.set_xticks(np.arange(0, 1, .2))
    axes[0, 0].set_ylabel('precision')
    axes[0, 0].legend()


def fill_correlations(axes: np.ndarray, groups: Groups) -> None:
    """Spearman's correlation of each score, as bars, group by group."""
    panel, width = axes[0, 0], .8 / len(SCORE_NAMES)
    agreements = list(map(score_agreements, groups.values()))
    for k, name in enumerate(SCORE_NAMES):
        values = np.array([found[name].spearman for found in agreements])
        places = np.arange(len(groups)) + (k - 1.5) * width
        look = dict(color=SCORE_COLOURS[name], label=SCORE_TITLES[name])
        bars = panel.bar(places, np.nan_to_num(values), .92 * width, **look)
        panel.bar_label(
            bars, list(map(format_number, values)), padding=2, **SMALL)
    panel.grid(False, axis='x')
    panel.axhline(0, color=INK, linewidth=.8)
    panel.set_xticks(range(len(groups)), list(groups))
    panel.set_ylabel('Spearman')
    low, high = panel.get_ylim()
    panel.set_ylim(min(0, 1.2 * low), max(.5, 1.1 * high))
    panel.figure.legend(loc='outside right center')


def fill_confusion(axes: np.ndarray, confusion: np.ndarray,
                   classes: Sequence[str]) -> None:
    """Share, in percent, of each true class (row) that went to each class.

    ``confusion`` has pixels (C, C); classes without pixels are empty rows.
    """
    panel, ticks = axes[0, 0], range(len(classes))
    totals = confusion.sum(axis=1, keepdims=True)
    shares = 100 * confusion / np.maximum(totals, 1)
    image = panel.imshow(shares, cmap='Purples', vmin=0, vmax=100)
    label = "share of the true class's pixels [%]"
    panel.figure.colorbar(
        image, ax=panel, shrink=.5, aspect=35, pad=.02, label=label)
    panel.grid(False)
    panel.spines[:].set_visible(True)
    panel.set_xticks(ticks, classes, rotation=60, ha='right')
    panel.set_yticks(ticks, classes)
    panel.set(xlabel='predicted', ylabel='true')
    if len(classes) > 25:  # no room for numbers
        return
    centred = dict(ha='center', va='center', fontsize=7.5)
    for row, column in zip(*np.nonzero(shares >= .5)):
        value = shares[row, column]
        colour = 'white' if value > 55 else INK
        panel.text(column, row, f'{value:.0f}', color=colour, **centred)


def fill_part_scores(axes: np.ndarray, picture: np.ndarray, person: np.record,
                     parts: np.recarray, palette: np.ndarray,
                     classes: Sequence[str]) -> None:
    """A person and a bar for each part's pixel score, diamond: true IoU."""
    left, right = axes[0]
    _show(left, picture)
    pixels, rows = parts.scores[:, 2], np.arange(len(parts))
    colours = palette[parts.labels] / 255
    right.barh(rows, np.nan_to_num(pixels), .72, color=colours)
    for row, value in zip(rows, pixels):
        right.text(1.05, row, format_number(value), va='center', **SMALL)
    diamonds = dict(_DOTS, marker='D', color=INK, linestyle='')
    right.plot(parts.true_ious, rows, **diamonds)
    right.set_yticks(rows, [classes[label] for label in parts.labels])
    right.set(xlim=(0, 1.2), xticks=np.arange(6) / 5)
    right.grid(False, axis='y')
    right.invert_yaxis()
    right.set_xlabel('bar: pixel score, diamond: true IoU', fontsize=8)
    iou, *scores = map(format_number, (person.true_ious, *person.scores))
    right.figure.suptitle(
        f'image {person.image_ids}, person {person.positions + 1}: '
        f'true IoU {iou}\nbox {scores[0]}   IoU {scores[1]}   '
        f'pixel {scores[2]}   quality {scores[3]}',
        fontsize=9,
        color=INK)


def fill_confidence(axes: np.ndarray, photo: np.ndarray, parsed: np.ndarray,
                    probs: np.ndarray, thrs: Sequence[float]) -> None:
    """Photo, winning probability, parsing result and what is sure of it.

    Above each mask stands the pixel score at T, which is the mean probability
    of what is left; pixels below T are black.
    """
    row = axes[0]
    _show(row[0], photo, 'input')
    image = _show(row[1], probs, 'probability', cmap='viridis', vmin=0, vmax=1)
    # On the whole row, so that it shrinks all panels alike.
    row[0].figure.colorbar(image, ax=row, fraction=.012, pad=.005)
    _show(row[2], parsed, 'parsing result')
    for panel, thr in zip(row[3:], thrs):
        sure = probs >= thr
        score = float(probs[sure].mean()) if sure.any() else 0.
        title = (f'T = {thr:g}: {100 * sure.mean():.0f} % left\n'
                 f'pixel score {score:.3f}')
        _show(panel, np.where(sure[..., None], parsed, 0), title)


def fill_panels(axes: np.ndarray, rows: Sequence[Sequence[np.ndarray]],
                heads: Sequence[str], notes: Sequence[Sequence[str]]) -> None:
    """Pictures, RGB uint8, in a table with heads and a note in each corner."""
    look = dict(facecolor='white', edgecolor='none', alpha=.8, pad=1.5)
    for panels, pictures, texts in zip(axes, rows, notes):
        for panel, picture, text in zip(panels, pictures, texts):
            _show(panel, picture)
            if text:
                where = dict(ha='left', va='bottom', transform=panel.transAxes)
                panel.text(.02, .02, text, bbox=look, **where, **SMALL)
    for panel, head in zip(axes[0], heads):
        title = textwrap.fill(head, 30)  # of file names, without blanks
        panel.set_title(title, fontsize=9, parse_math=False)


def _show(axes: Axes, picture: np.ndarray, title: str = '', **how: Any) -> Any:
    axes.set_title(title, fontsize=9)
    axes.axis('off')
    return axes.imshow(picture, **how)
