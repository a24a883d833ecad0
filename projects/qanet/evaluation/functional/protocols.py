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

    Attributes:
        name (str): ``released`` or ``strict``.
        description (str): What a table says about it.
        suppress (Callable): (scores (N,), IoUs (N, N), threshold) -> whether
            each person stays (N,).
        match_persons (Callable): (Candidates, thresholds) -> Matches, AP^p.
        pairs_share_parts (bool): Whether persons match only if their parts
            share a pixel; the background alone can give an IoU.
        match_regions (Callable): The same for AP^r and AP^h.
        class_ratio (Callable): (counts (C,), counts of the whole (C,)) ->
            (C,), NaN for classes that leave the mean.
        ap_without_truth (Callable): (number of predictions) -> AP of a class
            that has no ground truth.
        max_parts (int, optional): Visible parts that an image can have.
        counts_images_without_predictions (bool): Whether their truth counts
            for mIoU, AP^r and AP^h.
        ignores_crowds (bool): Whether crowds need not be found.
        counts_hidden_persons (bool): Whether annotated persons without a
            pixel must be found.
    """
    name: str
    description: str
    suppress: Callable[[np.ndarray, np.ndarray, float], np.ndarray]
    match_persons: Callable[[Candidates, np.ndarray], Matches]
    pairs_share_parts: bool
    match_regions: Callable[[Candidates, np.ndarray], Matches]
    class_ratio: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ap_without_truth: Callable[[int], float]
    max_parts: Optional[int]
    counts_images_without_predictions: bool
    ignores_crowds: bool
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
    """Look a protocol up.

    Args:
        name (str): ``released``, comparable with published tables, or
            ``strict``, with the released evaluator's quirks mended.

    Returns:
        Protocol: Its strategies.

    Raises:
        InputError: If there is no such protocol.
    """
    if name not in PROTOCOLS:
        raise InputError(f'there is no protocol {name!r}, allowed are '
                         f'{sorted(PROTOCOLS)}')
    return PROTOCOLS[name]
