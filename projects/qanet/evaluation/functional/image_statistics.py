# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What one image contributes to the metrics, without its pixels."""
from dataclasses import dataclass
from typing import NamedTuple, Optional, Tuple

import numpy as np

from projects.qanet.ground_truth import ImageInfo, LabelRuns
from projects.qanet.structures.runs import PersonRuns
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number
from .matching import Candidates
from .overlaps import TruthOverlaps, mean_ious, person_ious, truth_overlaps
from .painting import (human_candidates, limit_parts, paint_persons,
                       region_candidates)
from .protocols import Protocol
from .scores import PersonScores
from .segments import Segments, count_confusion, cut_segments, paint_categories

METRICS = ('mIoU', 'APp', 'APr', 'APh')
PART_THRESHOLDS = np.arange(1, 10) / 10
HUMAN_THRESHOLDS = np.arange(10, 20) / 20


class Thresholds(NamedTuple):
    """Thresholds of ``docs/protocol.md``, section 7.

    Attributes:
        box_score (float): Lowest box score in the global map.
        nms_iou (float, optional): Parsing IoU of persons found twice; None
            keeps all.
        quality (float): Lowest quality score of a counted person.
    """
    box_score: float = 0.3
    nms_iou: Optional[float] = 0.6
    quality: float = 0.01


def check_thresholds(thresholds: Thresholds) -> None:
    """Refuse thresholds that are no numbers.

    Args:
        thresholds (Thresholds): Thresholds of scores and suppression.

    Raises:
        InputError: If one is not finite or below 0.
    """
    names = ('box_score_thr', 'nms_thr', 'quality_thr')
    for name, value in zip(names, thresholds):
        if value is None and name == 'nms_thr':
            continue
        if not (is_number(value) and value >= 0):
            raise InputError(f'{name} is {value!r}, allowed are numbers >= 0')


@dataclass
class PersonCandidates(Candidates):
    """Candidates of AP^p with what PCP needs.

    Attributes:
        parts_found (np.ndarray): Classes > 0 of each pair with an IoU above
            each threshold, (M, T) int64.
        truth_parts (np.ndarray): Classes > 0 of each truth, (G,) int64.
    """
    parts_found: np.ndarray
    truth_parts: np.ndarray


@dataclass
class ImageStatistics:
    """All that the metrics need to know of one image.

    Attributes:
        image_id (int): The image's id.
        has_predictions (bool): Whether there is any record, however low its
            scores are.
        confusion (np.ndarray, optional): Pixels by true and predicted class,
            (C, C) int64.
        persons (PersonCandidates, optional): For AP^p and PCP.
        regions (Candidates, optional): For AP^r.
        humans (Candidates, optional): For AP^h.
        num_hidden (int): Annotated persons without a pixel in Human_ids, as
            far as the label maps were read. Defaults to 0.
    """
    image_id: int
    has_predictions: bool
    confusion: Optional[np.ndarray] = None
    persons: Optional[PersonCandidates] = None
    regions: Optional[Candidates] = None
    humans: Optional[Candidates] = None
    num_hidden: int = 0


class ImageOverlaps(NamedTuple):
    """What does not depend on the quality scores.

    Attributes:
        image (ImageInfo): The image.
        truth (LabelRuns): Its ground truth.
        segments (Segments): Truth and persons.
        ious (np.ndarray): Between persons, (N, N) float64.
        to_truth (TruthOverlaps): Persons against annotated persons.
    """
    image: ImageInfo
    truth: LabelRuns
    segments: Segments
    ious: np.ndarray
    to_truth: TruthOverlaps


def measure_overlaps(image: ImageInfo, truth: LabelRuns, runs: PersonRuns,
                     num_classes: int) -> ImageOverlaps:
    """Compare the persons of an image with each other and with the truth.

    Args:
        image (ImageInfo): The image.
        truth (LabelRuns): Its ground truth.
        runs (PersonRuns): The image's N persons.
        num_classes (int): Number of classes with the background.

    Returns:
        ImageOverlaps: Good for any quality scores of these persons.

    Raises:
        InputError: If the persons are of an image of another size.
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
    """Reduce one image to what the metrics need.

    Args:
        overlaps (ImageOverlaps): The image and its N persons.
        scores (PersonScores): Scores of the persons.
        protocol (Protocol): How details are decided.
        thresholds (Thresholds): Thresholds of scores and suppression.
        metrics (tuple[str]): Which of mIoU, APp, APr, APh.

    Returns:
        ImageStatistics: The image's contribution.
    """
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
    """Persons that are neither found twice nor too bad.

    See ``docs/protocol.md``, sections 7.2 and 7.3.

    Args:
        scores (np.ndarray): Quality scores, (N,).
        ious (np.ndarray): Mean IoU between the persons, (N, N).
        protocol (Protocol): How to suppress.
        thresholds (Thresholds): Thresholds of scores and suppression.

    Returns:
        np.ndarray: Whether each person stays, (N,) bool.
    """
    kept = scores >= thresholds.quality
    if thresholds.nms_iou is not None:
        kept &= protocol.suppress(scores, ious, thresholds.nms_iou)
    return kept


def crowd_ids(image: ImageInfo, protocol: Protocol) -> np.ndarray:
    """Persons of the ground truth that need not be found.

    Args:
        image (ImageInfo): The image.
        protocol (Protocol): Decides whether crowds are ignored.

    Returns:
        np.ndarray: Their values in Human_ids, (X,) int64.
    """
    return np.array([
        person.parsing_id for person in image.persons
        if person.is_crowd and protocol.ignores_crowds
    ], np.int64)


def unpredicted_statistics(image: ImageInfo,
                           protocol: Protocol) -> ImageStatistics:
    """An image without predictions whose label maps do not count.

    Args:
        image (ImageInfo): The image.
        protocol (Protocol): One that drops such images from all metrics but
            AP^p, which counts the annotated persons.

    Returns:
        ImageStatistics: Persons to be found, and nothing else.
    """
    ignored = [
        person.is_crowd and protocol.ignores_crowds for person in image.persons
    ]
    nothing = np.zeros(0, np.int64)
    return ImageStatistics(
        image.image_id,
        False,
        persons=PersonCandidates(
            np.zeros(0), nothing, np.zeros(len(ignored), np.int64),
            np.array(ignored, bool), nothing, nothing, np.zeros(0),
            np.zeros((0, len(PART_THRESHOLDS)), np.int64),
            np.zeros(len(ignored), np.int64)))


def _person_candidates(overlaps: ImageOverlaps, scores: np.ndarray,
                       kept: np.ndarray,
                       protocol: Protocol) -> PersonCandidates:
    """Kept persons against the annotated persons that count."""
    to_truth = overlaps.to_truth
    counted = np.flatnonzero(to_truth.truth_visible
                             | protocol.counts_hidden_persons)
    ignored = np.array([
        person.is_crowd and protocol.ignores_crowds
        for person in overlaps.image.persons
    ], bool)[counted]
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
    return PersonCandidates(scores[kept], np.zeros(int(kept.sum()), np.int64),
                            np.zeros(len(counted), np.int64), ignored,
                            predictions, truths, ious[predictions, truths],
                            found, (to_truth.truth_areas[counted]
                                    > 0).sum(axis=1))
