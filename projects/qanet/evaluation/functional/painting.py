# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Persons painted over each other (``docs/protocol.md``, 7.1, 7.4, 7.5)."""
from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.ground_truth import LabelRuns
from .matching import Candidates
from .segments import Segments, count_pixels, find_slots


class Painting(NamedTuple):
    """What is visible in the K segments of an image."""
    owners: np.ndarray  # visible person, -1 for none, (K,) int64
    labels: np.ndarray  # the person's part label there, (K,) uint8


def paint_persons(segments: Segments, scores: np.ndarray,
                  chosen: np.ndarray) -> Painting:
    """Paint the chosen persons, (N,) bool, in ascending score.

    Of equal scores, (N,), the later listed person is on top.
    """
    owners = np.full(len(segments.lengths), -1)
    visible = np.zeros(len(segments.lengths), np.uint8)
    for person in np.argsort(scores, kind='stable'):
        if chosen[person]:
            labels = segments.labels[person]
            inside = labels > 0
            owners[inside] = person
            np.copyto(visible, labels, where=inside)
    return Painting(owners, visible)


def paint_categories(segments: Segments, box_scores: np.ndarray,
                     score_thr: float) -> np.ndarray:
    """The global map, (K,) uint8: who reaches the threshold, by box score."""
    return paint_persons(segments, box_scores, box_scores >= score_thr).labels


def number_parts(
        painting: Painting,
        scores: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number the visible parts as the challenge's dump format does.

    Persons ascend in their quality scores (N,), parts in their class. Gives
    the number of each segment's part, 0 where nobody is, (K,); then person
    (P,) and label (P,) of part number 1, 2, ... All int64.
    """
    order = np.argsort(scores, kind='stable')
    ranks = np.argsort(order)
    shown = np.flatnonzero(painting.owners >= 0)
    codes = ranks[painting.owners[shown]] * 256 + painting.labels[shown]
    parts, inverse = np.unique(codes, return_inverse=True)
    numbers = np.zeros(len(painting.owners), np.int64)
    numbers[shown] = inverse + 1
    persons, labels = np.divmod(parts, 256)
    return numbers, order[persons], labels


def limit_parts(painting: Painting, scores: np.ndarray,
                max_parts: Optional[int]) -> Painting:
    """Take the parts out whose number is too high; what is below stays so."""
    most = len(scores) * int(painting.labels.max())
    if max_parts is None or most <= max_parts:
        return painting
    numbers, _, _ = number_parts(painting, scores)
    shown = (numbers > 0) & (numbers <= max_parts)
    return Painting(
        np.where(shown, painting.owners, -1),
        np.where(shown, painting.labels, 0))


def region_candidates(segments: Segments, painting: Painting, truth: LabelRuns,
                      part_scores: np.ndarray,
                      crowds: Sequence[int]) -> Candidates:
    """Visible parts, scores (N, C - 1), against part instances (AP^r).

    An instance that lies mostly on a crowd is ignored.
    """
    num_classes = part_scores.shape[1] + 1
    classes = truth.instance_classes
    is_class = (classes > 0) & (classes < num_classes)
    codes = np.where(painting.owners >= 0,
                     painting.owners * num_classes + painting.labels, -1)
    scores = np.pad(part_scores, ((0, 0), (1, 0)))
    return _compare_masks(codes, scores, segments, segments.instances,
                          truth.instance_ids[is_class], classes[is_class],
                          crowds)


def human_candidates(segments: Segments, painting: Painting,
                     scores: np.ndarray, crowds: Sequence[int]) -> Candidates:
    """Visible persons against those in Human_ids (AP^h), all of class 0."""
    ids = np.unique(segments.humans[segments.humans > 0])
    return _compare_masks(painting.owners, scores[:, None], segments,
                          segments.humans, ids, np.zeros_like(ids), crowds)


def _compare_masks(codes: np.ndarray, scores: np.ndarray, segments: Segments,
                   values: np.ndarray, ids: np.ndarray, classes: np.ndarray,
                   crowds: Sequence[int]) -> Candidates:
    """Predicted masks against truth masks of the same class.

    Codes are positions in the scores (N, number of classes), -1 is no mask.
    Truths have ids among the values; those without pixels are left out.
    """
    lengths, width = segments.lengths, len(ids) + 1
    slots = find_slots(values, ids)
    truth_areas = count_pixels(slots, lengths, width)[:-1]
    kept = np.flatnonzero(truth_areas)
    truth_areas = truth_areas[kept]
    on_crowd = np.isin(segments.humans, crowds)
    crowd_areas = count_pixels(slots[on_crowd], lengths[on_crowd], width)[kept]
    ignored = 2 * crowd_areas > truth_areas
    shown = codes >= 0
    codes, lengths = codes[shown], lengths[shown]
    areas = count_pixels(codes, lengths, scores.size)
    regions = np.flatnonzero(areas)
    areas = areas[regions]
    index = np.searchsorted(regions, codes)
    common = count_pixels(index * width + slots[shown], lengths,
                          len(regions) * width)
    common = common.reshape(len(regions), width)[:, kept]
    labels = regions % scores.shape[1]
    predictions, truths = np.nonzero((common > 0)
                                     & (labels[:, None] == classes[kept]))
    inter = common[predictions, truths]
    union = areas[predictions] + truth_areas[truths] - inter
    ious = inter / np.where(ignored[truths], areas[predictions], union)
    return Candidates(
        scores.reshape(-1)[regions], labels, classes[kept], ignored,
        predictions, truths, ious)
