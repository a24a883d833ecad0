# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What one image contributes to the metrics, without its pixels."""
from dataclasses import dataclass
from typing import List, NamedTuple, Optional, Tuple

import numpy as np

from projects.qanet.ground_truth import ImageInfo, LabelRuns
from projects.qanet.structures.runs import PersonRuns
from projects.qanet.utils.errors import InputError
from .matching import Candidates
from .overlaps import TruthOverlaps, mean_ious, person_ious, truth_overlaps
from .painting import (human_candidates, limit_parts, paint_categories,
                       paint_persons, region_candidates)
from .protocols import Protocol
from .scores import PersonScores
from .segments import Segments, count_confusion, cut_segments

METRICS = ('mIoU', 'APp', 'APr', 'APh')
PART_THRESHOLDS = np.arange(1, 10) / 10
HUMAN_THRESHOLDS = np.arange(10, 20) / 20


class Thresholds(NamedTuple):
    """Thresholds of ``docs/protocol.md``, section 7."""
    box_score: float = 0.3  # lowest box score in the global map
    nms_iou: Optional[float] = 0.6  # of persons found twice; None keeps all
    quality: float = 0.01  # lowest quality score of a counted person


@dataclass
class PersonCandidates(Candidates):
    """Candidates of AP^p with what PCP needs."""
    # Classes > 0 of each pair with an IoU above each threshold, (M, T).
    parts_found: np.ndarray
    truth_parts: np.ndarray  # classes > 0 of each truth, (G,)


@dataclass
class ImageStatistics:
    """All that the metrics need to know of one image."""
    image_id: int
    has_predictions: bool  # any record, however low its scores are
    # pixels by true and predicted class, (C, C) int64
    confusion: Optional[np.ndarray] = None
    persons: Optional[PersonCandidates] = None  # AP^p and PCP
    regions: Optional[Candidates] = None  # AP^r
    humans: Optional[Candidates] = None  # AP^h
    num_hidden: int = 0  # persons without a pixel in Human_ids, if read


class ImageOverlaps(NamedTuple):
    """What does not depend on the quality scores."""
    image: ImageInfo
    truth: LabelRuns
    segments: Segments  # truth and persons
    ious: np.ndarray  # between persons, (N, N) float64
    to_truth: TruthOverlaps  # persons against annotated persons


def measure_overlaps(image: ImageInfo, truth: LabelRuns, runs: PersonRuns,
                     num_classes: int) -> ImageOverlaps:
    """Compare an image's persons with each other and with the truth.

    Raises an InputError if the persons are of an image of another size.
    """
    if tuple(runs.image_size) != image.size:
        raise InputError(
            f'{image.file_name} has (width, height) = {image.size} in the '
            f'annotation file, but its persons are of an image of '
            f'{tuple(runs.image_size)}')
    segments = cut_segments(truth, runs, num_classes)
    ids = [person.parsing_id for person in image.persons]
    return ImageOverlaps(image, truth, segments,
                         person_ious(segments, num_classes),
                         truth_overlaps(segments, ids, num_classes))


def reduce_image(overlaps: ImageOverlaps,
                 scores: PersonScores,
                 protocol: Protocol,
                 thresholds: Thresholds = Thresholds(),
                 metrics: Tuple[str, ...] = METRICS) -> ImageStatistics:
    """Reduce one image to what the metrics, of :data:`METRICS`, need."""
    segments = overlaps.segments
    num_classes = scores.parts.shape[1] + 1
    statistics = ImageStatistics(
        overlaps.image.image_id,
        len(segments.labels) > 0,
        num_hidden=int((~overlaps.to_truth.truth_visible).sum()))
    if 'mIoU' in metrics:
        painted = paint_categories(segments, scores.boxes,
                                   thresholds.box_score)
        statistics.confusion = count_confusion(segments, painted, num_classes)
    kept = keep_persons(scores.persons, overlaps.ious, protocol, thresholds)
    if 'APp' in metrics:
        statistics.persons = _person_candidates(overlaps, scores.persons, kept,
                                                protocol)
    crowds = crowd_ids(overlaps.image, protocol)
    painting = paint_persons(segments, scores.persons, kept)
    if 'APr' in metrics:
        parts = limit_parts(painting, scores.persons, protocol.max_parts)
        statistics.regions = region_candidates(segments, parts, overlaps.truth,
                                               scores.parts, crowds)
    if 'APh' in metrics:
        statistics.humans = human_candidates(segments, painting,
                                             scores.persons, crowds)
    return statistics


def keep_persons(scores: np.ndarray, ious: np.ndarray, protocol: Protocol,
                 thresholds: Thresholds) -> np.ndarray:
    """Whether each person is neither found twice nor too bad, (N,) bool."""
    kept = scores >= thresholds.quality
    if thresholds.nms_iou is not None:
        kept &= protocol.suppress(scores, ious, thresholds.nms_iou)
    return kept


def crowd_ids(image: ImageInfo, protocol: Protocol) -> List[int]:
    """Values in Human_ids of persons that need not be found."""
    return [
        person.parsing_id for person in image.persons
        if person.is_crowd and protocol.ignores_crowds
    ]


def _ignored_persons(image: ImageInfo, protocol: Protocol) -> np.ndarray:
    """Whether each annotated person need not be found, (G,) bool."""
    crowds = [person.is_crowd for person in image.persons]
    return np.array(crowds, bool) & protocol.ignores_crowds


def unpredicted_statistics(image: ImageInfo,
                           protocol: Protocol) -> ImageStatistics:
    """An image without predictions where only annotated persons count."""
    ignored = _ignored_persons(image, protocol)
    nothing, zeros = np.zeros(0, np.int64), np.zeros(len(ignored), np.int64)
    found = np.zeros((0, len(PART_THRESHOLDS)), np.int64)
    persons = PersonCandidates(nothing * .5, nothing, zeros, ignored, nothing,
                               nothing, nothing * .5, found, zeros)
    return ImageStatistics(image.image_id, False, persons=persons)


def _person_candidates(overlaps: ImageOverlaps, scores: np.ndarray,
                       kept: np.ndarray,
                       protocol: Protocol) -> PersonCandidates:
    """Kept persons against the annotated persons that count."""
    to_truth = overlaps.to_truth
    counted = np.flatnonzero(to_truth.truth_visible
                             | protocol.counts_hidden_persons)
    ignored = _ignored_persons(overlaps.image, protocol)[counted]
    class_ious = to_truth.class_ious[kept][:, counted]
    ious = np.where(ignored, to_truth.shares[kept][:, counted],
                    mean_ious(class_ious))
    # A person without parts has no share of anything.
    pairs = ~np.isnan(ious)
    if protocol.pairs_share_parts:
        pairs &= ignored | to_truth.touching[kept][:, counted]
    predictions, truths = np.nonzero(pairs)
    parts = class_ious[predictions, truths, 1:, None]
    found = (np.nan_to_num(parts) > PART_THRESHOLDS).sum(axis=1)
    truth_parts = (to_truth.truth_areas[counted] > 0).sum(axis=1)
    return PersonCandidates(scores[kept], np.zeros(kept.sum(), np.int64),
                            np.zeros(len(counted),
                                     np.int64), ignored, predictions, truths,
                            ious[predictions, truths], found, truth_parts)
