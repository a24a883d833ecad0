# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Several methods on the same images: whose metrics differ, and where."""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.utils.tables import format_table
from ..functional.bootstrap import bootstrap_metrics, percentile_interval
from ..functional.evaluator import ParsingEvaluator
from ..functional.image_statistics import ImageStatistics
from ..functional.overlaps import divide, mean_ious
from ..functional.protocols import Protocol
from ..functional.report import SUMMARY_KEYS
from ..functional.summary import summarize

#: Share of the samples that an interval holds.
LEVEL = .95
Cell = Tuple[str, bool]  # text and whether to mark it


class Method(NamedTuple):
    """What one method predicted for a data set."""
    evaluator: ParsingEvaluator
    #: Of :meth:`ParsingEvaluator.complete`.
    statistics: List[ImageStatistics]


class Estimate(NamedTuple):
    """A value, percent, and its interval; NaN where undefined."""
    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval lies on one side of 0."""
        return self.low > 0 or self.high < 0


class Comparison(NamedTuple):
    """All figures of M methods on n images.

    ``metrics`` are the estimates of all keys of
    :func:`~projects.qanet.evaluation.functional.summarize`, by method;
    ``differences`` those of each method but the first, minus the first's, for
    the keys that both have. ``image_ids`` are sorted by the ``spreads`` (n,),
    largest minus smallest, of ``part_ious`` (n, M), :func:`mean_part_ious`:
    where methods differ most comes first, of equal ones the lower id, images
    that nobody predicted anything for (NaN) last. ``num_predicted`` says for
    how many images each method has predictions, ``num_unequal`` for how many
    some have and others not.
    """
    metrics: Dict[str, Dict[str, Estimate]]
    differences: Dict[str, Dict[str, Estimate]]
    image_ids: List[int]
    part_ious: np.ndarray
    spreads: np.ndarray
    num_predicted: Dict[str, int]
    num_unequal: int
    num_samples: int
    seed: int


def mean_part_ious(confusions: Sequence[Optional[np.ndarray]]) -> np.ndarray:
    """How well M methods parse one image, (M,) float64, 0..1.

    The mean IoU in the global map over the part classes (not the background)
    that the truth or the method shows; 1 if neither shows any. ``confusions``
    are pixels by true and predicted class, (C, C), or None for a method
    without predictions, whose map is background. NaN if nobody has any.
    """
    known = [confusion for confusion in confusions if confusion is not None]
    if not known:
        return np.full(len(confusions), np.nan)
    nothing = np.zeros_like(known[0])
    nothing[:, 0] = known[0].sum(axis=1)
    pixels = np.stack([nothing if c is None else c for c in confusions])
    hits = np.diagonal(pixels, axis1=1, axis2=2)
    unions = pixels.sum(axis=1) + pixels.sum(axis=2) - hits
    means = mean_ious(divide(hits, unions)[:, 1:])
    return np.where(np.isnan(means), 1., means)


def compare_methods(methods: Dict[str, Method],
                    num_samples: int = 1000,
                    seed: int = 0) -> Comparison:
    """Compare methods, by name, the first with all others.

    Their evaluators, which measure mIoU at least, are of the same data set and
    protocol. Samples are paired: each is the same images for all methods.
    Raises an InputError as
    :func:`~projects.qanet.evaluation.functional.draw_counts`.
    """
    metrics, samples = {}, {}
    for name, (evaluator, statistics) in methods.items():
        how = (statistics, evaluator.classes, evaluator.protocol,
               evaluator.metrics)
        samples[name] = bootstrap_metrics(
            *how, num_samples=num_samples, seed=seed)
        metrics[name] = {
            key: _estimate(value, samples[name][key])
            for key, value in summarize(*how).items()
        }
    first, *others = methods
    differences = {
        name: {
            key:
            _estimate(mine.value - metrics[first][key].value,
                      samples[name][key] - samples[first][key])
            for key, mine in metrics[name].items() if key in metrics[first]
        }
        for name in others
    }
    lists = [method.statistics for method in methods.values()]
    ious = np.array([
        mean_part_ious([image.confusion for image in images])
        for images in zip(*lists)
    ])
    spreads = ious.max(axis=1) - ious.min(axis=1)
    order = np.argsort(-spreads, kind='stable')  # NaN goes to the end
    predicted = np.array([[image.has_predictions for image in images]
                          for images in lists])
    some, every = predicted.any(axis=0), predicted.all(axis=0)
    return Comparison(
        metrics=metrics,
        differences=differences,
        image_ids=[lists[0][i].image_id for i in order],
        part_ious=ious[order],
        spreads=spreads[order],
        num_predicted=dict(zip(methods,
                               predicted.sum(axis=1).tolist())),
        num_unequal=int((some & ~every).sum()),
        num_samples=num_samples,
        seed=seed)


def _estimate(value: float, samples: np.ndarray) -> Estimate:
    return Estimate(value, *percentile_interval(samples, LEVEL))


def comparison_table(
        comparison: Comparison) -> Tuple[List[str], List[List[Cell]]]:
    """Head and rows: headline metrics, and clear differences marked."""
    first, *others = comparison.metrics
    head = ['metric', first]
    for name in others:
        head += [name, 'difference', f'{100 * LEVEL:g} % interval']
    rows = []
    for key in SUMMARY_KEYS:
        found = [mine.get(key) for mine in comparison.metrics.values()]
        if not any(found):
            continue
        row = [(key, False), (_value(found[0]), False)]
        for name, mine in zip(others, found[1:]):
            row.append((_value(mine), False))
            change = comparison.differences[name].get(key)
            clear = change is not None and change.is_clear
            row += [(_value(change, '+'), False), (_interval(change), clear)]
        rows.append(row)
    return head, rows


def _value(estimate: Optional[Estimate], sign: str = '') -> str:
    if estimate is None or np.isnan(estimate.value):
        return '-'
    return f'{estimate.value:{sign}.2f}'


def _interval(estimate: Optional[Estimate]) -> str:
    if estimate is None or np.isnan(estimate.low):
        return '-'
    return f'{estimate.low:+.2f} .. {estimate.high:+.2f}'


def format_comparison(comparison: Comparison) -> str:
    """The table for the terminal, under what it is made of."""
    head, rows = comparison_table(comparison)
    texts = [[text + ' *' * marked for text, marked in row] for row in rows]
    first = next(iter(comparison.metrics))
    return (f'Differences to {first}. {describe_bootstrap(comparison)}\n'
            '*: the interval lies on one side of 0\n'
            f'{format_table(head, texts)}')


def describe_bootstrap(comparison: Comparison) -> str:
    """Where the intervals come from, in one sentence."""
    return (f'Paired bootstrap of {len(comparison.image_ids)} images, '
            f'{comparison.num_samples} samples, seed {comparison.seed}.')


def warn_of_images(comparison: Comparison, protocol: Protocol) -> str:
    """What to beware of if not all methods predict for the same images."""
    if (comparison.num_unequal == 0
            or protocol.counts_images_without_predictions):
        return ''
    return (f'For {comparison.num_unequal} of {len(comparison.image_ids)} '
            'images some methods have no prediction: the released protocol '
            'leaves these images out of their mIoU, AP^r and AP^h, so the '
            'methods are not compared on the same images there.')


def comparison_document(comparison: Comparison) -> Dict[str, Any]:
    """Lay a comparison out for a JSON file; undefined figures are NaN.

    It has ``metrics`` and ``differences`` (percent, with ``low`` and ``high``
    ends of the intervals), ``num_predicted_images``, ``bootstrap`` and,
    sorted, all ``images``.
    """
    names = list(comparison.metrics)

    def plain(groups: Dict[str, Dict[str, Estimate]]) -> Dict[str, Any]:
        return {
            name: {
                key: estimate._asdict()
                for key, estimate in group.items()
            }
            for name, group in groups.items()
        }

    images = zip(comparison.image_ids, comparison.spreads,
                 comparison.part_ious.tolist())
    return dict(
        bootstrap=dict(
            num_samples=comparison.num_samples,
            seed=comparison.seed,
            level=LEVEL),
        metrics=plain(comparison.metrics),
        differences=plain(comparison.differences),
        num_predicted_images=comparison.num_predicted,
        images=[
            dict(
                image_id=image_id,
                spread=spread,
                mean_part_iou=dict(zip(names, ious)))
            for image_id, spread, ious in images
        ])
