# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Suppression of persons found twice (``docs/protocol.md``, 7.2 and 8).

Of N quality scores the earlier of two equal ones is the better; persons whose
mean IoU, (N, N), reaches the threshold are the same person. Both ways say who
stays, (N,) bool.
"""
import numpy as np


def suppress_greedily(scores: np.ndarray, ious: np.ndarray,
                      iou_thr: float) -> np.ndarray:
    """Drop each person that resembles a kept, better one."""
    order = np.argsort(-scores, kind='stable')
    keep = np.ones(len(scores), bool)
    for rank, person in enumerate(order):
        if keep[person]:
            behind = order[rank + 1:]
            keep[behind[ious[person, behind] >= iou_thr]] = False
    return keep


def suppress_released(scores: np.ndarray, ious: np.ndarray,
                      iou_thr: float) -> np.ndarray:
    """Suppress as the system that made the published numbers does.

    It takes positions in the list of persons still alive for positions in the
    list of all: after the first drop an earlier person may be hit.
    """
    order = np.argsort(-scores, kind='stable')
    keep = np.ones(len(scores), bool)  # by rank
    for rank, person in enumerate(order):
        if keep[rank]:
            alive = order[rank + 1:][keep[rank + 1:]]
            hit = np.flatnonzero(ious[person, alive] >= iou_thr)
            keep[rank + 1 + hit] = False
    return keep[np.argsort(order)]
