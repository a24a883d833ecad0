# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The metrics of many quality weights, from persons measured once."""
from itertools import product
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.ground_truth import LabelRuns
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.parallel import map_in_order
from .evaluator import ParsingEvaluator
from .image_statistics import reduce_image
from .scores import fuse_ingredients, read_ingredients
from .segments import merge_segments
from .summary import summarize

Weights = Tuple[float, float, float]

#: More points than this are a slip in the step.
MAX_POINTS = 100_000


def weight_grid(start: float = 0.,
                stop: float = 3.,
                step: float = .5) -> List[Weights]:
    """Every combination of equally spaced weights >= 0 but (0, 0, 0).

    Raises an InputError if nothing is left, a number makes no sense or there
    are more than 100,000 points.
    """
    if not (np.isfinite([start, stop, step]).all() and 0 <= start <= stop
            and step > 0):
        raise InputError('a grid goes from a number >= 0 up to one that is '
                         'not lower, in steps > 0, not '
                         f'from {start} to {stop} in steps of {step}')
    num_points = min((stop - start) / step + 1, 1e9)**3
    if num_points > MAX_POINTS:
        raise InputError(
            f'a grid from {start} to {stop} in steps of {step} has about '
            f'{num_points:,.0f} points, allowed are {MAX_POINTS:,}')
    # The small term keeps the end in spite of rounding.
    count = int((stop - start) / step + 1e-6) + 1
    values = [round(float(start + i * step), 10) for i in range(count)]
    grid = [weights for weights in product(values, repeat=3) if any(weights)]
    if not grid:
        raise InputError('the only weights of the grid are all 0')
    return grid


class WeightSearch:
    """Evaluates the same predictions with many quality weights.

    Each value equals what :meth:`ParsingEvaluator.evaluate` gives with these
    weights; arguments and errors are those of :meth:`ParsingEvaluator.group`.
    """

    def __init__(self,
                 evaluator: ParsingEvaluator,
                 records: Sequence[Dict[str, Any]],
                 source: str = 'results') -> None:
        self.classes = evaluator.classes
        self.protocol = evaluator.protocol
        self.thresholds = evaluator.thresholds
        self.metrics = tuple(metric for metric in evaluator.metrics
                             if metric != 'mIoU')
        self._images = []
        unpredicted = set(evaluator.images)
        for image_id, mine, places in evaluator.group(records, source):
            unpredicted.remove(image_id)
            overlaps = evaluator.measure(
                image_id, evaluator.decode(image_id, mine, places))
            # Of the truth segments have all but the list of instances.
            overlaps = overlaps._replace(
                segments=merge_segments(overlaps.segments),
                truth=LabelRuns(*np.zeros((4, 0), int), *overlaps.truth[4:]))
            ingredients = read_ingredients(mine, len(self.classes))
            self._images.append((overlaps, ingredients, places))
        self._unpredicted = [
            evaluator.process_records((image_id, [], []))
            for image_id in unpredicted
        ]
        # The global map follows the box score alone.
        fixed = tuple(set(evaluator.metrics) - set(self.metrics))
        self._fixed = self._summarize((1., 0., 0.), fixed)

    def _summarize(self, weights: Weights,
                   metrics: Tuple[str, ...]) -> Dict[str, float]:
        if not metrics:
            return {}
        statistics = self._unpredicted + [
            reduce_image(overlaps,
                         fuse_ingredients(ingredients, weights, places),
                         self.protocol, self.thresholds, metrics)
            for overlaps, ingredients, places in self._images
        ]
        return summarize(statistics, self.classes, self.protocol, metrics)

    def evaluate(self, weights: Weights) -> Dict[str, float]:
        """The metrics for one choice; raises as :func:`read_scores`."""
        return {**self._fixed, **self._summarize(weights, self.metrics)}

    def evaluate_all(self,
                     points: Sequence[Weights],
                     num_workers: int = 0) -> List[Dict[str, float]]:
        """The metrics for many choices, in so many further processes."""
        return list(map_in_order(self.evaluate, points, num_workers))


def best_point(values: Sequence[Dict[str, float]], key: str) -> Optional[int]:
    """Position of the first highest value, None if all are undefined."""
    column = np.array([point.get(key, np.nan) for point in values])
    return None if np.isnan(column).all() else int(np.nanargmax(column))
