# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From the images' statistics to precision, recall and the 18 metrics."""
from typing import Dict, Iterable, NamedTuple

import numpy as np

from projects.qanet.evaluation.functional.report import format_value
from projects.qanet.utils.tables import format_table
from .matching import AREAS, THRESHOLDS, ImageStatistics

#: Recalls at which precision is read.
RECALLS = np.linspace(0, 1, 101)
_ALL, _MEDIUM, _LARGE = (
    list(AREAS).index(name) for name in ('all', 'medium', 'large'))
_LEVELS = tuple(f'{100 * threshold:.0f}' for threshold in THRESHOLDS)
#: Names of the metrics, see :func:`summarize_curves`.
METRIC_KEYS = ('AP', *(f'AP{level}' for level in _LEVELS), 'APm', 'APl', 'AR',
               'AR50', 'AR75', 'ARm', 'ARl')
# How many of them are in each line of the table.
_LINES = (6, 7, 5)
#: What precedes the names.
PREFIX = 'densepose'


class Curves(NamedTuple):
    """Of T thresholds and A ranges of areas; NaN where there is nobody."""
    precisions: np.ndarray  # at the recalls, (T, 101, A) in [0, 1]
    recalls: np.ndarray  # highest ones, (T, A) in [0, 1]


def accumulate(statistics: Iterable[ImageStatistics]) -> Curves:
    """Rank the detections of all images, at least one, as COCO does.

    Of equal scores, those of lower image ids come first.
    """
    images = sorted(statistics, key=lambda image: image.image_id)
    scores = np.concatenate([image.scores for image in images])
    order = np.argsort(-scores, kind='stable')
    found, ignored = (
        np.concatenate([getattr(image, name)
                        for image in images], axis=2)[..., order]
        for name in ('found', 'ignored'))
    numbers = sum(image.num_persons for image in images)
    precisions = np.full((len(THRESHOLDS), len(RECALLS), len(AREAS)), np.nan)
    recalls = np.full((len(THRESHOLDS), len(AREAS)), np.nan)
    for area in np.flatnonzero(numbers):
        right = np.cumsum(found[area] & ~ignored[area], axis=1)
        wrong = np.cumsum(~found[area] & ~ignored[area], axis=1)
        for t, (hits, misses) in enumerate(zip(right, wrong)):
            precisions[t, :, area], recalls[t, area] = _read_curve(
                hits, misses, numbers[area])
    return Curves(precisions, recalls)


def _read_curve(hits: np.ndarray, misses: np.ndarray, number: int) -> tuple:
    """Precision at the recalls, 0 beyond the highest recall, and that one."""
    recall = hits / number
    precision = hits / (hits + misses + np.spacing(1))
    # What is reached at a higher recall counts at a lower one, too.
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, RECALLS)
    return np.append(envelope, 0.)[places], np.append(0., recall)[-1]


def summarize_curves(curves: Curves) -> Dict[str, float]:
    """The 18 metrics of COCO DensePose, in percent, NaN if undefined.

    ``AP``, at single thresholds ``AP50, AP55, ... AP95``, of medium and large
    persons ``APm, APl``; likewise ``AR, AR50, AR75, ARm, ARl``.
    """
    precisions, recalls = curves
    by_level = precisions[..., _ALL].mean(axis=1)
    found = (precisions[..., _ALL].mean(), *by_level,
             precisions[..., _MEDIUM].mean(), precisions[..., _LARGE].mean(),
             recalls[:, _ALL].mean(), recalls[_LEVELS.index('50'), _ALL],
             recalls[_LEVELS.index('75'),
                     _ALL], recalls[:, _MEDIUM].mean(), recalls[:,
                                                                _LARGE].mean())
    return {key: 100 * float(one) for key, one in zip(METRIC_KEYS, found)}


def format_metrics(values: Dict[str, float], mode: str) -> str:
    """Tables of precision and recall under a line that names the mode."""
    names = dict(
        GPSm='geodesic point similarity and mask IoU',
        GPS='geodesic point similarity',
        IOU='mask IoU')
    blocks = [f'{mode}: {names[mode]}, in percent']
    keys = list(values)
    for number in _LINES:
        line, keys = keys[:number], keys[number:]
        cells = [format_value(values, key) for key in line]
        blocks.append(format_table(line, [cells]))
    return '\n'.join(blocks)
