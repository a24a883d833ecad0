# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Does a score put predictions into the right order?"""
import numpy as np
from scipy.stats import rankdata


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation.

    Pearson's correlation of the ranks, which is right with ties too.

    Args:
        first (np.ndarray): Numbers without NaN, (S,).
        second (np.ndarray): Numbers without NaN, (S,).

    Returns:
        float: -1..1. NaN if one of the two is constant or S < 2: then there
        is no order to agree on.

    Raises:
        ValueError: If the two are not of one length.
    """
    if np.shape(first) != np.shape(second):
        raise ValueError(f'{np.shape(first)} and {np.shape(second)} values '
                         'cannot be paired')
    ranks = np.stack([rankdata(first), rankdata(second)])
    if ranks.shape[1] == 0:
        return float('nan')
    ranks -= ranks.mean(axis=1, keepdims=True)
    spread = np.sqrt((ranks**2).sum(axis=1)).prod()
    return float(
        (ranks[0] * ranks[1]).sum() / spread) if spread else float('nan')
