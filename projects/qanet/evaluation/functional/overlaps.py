# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""IoU of part maps: person against person and against the ground truth.

Over the full image with the background as a class.
"""
from typing import NamedTuple, Sequence, Tuple

import numpy as np

from projects.qanet.ground_truth import IGNORE_LABEL
from .segments import Segments, count_pixels, find_slots


class TruthOverlaps(NamedTuple):
    """N predicted persons against G annotated ones, C classes."""
    class_ious: np.ndarray  # (N, G, C) float64, NaN where both lack a class
    # Share of a prediction's parts that lies on the person, (N, G) float64.
    shares: np.ndarray
    touching: np.ndarray  # whether parts of both share a pixel, (N, G) bool
    # Pixels by class of each annotated person, 0 for class 0, (G, C) int64.
    truth_areas: np.ndarray
    truth_visible: np.ndarray  # whether it has pixels in Human_ids, (G,) bool


def mean_ious(class_ious: np.ndarray) -> np.ndarray:
    """Mean of (..., C) over the classes that occur, NaN where none does."""
    absent = np.isnan(class_ious)
    total = np.where(absent, 0., class_ious).sum(axis=-1)
    return divide(total, (~absent).sum(axis=-1))


def divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Quotient that is NaN, without a warning, where the whole is 0."""
    quotient = np.full(np.broadcast(part, whole).shape, np.nan)
    return np.divide(part, whole, out=quotient, where=whole > 0)


def person_ious(segments: Segments, num_classes: int) -> np.ndarray:
    """Mean IoU between the persons of one image, (N, N) float64."""
    # Two persons can only meet where at least two have a part.
    shared = np.flatnonzero((segments.labels > 0).sum(axis=0) > 1)
    labels, lengths = segments.labels[:, shared], segments.lengths[shared]
    ious = np.eye(len(labels))
    for i in range(len(labels) - 1):
        mine, others = labels[i], labels[i + 1:]
        my_area, areas = segments.areas[i], segments.areas[i + 1:]
        rows, columns = np.nonzero((others > 0) & (mine > 0))
        common = count_pixels(rows, lengths[columns], len(others))
        # Where the two disagree, class 0 takes the pixels.
        agree = np.where(others[rows, columns] == mine[columns], mine[columns],
                         0)
        both = count_pixels(rows * num_classes + agree, lengths[columns],
                            areas.size).reshape(-1, num_classes)
        both[:, 0] = my_area[0] - areas[:, 1:].sum(axis=1) + common
        ious[i, i + 1:] = mean_ious(divide(both, my_area + areas - both))
        ious[i + 1:, i] = ious[i, i + 1:]
    return ious


def truth_overlaps(segments: Segments, parsing_ids: Sequence[int],
                   num_classes: int) -> TruthOverlaps:
    """Compare predicted with annotated persons (``docs/protocol.md``, 7.3, 8).

    An annotated person's map is Category_ids where Human_ids is the person's
    id (one of ``parsing_ids``), else background. Pixels of it that are 255
    leave the counts of every pair of that person.
    """
    lengths, num_truths = segments.lengths, len(parsing_ids)
    truth = find_slots(segments.humans, parsing_ids)
    void = num_classes  # stands for 255
    categories = np.where(segments.categories == IGNORE_LABEL, void,
                          segments.categories)
    truth_hist = count_pixels(truth * (num_classes + 1) + categories, lengths,
                              (num_truths + 1) * (num_classes + 1))
    truth_hist = truth_hist.reshape(-1, num_classes + 1)[:-1]
    hits, on_void, on_person, on_parts = _count_pairs(
        segments, truth, categories, (num_truths, num_classes))
    valid = lengths.sum() - truth_hist[:, void]
    areas = segments.areas[:, None] - on_void
    areas[..., 0] = valid - areas[..., 1:].sum(axis=-1)
    truth_areas = truth_hist[:, :num_classes].copy()
    truth_areas[:, 0] = valid - truth_areas[:, 1:].sum(axis=-1)
    # Inclusion and exclusion of the two sets of part pixels.
    hits[..., 0] = areas[..., 0] - truth_areas[:, 1:].sum(axis=-1) + on_parts
    class_ious = divide(hits, areas + truth_areas - hits)
    truth_areas[:, 0] = 0
    shares = divide(on_person, segments.areas[:, 1:].sum(axis=1)[:, None])
    return TruthOverlaps(class_ious, shares, on_parts > 0, truth_areas,
                         truth_hist.sum(axis=1) > 0)


def _count_pairs(segments: Segments, truth: np.ndarray, categories: np.ndarray,
                 shape: Tuple[int, int]) -> Tuple[np.ndarray, ...]:
    """Pixels where a predicted part is on an annotated person.

    Where both have the class (N, G, C), where the person is void, by predicted
    class (N, G, C), all (N, G) and those on its parts (N, G).
    """
    num_truths, num_classes = shape
    cells = np.flatnonzero(segments.labels)
    persons, columns = np.divmod(cells, len(segments.lengths))
    mine = segments.labels.reshape(-1)[cells].astype(np.int64)
    true, pixels = categories[columns], segments.lengths[columns]
    shape = (len(segments.labels), num_truths + 1, num_classes)
    codes = np.ravel_multi_index((persons, truth[columns], mine), shape)

    def count(chosen: np.ndarray) -> np.ndarray:
        """Chosen pixels by pair and predicted class."""
        counts = count_pixels(codes[chosen], pixels[chosen], np.prod(shape))
        return counts.reshape(shape)[:, :-1]

    void = true == num_classes
    on_void, on_parts = count(void), count((true > 0) & ~void)
    on_person = count(true == 0) + on_void + on_parts
    return (count(true == mine), on_void, on_person.sum(axis=-1),
            on_parts.sum(axis=-1))
