# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Plots of a study, each a PNG file in memory."""
from typing import Dict, List, Sequence

import numpy as np
from matplotlib.axes import Axes

from .agreement import Agreement, score_agreements
from .charts import (FAINT, INK, SCORE_COLOURS, SCORE_TITLES, new_figure, tidy,
                     to_png)
from .precision_recall import RECALLS
from .samples import SCORE_NAMES, QualitySamples
from .study import QualityStudy

# Above this, single points hide each other and density tells more.
MAX_POINTS = 2000


def plot_reliability(samples: QualitySamples, num_bins: int = 10) -> bytes:
    """Each score against the true IoU, with its reliability diagram.

    Args:
        samples (QualitySamples): Persons or parts.
        num_bins (int): Bins of the diagram. Defaults to 10.

    Returns:
        bytes: A PNG file.
    """
    figure = new_figure(12.4, 4)
    rows = figure.subplots(
        2,
        len(SCORE_NAMES),
        sharex=True,
        sharey='row',
        height_ratios=(5, 1),
        squeeze=False)
    agreements = score_agreements(samples, num_bins)
    for k, name in enumerate(SCORE_NAMES):
        _plot_points(rows[0, k], samples.scores[:, k], samples.true_ious, name)
        _plot_bins(rows[0, k], agreements[name], name)
        _plot_counts(rows[1, k], agreements[name], name)
    rows[0, 0].set_ylabel('true IoU', color=INK)
    rows[1, 0].set_ylabel('share', color=INK, fontsize=8)
    return to_png(figure)


def _plot_points(axes: Axes, scores: np.ndarray, ious: np.ndarray,
                 name: str) -> None:
    """All predictions, as points or as a density."""
    tidy(axes)
    axes.plot([0, 1], [0, 1], color=FAINT, linestyle='--', linewidth=1)
    defined = ~np.isnan(scores)
    scores, ious = np.clip(scores[defined], 0, 1), ious[defined]
    if len(scores) > MAX_POINTS:
        axes.hexbin(
            scores,
            ious,
            gridsize=32,
            extent=(0, 1, 0, 1),
            bins='log',
            cmap='Greys',
            mincnt=1,
            linewidths=0,
            alpha=.55)
    else:
        axes.scatter(
            scores,
            ious,
            s=12 if len(scores) < 300 else 6,
            color=SCORE_COLOURS[name],
            alpha=.3,
            linewidths=0)
    axes.set(xlim=(-.02, 1.02), ylim=(-.02, 1.02))


def _plot_bins(axes: Axes, agreement: Agreement, name: str) -> None:
    """Mean true IoU of each bin; a perfect score lies on the diagonal."""
    axes.plot(
        agreement.bins.mean_scores,
        agreement.bins.mean_ious,
        color=SCORE_COLOURS[name],
        marker='o',
        markersize=5,
        markeredgecolor='white',
        linewidth=1.8)
    axes.set_title(
        f'{SCORE_TITLES[name]}\nSpearman {number(agreement.spearman)}   '
        f'ECE {number(agreement.calibration_error)}',
        fontsize=10,
        color=INK)


def _plot_counts(axes: Axes, agreement: Agreement, name: str) -> None:
    """Share of the predictions in each bin."""
    tidy(axes)
    bins = agreement.bins
    axes.bar(
        bins.edges[:-1],
        bins.counts / max(1, agreement.count),
        width=np.diff(bins.edges) * .92,
        align='edge',
        color=SCORE_COLOURS[name],
        alpha=.7)
    axes.set_xlabel(
        f'{SCORE_TITLES[name]}  (n = {agreement.count})', fontsize=9)


def plot_precisions(study: QualityStudy) -> bytes:
    """AP over the IoU threshold, one line for each score that ranks.

    Args:
        study (QualityStudy): The study.

    Returns:
        bytes: A PNG file.
    """
    figure = new_figure(12.4, 3.3)
    panels = figure.subplots(1, 3, squeeze=False)[0]
    titles = (('APp', 'AP$^p$, persons by part maps'),
              ('APr', 'AP$^r$, part regions'), ('APh',
                                                'AP$^h$, whole-person masks'))
    for axes, (key, title) in zip(panels, titles):
        tidy(axes)
        for name, ranking in study.rankings.items():
            thresholds = sorted(
                int(other.split('_')[1]) for other in ranking.values
                if other.startswith(f'{key}_'))
            axes.plot([t / 100 for t in thresholds],
                      [ranking.values[f'{key}_{t}'] for t in thresholds],
                      marker='o',
                      markersize=3.5,
                      color=SCORE_COLOURS[name],
                      label=f'{SCORE_TITLES[name]}  '
                      f'(mean {number(ranking.values[key], 1)})')
        axes.set_title(title, fontsize=10, color=INK)
        axes.set_xlabel('IoU threshold', fontsize=9)
        axes.set_ylim(bottom=0)
        _legend(axes)
    panels[0].set_ylabel('AP [%]', fontsize=9)
    return to_png(figure)


