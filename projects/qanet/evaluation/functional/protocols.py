# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The two ways to evaluate, each a set of strategies.

``docs/protocol.md``, section 8, lists what they decide differently.
"""
from typing import Callable, Dict, NamedTuple, Optional

import numpy as np

from projects.qanet.utils.errors import InputError
from .matching import (Candidates, Matches, match_best_free,
                       match_first_choice, match_reusing)
from .suppression import suppress_greedily, suppress_released


class Protocol(NamedTuple):
    """How the details are decided that the paper leaves open.

    ``docs/protocol.md``, section 8, has the reasons.
    """
    name: str  # ``released`` or ``strict``
    description: str  # what a table says about it
    # (scores (N,), IoUs (N, N), threshold) -> who stays (N,) bool
    suppress: Callable[[np.ndarray, np.ndarray, float], np.ndarray]
    # (Candidates, thresholds) -> Matches, for AP^p
    match_persons: Callable[[Candidates, np.ndarray], Matches]
    # Whether persons match only if their parts share a pixel; the background
    # alone can give an IoU.
    pairs_share_parts: bool
    # the same for AP^r and AP^h
    match_regions: Callable[[Candidates, np.ndarray], Matches]
    # (counts (C,), counts of the whole (C,)) -> (C,), NaN for classes that
    # leave the mean
    class_ratio: Callable[[np.ndarray, np.ndarray], np.ndarray]
    # number of predictions -> AP of a class that has no ground truth
    ap_without_truth: Callable[[int], float]
    max_parts: Optional[int]  # visible parts that an image can have
    # whether their truth counts for mIoU, AP^r and AP^h
    counts_images_without_predictions: bool
    ignores_crowds: bool  # whether crowds need not be found
    # whether annotated persons without a pixel must be found
    counts_hidden_persons: bool


def _ratio_with_epsilon(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """A class that occurs nowhere has the ratio 0 and counts."""
    return part / (whole + 1e-10)


def _ratio_where_defined(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """A class that occurs nowhere has no ratio and leaves the mean."""
    ratio = np.full(np.shape(part), np.nan)
    return np.divide(part, whole, out=ratio, where=whole > 0)


def _nan_if_predicted(num_predictions: int) -> float:
    return float('nan') if num_predictions else 0.


def _always_nan(num_predictions: int) -> float:
    return float('nan')


RELEASED = Protocol(
    name='released',
    description='comparable with published tables, quirks included',
    suppress=suppress_released,
    match_persons=match_first_choice,
    pairs_share_parts=False,
    match_regions=match_reusing,
    class_ratio=_ratio_with_epsilon,
    ap_without_truth=_nan_if_predicted,
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
    class_ratio=_ratio_where_defined,
    ap_without_truth=_always_nan,
    max_parts=None,
    counts_images_without_predictions=True,
    ignores_crowds=True,
    counts_hidden_persons=False)

PROTOCOLS: Dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (RELEASED, STRICT)
}


def get_protocol(name: str) -> Protocol:
    """Look a protocol up by its name; InputError if there is none."""
    if name not in PROTOCOLS:
        raise InputError(f'there is no protocol {name!r}, allowed are '
                         f'{sorted(PROTOCOLS)}')
    return PROTOCOLS[name]
