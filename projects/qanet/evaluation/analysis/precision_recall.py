# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Precision against recall, for persons and for parts."""
from typing import Sequence, Tuple

import numpy as np

from ..functional.image_statistics import ImageStatistics, PersonCandidates
from ..functional.matching import Candidates, Matches
from ..functional.protocols import Protocol

RECALLS = np.arange(101) / 100


def precision_recall(is_true: np.ndarray,
                     num_truths: int) -> Tuple[np.ndarray, np.ndarray]:
    """Recall and precision after each prediction.

    Args:
        is_true (np.ndarray): Whether each prediction is a true positive, from
            the best down, (P,) bool.
        num_truths (int): Number of truths to find, above 0.

    Returns:
        tuple[np.ndarray, np.ndarray]: Recall and precision, both (P,)
        float64. The area under the precision's monotone envelope is the
        average precision.

    Examples:
        >>> precision_recall(np.array([True, False, True, False]), 4)[1]
        array([1.        , 0.5       , 0.66666667, 0.5       ])
    """
    found = np.cumsum(is_true)
    return found / num_truths, found / np.arange(1, len(found) + 1)


def precision_at(recall: np.ndarray,
                 precision: np.ndarray,
                 recalls: np.ndarray = RECALLS) -> np.ndarray:
    """Best precision among the points that reach each recall.

    Args:
        recall (np.ndarray): Ascending, (P,).
        precision (np.ndarray): (P,).
        recalls (np.ndarray): Recalls to look at, (R,). Defaults to 0, 0.01,
            ... 1.

    Returns:
        np.ndarray: The monotone envelope, (R,) float64; 0 where the recall
        is not reached.
    """
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    # Recalls are quotients: 3 / 10 must count as 0.3.
    reached = np.searchsorted(recall, recalls - 1e-9)
    return np.append(envelope, 0.)[reached]


def person_curve(images: Sequence[ImageStatistics], protocol: Protocol,
                 threshold: float) -> np.ndarray:
    """Precision of persons over recall (AP^p).

    Args:
        images (Sequence[ImageStatistics]): All images, ids ascending.
        protocol (Protocol): The one that made the statistics.
        threshold (float): Mean IoU that must be exceeded.

    Returns:
        np.ndarray: Precision at :data:`RECALLS`, (101,) float64; NaN if
        there is nobody to find.
    """
    persons = PersonCandidates.join([image.persons for image in images])
    matches = protocol.match_persons(persons, np.array([threshold]))
    return _class_curve(persons, matches, 0)


def part_curve(images: Sequence[ImageStatistics], protocol: Protocol,
               num_classes: int, threshold: float) -> np.ndarray:
    """Precision of parts over recall (AP^r).

    Args:
        images (Sequence[ImageStatistics]): The images that count, ids
            ascending.
        protocol (Protocol): The one that made the statistics.
        num_classes (int): Number C of classes with the background.
        threshold (float): IoU that must be exceeded.

    Returns:
        np.ndarray: Precision at :data:`RECALLS`, the mean over the classes
        that have ground truth, (101,) float64; NaN if none has. Where the
        protocol lets several predictions find one truth, recall goes beyond
        1 and the curve is cut there.
    """
    if not images:
        return np.full(len(RECALLS), np.nan)
    regions = Candidates.join([image.regions for image in images])
    matches = protocol.match_regions(regions, np.array([threshold]))
    curves = [
        _class_curve(regions, matches, label)
        for label in range(1, num_classes)
    ]
    curves = [curve for curve in curves if not np.isnan(curve).any()]
    return np.mean(curves, axis=0) if curves else np.full(len(RECALLS), np.nan)


def _class_curve(candidates: Candidates, matches: Matches,
                 label: int) -> np.ndarray:
    """Curve of one class at the first threshold of the matches."""
    wanted = ~candidates.truth_ignored & (candidates.truth_labels == label)
    if not wanted.any():
        return np.full(len(RECALLS), np.nan)
    ranking = candidates.ranking()
    ranking = ranking[(candidates.labels[ranking] == label)
                      & ~matches.ignored[ranking, 0]]
    is_true = matches.pairs[ranking, 0] >= 0
    return precision_at(*precision_recall(is_true, int(wanted.sum())))
