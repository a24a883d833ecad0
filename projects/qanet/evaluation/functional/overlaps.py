# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""IoU of part maps: person against person and against the ground truth.

Class IoUs are taken over the full image with the background as a class; a
class that neither of two maps has is left out of the mean (nanmean).
"""
from typing import NamedTuple, Sequence, Tuple

import numpy as np

from projects.qanet.ground_truth import IGNORE_LABEL
from .segments import Segments, count_pixels, find_slots


class TruthOverlaps(NamedTuple):
    """N predicted persons against G annotated ones, C classes."""
    class_ious: np.ndarray  # (N, G, C) float64, NaN where both lack a class
    # Share of each prediction's parts that lies on the annotated person, (N,
    # G) float64.
    shares: np.ndarray
    # Whether a part of the prediction and one of the annotated person share a
    # pixel, (N, G) bool.
    touching: np.ndarray
    # Pixels of each annotated person's classes 1..C-1 (column 0 stays 0), (G,
    # C) int64.
    truth_areas: np.ndarray
    # Whether the person has a pixel in Human_ids, (G,) bool.
    truth_visible: np.ndarray


def mean_ious(class_ious: np.ndarray) -> np.ndarray:
    """Mean of (..., C) over the classes that occur, which are not NaN.

    It is NaN where no class occurs.
    """
    absent = np.isnan(class_ious)
    total = np.where(absent, 0., class_ious).sum(axis=-1)
    return _divide(total, (~absent).sum(axis=-1))


def _divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Quotient that is NaN, without a warning, where nothing is divided."""
    quotient = np.full(np.broadcast(part, whole).shape, np.nan)
    return np.divide(part, whole, out=quotient, where=whole > 0)


def person_ious(segments: Segments, num_classes: int) -> np.ndarray:
    """Mean IoU between the N predicted persons of one image.

    A symmetric matrix (N, N) float64 with 1 on the diagonal.
    """
    labels, lengths = segments.labels, segments.lengths
    num_persons, num_pixels = len(labels), int(lengths.sum())
    areas = segments.areas
    # Two persons can only meet where at least two have a part.
    shared = np.flatnonzero((labels > 0).sum(axis=0) > 1)
    labels, lengths = labels[:, shared], lengths[shared]
    ious = np.eye(num_persons)
    for i in range(num_persons - 1):
        mine = labels[i]
        rows, columns = np.nonzero((labels[i + 1:] > 0) & (mine > 0))
        if len(rows) == 0:
            both = np.zeros((num_persons - i - 1, num_classes), np.int64)
            common = both[:, 0]
        else:
            pixels = lengths[columns]
            common = count_pixels(rows, pixels, num_persons - i - 1)
            # Where the two disagree, class 0 takes the pixels.
            agree = np.where(labels[i + 1 + rows, columns] == mine[columns],
                             mine[columns], 0)
            both = count_pixels(rows * num_classes + agree, pixels,
                                (num_persons - i - 1) * num_classes)
            both = both.reshape(-1, num_classes)
        both[:, 0] = num_pixels - areas[i, 1:].sum() - areas[i + 1:, 1:].sum(
            axis=1) + common
        union = areas[i] + areas[i + 1:] - both
        ious[i, i + 1:] = mean_ious(_divide(both, union))
        ious[i + 1:, i] = ious[i, i + 1:]
    return ious


def truth_overlaps(segments: Segments, parsing_ids: Sequence[int],
                   num_classes: int) -> TruthOverlaps:
    """Compare predicted with annotated persons.

    See ``docs/protocol.md``, sections 7.3 and 8. An annotated person's map is
    Category_ids where Human_ids is the person's id (one of ``parsing_ids``),
    else background. Pixels of it that are 255 leave the counts of every pair
    of that person.
    """
    lengths, num_truths = segments.lengths, len(parsing_ids)
    truth = find_slots(segments.humans, parsing_ids)
    # Class C stands for 255.
    void = num_classes
    categories = np.where(segments.categories == IGNORE_LABEL, void,
                          segments.categories)
    truth_hist = count_pixels(truth * (num_classes + 1) + categories, lengths,
                              (num_truths + 1) * (num_classes + 1))
    truth_hist = truth_hist.reshape(-1, num_classes + 1)[:-1]
    hits, on_void, on_person, on_parts = _count_pairs(segments, truth,
                                                      categories, num_truths,
                                                      num_classes)

    valid = lengths.sum() - truth_hist[:, void]
    areas = segments.areas[:, None] - on_void
    areas[..., 0] = valid - areas[..., 1:].sum(axis=-1)
    truth_areas = truth_hist[:, :num_classes].copy()
    truth_areas[:, 0] = valid - truth_areas[:, 1:].sum(axis=-1)
    # Inclusion and exclusion of the two sets of part pixels.
    hits[..., 0] = areas[..., 0] - truth_areas[:, 1:].sum(axis=-1) + on_parts
    class_ious = _divide(hits, areas + truth_areas - hits)
    truth_areas[:, 0] = 0
    shares = _divide(on_person, segments.areas[:, 1:].sum(axis=1)[:, None])
    return TruthOverlaps(class_ious, shares, on_parts > 0, truth_areas,
                         truth_hist.sum(axis=1) > 0)


def _count_pairs(
        segments: Segments, truth: np.ndarray, categories: np.ndarray,
        num_truths: int, num_classes: int
) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pixels that a predicted and an annotated person have in common.

    Where both have the class (N, G, C); where the person is void, by predicted
    class (N, G, C); predicted parts on the person (N, G) and on its parts
    (N, G). Predicted background is not counted.
    """
    num_persons = len(segments.labels)
    cells = np.flatnonzero(segments.labels)
    persons, columns = np.divmod(cells, len(segments.lengths))
    mine = segments.labels.reshape(-1)[cells].astype(np.int64)
    true, pixels = categories[columns], segments.lengths[columns]
    pairs = persons * (num_truths + 1) + truth[columns]
    codes = pairs * num_classes + mine

    def count(chosen: np.ndarray) -> np.ndarray:
        """Chosen pixels by pair and predicted class."""
        shape = (num_persons, num_truths + 1, num_classes)
        counts = count_pixels(codes[chosen], pixels[chosen],
                              int(np.prod(shape)))
        return counts.reshape(shape)[:, :-1]

    void = true == num_classes
    on_void, on_parts = count(void), count((true > 0) & ~void)
    on_person = count(true == 0) + on_void + on_parts
    return (count(true == mine), on_void, on_person.sum(axis=-1),
            on_parts.sum(axis=-1))
