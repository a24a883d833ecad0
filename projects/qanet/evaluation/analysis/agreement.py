# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""How well each score agrees with the true IoU, in a few figures."""
from typing import Dict, NamedTuple, Optional

import numpy as np

from .calibration import (ReliabilityBins, expected_calibration_error,
                          reliability_bins)
from .correlation import spearman
from .samples import SCORE_NAMES, QualitySamples


class Agreement(NamedTuple):
    """One score against the true IoU.

    Attributes:
        count (int): Predictions whose score is defined.
        spearman (float): Rank correlation, NaN where undefined.
        calibration_error (float): Expected calibration error, NaN without
            predictions.
        mean_score (float): NaN without predictions.
        mean_iou (float): Mean true IoU of the same predictions.
        bins (ReliabilityBins): The reliability diagram.
    """
    count: int
    spearman: float
    calibration_error: float
    mean_score: float
    mean_iou: float
    bins: ReliabilityBins


def measure_agreement(scores: np.ndarray,
                      ious: np.ndarray,
                      num_bins: int = 10) -> Agreement:
    """Compare one score with the true IoU.

    Args:
        scores (np.ndarray): Scores, (S,); NaN ones are left out.
        ious (np.ndarray): True IoUs, (S,).
        num_bins (int): Bins of the reliability diagram. Defaults to 10.

    Returns:
        Agreement: The figures.

    Raises:
        ValueError: If there is no bin.
    """
    defined = ~np.isnan(scores)
    scores, ious = scores[defined], ious[defined]
    bins = reliability_bins(scores, ious, num_bins)
    return Agreement(
        len(scores), spearman(scores, ious), expected_calibration_error(bins),
        _mean(scores), _mean(ious), bins)


def score_agreements(samples: QualitySamples,
                     num_bins: int = 10,
                     label: Optional[int] = None) -> Dict[str, Agreement]:
    """Compare all four scores with the true IoU.

    Args:
        samples (QualitySamples): Persons or parts.
        num_bins (int): Bins of the reliability diagram. Defaults to 10.
        label (int, optional): Only parts of this class. Defaults to None,
            all.

    Returns:
        dict[str, Agreement]: One for each of :data:`SCORE_NAMES`.
    """
    if label is not None:
        samples = samples[samples.labels == label]
    return {
        name: measure_agreement(samples.scores[:, k], samples.true_ious,
                                num_bins)
        for k, name in enumerate(SCORE_NAMES)
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float('nan')