def plot_precision_recall(study: QualityStudy) -> bytes:
    """Precision over recall of persons and parts at each threshold.

    Args:
        study (QualityStudy): The study.

    Returns:
        bytes: A PNG file.
    """
    thresholds: Sequence[float] = ()
    for ranking in study.rankings.values():
        thresholds = list(ranking.person_curves)
    panels = [(kind, t) for kind in ('person', 'part') for t in thresholds]
    figure = new_figure(12.4, 3.3)
    row = figure.subplots(1, max(1, len(panels)), sharey=True, squeeze=False)
    for axes, (kind, threshold) in zip(row[0], panels):
        tidy(axes)
        for name, ranking in study.rankings.items():
            curve = getattr(ranking, f'{kind}_curves')[threshold]
            axes.plot(
                RECALLS,
                curve,
                color=SCORE_COLOURS[name],
                label=SCORE_TITLES[name])
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xticks=np.arange(0, 1, .2))
        axes.set_title(f'{kind}s, IoU > {threshold:g}', fontsize=10, color=INK)
        axes.set_xlabel('recall', fontsize=9)
    row[0, 0].set_ylabel('precision', fontsize=9)
    _legend(row[0, 0])
    return to_png(figure)


def plot_correlations(groups: Dict[str, QualitySamples]) -> bytes:
    """Spearman's correlation of each score, as bars.

    Args:
        groups (dict[str, QualitySamples]): Samples by the group's title.

    Returns:
        bytes: A PNG file.
    """
    figure = new_figure(6.4, 2.7)
    axes = figure.subplots()
    tidy(axes)
    axes.grid(False, axis='x')
    width = .8 / len(SCORE_NAMES)
    for k, name in enumerate(SCORE_NAMES):
        values = [
            score_agreements(samples)[name].spearman
            for samples in groups.values()
        ]
        places = np.arange(len(groups)) + (k - 1.5) * width
        axes.bar(
            places,
            np.nan_to_num(values),
            width * .92,
            color=SCORE_COLOURS[name],
            label=SCORE_TITLES[name])
        for place, value in zip(places, values):
            axes.annotate(
                number(value), (place, max(0, np.nan_to_num(value))), (0, 2),
                textcoords='offset points',
                ha='center',
                fontsize=8,
                color=INK)
    axes.axhline(0, color=INK, linewidth=.8)
    axes.set_xticks(range(len(groups)), list(groups))
    axes.set_ylabel('Spearman', fontsize=9)
    low, high = axes.get_ylim()
    axes.set_ylim(min(0, 1.2 * low), max(.5, 1.1 * high))
    figure.legend(
        loc='outside right center', fontsize=8, frameon=False, labelcolor=INK)
    return to_png(figure)


def plot_confusion(confusion: np.ndarray, classes: Sequence[str]) -> bytes:
    """Which class the pixels of each class went to.

    Args:
        confusion (np.ndarray): Pixels by true and predicted class, (C, C).
        classes (Sequence[str]): Names of the classes.

    Returns:
        bytes: A PNG file. Rows are shares in percent; classes without pixels
        are empty rows.
    """
    totals = confusion.sum(axis=1, keepdims=True)
    shares = 100 * confusion / np.maximum(totals, 1)
    side = min(16., 3 + .38 * len(classes))
    figure = new_figure(side, side * .88)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap='Purples', vmin=0, vmax=100)
    figure.colorbar(
        image,
        ax=axes,
        shrink=.5,
        aspect=35,
        pad=.02,
        label="share of the true class's pixels [%]")
    ticks = range(len(classes))
    axes.set_xticks(ticks, classes, rotation=60, ha='right', fontsize=8)
    axes.set_yticks(ticks, classes, fontsize=8)
    axes.set_xlabel('predicted', fontsize=9)
    axes.set_ylabel('true', fontsize=9)
    if len(classes) <= 25:
        _write_shares(axes, shares)
    return to_png(figure)


def _write_shares(axes: Axes, shares: np.ndarray) -> None:
    """Numbers in the cells that round to 1 % or more."""
    for row, column in zip(*np.nonzero(shares >= .5)):
        value = shares[row, column]
        axes.text(
            column,
            row,
            f'{value:.0f}',
            ha='center',
            va='center',
            fontsize=7.5,
            color='white' if value > 55 else INK)


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False, labelcolor=INK)


def number(value: float, digits: int = 2) -> str:
    """A number for people.

    Args:
        value (float): Maybe NaN.
        digits (int): Behind the point. Defaults to 2.

    Returns:
        str: '-' where undefined.
    """
    return '-' if np.isnan(value) else f'{value:.{digits}f}'


def present_classes(study: QualityStudy) -> List[int]:
    """Classes with a pixel in the truth or in the global maps.

    Args:
        study (QualityStudy): The study.

    Returns:
        list[int]: Ascending.
    """
    sums = study.confusion.sum(axis=0) + study.confusion.sum(axis=1)
    return np.flatnonzero(sums).tolist()
