# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Average precision as the area under the monotone envelope (VOC 2010)."""
import numpy as np


def average_precision(is_true: np.ndarray, num_truths: int) -> float:
    """Area under the precision-recall curve's monotone envelope.

    Args:
        is_true (np.ndarray): Whether each prediction is a true positive, from
            the best down, (P,) bool.
        num_truths (int): Number of truths to find, above 0.

    Returns:
        float: 0..1, or above 1 if truths may be found more than once.

    Examples:
        >>> average_precision(np.array([True, False, True]), 2)
        0.8333333333333333
    """
    found = np.cumsum(is_true)
    recall = found / num_truths
    precision = found / np.arange(1, len(found) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0) * envelope))
