# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Mask AP with and without QAM over several trained networks, as tables."""
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np
from pycocotools.coco import COCO

from .instance_quality import (HIT_IOU, MaskRanking, correlate, make_scorings,
                               name_weights)

METRICS = ('AP', 'AP50', 'AP75')


def evaluate_run(
    truth: COCO,
    records: Sequence[Dict[str, Any]],
    box_scores: np.ndarray,
    pixel_scores: Mapping[str, np.ndarray],
    gammas: Sequence[float] = (1., )
) -> Dict[str, Any]:
    """Score the masks of one network in several ways.

    Args:
        truth (COCO): Ground truth with masks.
        records (Sequence[dict]): COCO results with masks, N of them.
        box_scores (np.ndarray): Box or class scores, (N,).
        pixel_scores (Mapping[str, np.ndarray]): Pixel scores, (N,) for each
            form, see :func:`make_scorings`.
        gammas (Sequence[float]): Weights of the pixel score, see there.

    Returns:
        dict: ``count`` of results and of ``hits``; ``AP`` and ``gain`` over
        the own score, scoring -> metric -> percent; ``correlation``, score
        -> figure of :func:`correlate`.

    Raises:
        InputError: If results and ground truth do not fit.
    """
    ranking = MaskRanking(truth, records)
    scorings = make_scorings(box_scores, pixel_scores, ranking.true_ious,
                             gammas)
    precisions = {
        name: ranking.average_precision(scores)
        for name, scores in scorings.items()
    }
    own = precisions['own score']
    gains = {
        name: {
            key: value - own[key]
            for key, value in metrics.items()
        }
        for name, metrics in precisions.items() if name != 'own score'
    }
    scores = {
        name: scorings[name]
        for name in ('own score', 'box score only') if name in scorings
    }
    for form, pixels in pixel_scores.items():
        scores[f'pixel score, {form}'] = pixels
    scores.update((f'QAM, {name}', scorings[name]) for name in scorings
                  if name.endswith(name_weights(1)))
    return dict(
        count=len(records),
        hits=int((ranking.true_ious >= HIT_IOU).sum()),
        AP=precisions,
        gain=gains,
        correlation={
            name: correlate(np.asarray(values), ranking.true_ious)
            for name, values in scores.items()
        })


def aggregate(runs: Sequence[Any]) -> Any:
    """Bring equal documents of several runs together, number by number.

    Args:
        runs (Sequence): Nested dictionaries of numbers with equal keys.

    Returns:
        dict: The same keys; each number becomes ``mean``, ``std`` (of the
        sample, so NaN for a single run) and ``values``, NaN where one of
        them is NaN.

    Examples:
        >>> aggregate([dict(AP=30.), dict(AP=34.)])['AP']['mean']
        32.0
    """
    if isinstance(runs[0], Mapping):
        return {key: aggregate([run[key] for run in runs]) for key in runs[0]}
    values = [float(value) for value in runs]
    std = float(np.std(values, ddof=1)) if len(values) > 1 else float('nan')
    return dict(mean=float(np.mean(values)), std=std, values=values)


def format_study(models: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the tables of a study.

    Args:
        models (Mapping[str, dict]): What :func:`aggregate` made of the runs
            of each model.

    Returns:
        str: Markdown: per model the mask AP by scoring, with the gain over
        the model's own score, and the correlations with the true IoU.
    """
    parts: List[str] = []
    for name, summary in models.items():
        runs = len(summary['count']['values'])
        parts += [
            f'## {name}', f'{runs} runs, {summary["count"]["mean"]:.0f} masks '
            f'each on average, {summary["hits"]["mean"]:.0f} of them with a '
            f'true IoU of at least {HIT_IOU}. Mean ± standard deviation over '
            'the runs; gains are differences within a run, against the own '
            'score.',
            _precision_table(summary),
            _correlation_table(summary['correlation'])
        ]
    return '\n\n'.join(parts) + '\n'


def _precision_table(summary: Mapping[str, Any]) -> str:
    head = ['masks ranked by']
    for metric in METRICS:
        head += [metric, 'gain']
    rows = []
    for name, metrics in summary['AP'].items():
        row = [name]
        for metric in METRICS:
            gain = summary['gain'].get(name, {}).get(metric)
            row += [
                _cell(metrics[metric], '{:.2f}'),
                '' if gain is None else _cell(gain, '{:+.2f}')
            ]
        rows.append(row)
    return _table(head, rows)


def _correlation_table(correlation: Mapping[str, Any]) -> str:
    keys = list(next(iter(correlation.values())))
    titles = dict(
        spearman='Spearman',
        pearson='Pearson',
        spearman_hits='Spearman, hits',
        pearson_hits='Pearson, hits')
    rows = [[name] + [_cell(values[key], '{:.3f}') for key in keys]
            for name, values in correlation.items()]
    return _table(['correlation with the true IoU'] +
                  [titles[key] for key in keys], rows)


def _cell(value: Mapping[str, float], style: str) -> str:
    if np.isnan(value['mean']):
        return '-'
    text = style.format(value['mean'])
    if np.isnan(value['std']):
        return text
    return f'{text} ± {style.replace("+", "").format(value["std"])}'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ['---'] + ['---:'] * (len(head) - 1), *rows]
    return '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)
