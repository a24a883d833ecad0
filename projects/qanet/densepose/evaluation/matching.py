# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Which detection finds which annotated person of an image."""
from dataclasses import dataclass
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

from .similarity import Detections, TruePerson

#: Lowest similarities of a match: .5, .55, ... .95.
THRESHOLDS = np.linspace(.5, .95, 10)
#: Bounds of the areas in pixels, both included, of persons that count.
AREAS = dict(all=(0., 1e10), medium=(32.**2, 96.**2), large=(96.**2, 1e10))
#: Detections of an image that count, the best ones.
MAX_DETECTIONS = 20
# Of boxes, from which on a detection is one of a person all the same.
_BOX_IOU = .8


class Matches(NamedTuple):
    """An image's D detections at T thresholds, and its G persons."""
    persons: np.ndarray  # found person, -1 for none, (T, D) int64
    # Detections that count neither as right nor as wrong, (T, D) bool.
    ignored: np.ndarray
    persons_ignored: np.ndarray  # who need not be found, (G,) bool


@dataclass
class ImageStatistics:
    """What one image contributes to the metrics, for A ranges of areas."""
    image_id: int
    scores: np.ndarray  # of D detections, the best first, (D,) float64
    found: np.ndarray  # whether they are of a person, (A, T, D) bool
    ignored: np.ndarray  # whether they do not count, (A, T, D) bool
    num_persons: np.ndarray  # who must be found, (A,) int64


def rank(scores: Sequence[float]) -> np.ndarray:
    """Positions of the detections that count, the best first."""
    order = np.argsort(-np.asarray(scores, np.float64), kind='stable')
    return order[:MAX_DETECTIONS]


def match(similarities: np.ndarray, ious: np.ndarray, areas: np.ndarray,
          truths: Sequence[TruePerson], bounds: Tuple[float,
                                                      float]) -> Matches:
    """Match detections to persons in the way of COCO DensePose.

    From the best detection down, each takes the free person that it is most
    similar to; persons that need not be found, who have no points or an area
    outside ``bounds``, only if there is no other. A crowd is always free.
    Detections are ignored if they find such a person, if the image has
    nobody else, or if they find nobody and their box's area is outside.

    Then once, by the matches of the highest threshold: a detection that found
    nobody there, but whose box has an IoU of .8 or more with one who is free
    there, is ignored or not as that person, at every threshold.

    Args:
        similarities (np.ndarray): Of D detections, the best first, and G
            persons, (D, G) in [0, 1].
        ious (np.ndarray): IoU of their boxes, (D, G).
        areas (np.ndarray): Areas of the detections' boxes, (D,).
        truths (Sequence[TruePerson]): The persons.
        bounds (tuple[float, float]): Lowest and highest area that counts.
    """
    low, high = bounds
    persons_ignored = np.array(
        [one.is_ignored or not low <= one.area <= high for one in truths],
        bool)
    order = np.argsort(persons_ignored, kind='stable').tolist()
    shape = len(THRESHOLDS), len(similarities)
    persons = np.full(shape, -1)
    ignored = np.full(shape, persons_ignored.all())
    taken = np.zeros((len(THRESHOLDS), len(truths)), bool)
    for t, threshold in enumerate(THRESHOLDS):
        for d, row in enumerate(similarities):
            free = _free(order, truths, taken[t])
            j = _most_similar(row, free, persons_ignored, threshold)
            if j >= 0:
                persons[t, d], taken[t, j] = j, True
                ignored[t, d] = persons_ignored[j]
    for d in np.flatnonzero(persons[-1] < 0):
        near = [
            j for j in _free(order, truths, taken[-1])
            if ious[d, j] >= _BOX_IOU
        ]
        if near:
            j = max(reversed(near), key=lambda j: ious[d, j])
            ignored[:, d] = persons_ignored[j]
            if persons_ignored[j]:
                persons[-1, d], taken[-1, j] = j, True
    outside = (areas < low) | (areas > high)
    ignored |= (persons < 0) & outside
    return Matches(persons, ignored, persons_ignored)


def _free(order: Sequence[int], truths: Sequence[TruePerson],
          taken: np.ndarray) -> List[int]:
    """Persons that may be found, in their order."""
    return [j for j in order if truths[j].is_crowd or not taken[j]]


def _most_similar(similarities: np.ndarray, persons: Sequence[int],
                  persons_ignored: np.ndarray, threshold: float) -> int:
    """The person, of equal ones the last, that a detection finds, or -1."""
    best, found = threshold, -1
    for j in persons:
        if found >= 0 and persons_ignored[j] > persons_ignored[found]:
            break  # those that need not be found come last
        if similarities[j] >= best:
            best, found = similarities[j], j
    return found


def reduce_image(image_id: int, detections: Detections,
                 similarities: np.ndarray, ious: np.ndarray,
                 truths: Sequence[TruePerson]) -> ImageStatistics:
    """Match an image's ranked detections in all ranges of areas."""
    areas = np.array([np.prod(one['bbox'][2:]) for one in detections])
    matches = [
        match(similarities, ious, areas, truths, bounds)
        for bounds in AREAS.values()
    ]
    return ImageStatistics(
        image_id, np.array([one['score'] for one in detections], np.float64),
        np.stack([one.persons >= 0 for one in matches]),
        np.stack([one.ignored for one in matches]),
        np.array([(~one.persons_ignored).sum() for one in matches]))
