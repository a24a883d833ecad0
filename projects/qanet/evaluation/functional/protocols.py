# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The two ways to evaluate, each a set of strategies."""
from typing import Callable, Dict, NamedTuple, Optional

import numpy as np

from projects.qanet.utils.errors import InputError
from .matching import (Candidates, Matches, match_best_free,
                       match_first_choice, match_reusing)
from .overlaps import divide
from .suppression import suppress_greedily, suppress_released


class Protocol(NamedTuple):
    """How the details are decided that the paper leaves open.

    The reasons stand in ``docs/protocol.md``, section 8.
    """
    name: str  # ``released`` or ``strict``
    description: str  # what a table says about it
    # (scores (N,), IoUs (N, N), threshold) -> who stays (N,) bool
    suppress: Callable[[np.ndarray, np.ndarray, float], np.ndarray]
    # (Candidates, thresholds) -> Matches, for AP^p
    match_persons: Callable[[Candidates, np.ndarray], Matches]
    # Whether a match needs a common pixel of parts, not only of background.
    pairs_share_parts: bool
    # the same for AP^r and AP^h
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
