# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The two ways to evaluate, sets of strategies (``docs/protocol.md``, 8)."""
from typing import Callable, Dict, NamedTuple, Optional

import numpy as np

from projects.qanet.utils.errors import InputError
from .matching import (Candidates, Matches, match_best_free,
                       match_first_choice, match_reusing)
from .overlaps import divide


class Protocol(NamedTuple):
    """How the details are decided that the paper leaves open."""
    name: str  # ``released`` or ``strict``
    description: str  # what a table says about it
    # (scores (N,), IoUs (N, N), threshold) -> who stays (N,) bool
    suppress: Callable[[np.ndarray, np.ndarray, float], np.ndarray]
    match_persons: Callable[[Candidates, np.ndarray], Matches]  # for AP^p
    pairs_share_parts: bool  # whether background alone makes no match
    # for AP^r and AP^h
    match_regions: Callable[[Candidates, np.ndarray], Matches]
    # (counts, counts of the whole) -> ratios, NaN leaves the mean; all (C,)
    class_ratio: Callable[[np.ndarray, np.ndarray], np.ndarray]
    # AP of a class without ground truth and predictions; NaN with the latter
    ap_of_nothing: float
    max_parts: Optional[int]  # visible parts that an image can have
    # whether their truth counts for mIoU, AP^r and AP^h
    counts_images_without_predictions: bool
    ignores_crowds: bool  # whether crowds need not be found
    counts_hidden_persons: bool  # whether persons without a pixel must be


def suppress_greedily(scores: np.ndarray, ious: np.ndarray,
                      iou_thr: float) -> np.ndarray:
    """Drop each person that resembles a kept, better one.

    Of N quality scores the earlier of two equal ones is the better; persons
    whose mean IoU, (N, N), reaches the threshold are the same person. Gives
    who stays, (N,) bool.
    """
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


def _ratio_with_epsilon(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """A class that occurs nowhere has the ratio 0 and counts."""
    return part / (whole + 1e-10)


RELEASED = Protocol(
    name='released',
    description='comparable with published tables, quirks included',
    suppress=suppress_released,
    match_persons=match_first_choice,
    pairs_share_parts=False,
    match_regions=match_reusing,
    class_ratio=_ratio_with_epsilon,
    ap_of_nothing=0.,
    max_parts=254,
    counts_images_without_predictions=False,
    ignores_crowds=False,
    counts_hidden_persons=True)

STRICT = Protocol(
    name='strict',
    description='not comparable with published tables; mended: suppression '
    'drops the person that was meant, classes that occur nowhere and classes '
    'without ground truth are left out, images without predictions count '
    'everywhere, a ground truth is used once and predictions have a second '
    'choice among the persons whose parts they touch, crowds are ignored, '
    'hidden persons need not be found, no limit of 254 parts per image',
    suppress=suppress_greedily,
    match_persons=match_best_free,
    pairs_share_parts=True,
    match_regions=match_best_free,
    class_ratio=divide,
    ap_of_nothing=float('nan'),
    max_parts=None,
    counts_images_without_predictions=True,
    ignores_crowds=True,
    counts_hidden_persons=False)

PROTOCOLS: Dict[str, Protocol] = dict(released=RELEASED, strict=STRICT)


def get_protocol(name: str) -> Protocol:
    """Look a protocol up by its name; InputError if there is none."""
    if name not in PROTOCOLS:
        raise InputError(f'there is no protocol {name!r}, allowed are '
                         f'{sorted(PROTOCOLS)}')
    return PROTOCOLS[name]
