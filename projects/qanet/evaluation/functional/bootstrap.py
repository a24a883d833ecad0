# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""How far the metrics depend on which images happen to be in a data set.

The bootstrap of Efron (1979): n images are drawn from n with replacement, and
the metrics computed again, many times. Images are drawn whole, as the persons
of one image are not independent. Two methods that are evaluated on the same
draws have paired differences, whose interval is much narrower than those of
the methods.
"""
from typing import Dict, Sequence, Tuple

import numpy as np

from projects.qanet.utils.errors import InputError
from .image_statistics import METRICS, ImageStatistics
from .protocols import Protocol
from .summary import summarize_samples


def draw_counts(num_images: int,
                num_samples: int = 1000,
                seed: int = 0) -> np.ndarray:
    """How often each sample draws each image, (S, n) int64; rows sum up to n.

    The same arguments draw the same. Raises an InputError if there is no
    sample to draw or the seed is negative.
    """
    if num_samples < 1 or seed < 0:
        raise InputError(
            'a bootstrap needs at least 1 sample and a seed >= 0, '
            f'not {num_samples} and {seed}')
    rng = np.random.default_rng(seed)
    counts = np.empty((num_samples, num_images), np.int64)
    for row in counts:
        drawn = rng.integers(num_images, size=num_images)
        row[:] = np.bincount(drawn, minlength=num_images)
    return counts


def bootstrap_metrics(images: Sequence[ImageStatistics],
                      classes: Sequence[str],
                      protocol: Protocol,
                      metrics: Tuple[str, ...] = METRICS,
                      num_samples: int = 1000,
                      seed: int = 0) -> Dict[str, np.ndarray]:
    """The metrics of resampled data sets, (S,) float64 each, percent.

    Statistics of another method of the same images (by id, whatever their
    order) are drawn alike, so that differences are paired. Arguments, keys
    and values are those of
    :func:`~projects.qanet.evaluation.functional.summarize`; raises a
    ValueError as it does, else an InputError as :func:`draw_counts`.
    """
    images = sorted(images, key=lambda image: image.image_id)
    counts = draw_counts(len(images), num_samples, seed)
    return summarize_samples(images, counts, classes, protocol, metrics)


def percentile_interval(samples: np.ndarray,
                        level: float = .95) -> Tuple[float, float]:
    """The interval that holds the middle ``level`` of samples, (S,).

    NaN if any sample is undefined: so rare a thing has no interval.
    """
    if np.isnan(samples).any():
        return float('nan'), float('nan')
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
