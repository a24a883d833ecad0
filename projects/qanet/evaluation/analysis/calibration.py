# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Does a score say how good a mask is, in numbers and not just in order?"""
from typing import NamedTuple

import numpy as np

from projects.qanet.utils.errors import InputError


class ReliabilityBins(NamedTuple):
    """Predictions gathered by their score in B bins of equal width.

    Attributes:
        edges (np.ndarray): Borders of the bins from 0 to 1, (B + 1,) float64.
        counts (np.ndarray): Predictions in each bin, (B,) int64.
        mean_scores (np.ndarray): Their mean score, (B,) float64, NaN in an
            empty bin.
        mean_ious (np.ndarray): Their mean true IoU, (B,) float64, NaN in an
            empty bin.
    """
    edges: np.ndarray
    counts: np.ndarray
    mean_scores: np.ndarray
    mean_ious: np.ndarray


def reliability_bins(scores: np.ndarray,
                     ious: np.ndarray,
                     num_bins: int = 10) -> ReliabilityBins:
    """Gather predictions by their score.

    A score on a border belongs to the upper bin, 1 and more to the last one.

    Args:
        scores (np.ndarray): Scores >= 0 without NaN, (S,).
        ious (np.ndarray): True IoUs, (S,).
        num_bins (int): Number B of bins. Defaults to 10.

    Returns:
        ReliabilityBins: The bins.

    Raises:
        InputError: If there is no bin.
        ValueError: If the two are not of one length.
    """
    if num_bins < 1:
        raise InputError(f'num_bins must be >= 1, but got {num_bins}')
    if np.shape(scores) != np.shape(ious):
        raise ValueError(f'{np.shape(scores)} scores and {np.shape(ious)} '
                         'IoUs cannot be paired')
    # Quotients, so that a score of 0.3 meets the border 0.3.
    edges = np.arange(num_bins + 1) / num_bins
    bins = np.searchsorted(edges, scores, side='right') - 1
    bins = np.clip(bins, 0, num_bins - 1)
    counts = np.bincount(bins, minlength=num_bins)
    means = [
        np.divide(
            np.bincount(bins, weights=values, minlength=num_bins),
            counts,
            out=np.full(num_bins, np.nan),
            where=counts > 0) for values in (scores, ious)
    ]
    return ReliabilityBins(edges, counts, *means)


def expected_calibration_error(bins: ReliabilityBins) -> float:
    """Mean distance between score and true IoU, bin by bin.

    Args:
        bins (ReliabilityBins): Of :func:`reliability_bins`.

    Returns:
        float: ``sum_b n_b / n * |mean score - mean IoU|``, 0..1; NaN without
        predictions.
    """
    total = bins.counts.sum()
    if total == 0:
        return float('nan')
    filled = bins.counts > 0
    gaps = np.abs(bins.mean_scores - bins.mean_ious)[filled]
    return float((bins.counts[filled] * gaps).sum() / total)
