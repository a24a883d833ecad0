# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""One pass over a results file that answers: is the quality score any good?"""
import math
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np

from ..functional.evaluator import ParsingEvaluator
from ..functional.image_statistics import (METRICS, ImageOverlaps,
                                           ImageStatistics, PersonCandidates,
                                           keep_persons, reduce_image,
                                           unpredicted_statistics)
from ..functional.matching import Candidates
from ..functional.overlaps import mean_ious
from ..functional.scores import read_scores
from ..functional.summary import summarize
from .samples import SCORE_NAMES, image_samples

#: Where precision is looked at.
RECALLS = np.arange(101) / 100
# As in COCO: persons below 32 x 32 pixels are called small.
SMALL_AREA = 32 * 32
_RANKING_METRICS = ('APp', 'APr', 'APh')
_SINGLE_WEIGHTS = dict(box=(1, 0, 0), iou=(0, 1, 0), pixel=(0, 0, 1))


class Failure(NamedTuple):
    """A prediction and the annotated person that belong together."""
    image_id: int
    position: int  # among the image's records, -1 for none
    parsing_id: int  # the annotated person, -1 for none
    true_iou: float  # mean over classes, 0 without either
    score: float  # fused, NaN without a prediction


class Ranking(NamedTuple):
    """What the metrics are when persons are ranked by one score.

    ``values`` are AP^p, AP^r and AP^h of
    :func:`~projects.qanet.evaluation.functional.summarize`, percent; the
    curves, by IoU threshold, are precisions at :data:`RECALLS` (101,), 0..1:
    the monotone envelope, 0 where a recall is not reached, NaN without
    truths; of parts the mean over the classes that have ground truth. Where
    the protocol lets several predictions find one truth, recall goes beyond 1
    and the curve is cut there.
    """
    values: Dict[str, float]
    person_curves: Dict[float, np.ndarray]
    part_curves: Dict[float, np.ndarray]


class QualityStudy(NamedTuple):
    """Everything the report shows, as numbers.

    ``persons`` and ``parts`` are predictions before suppression, of
    :data:`~projects.qanet.evaluation.analysis.samples.SAMPLE`. ``overrated``
    are kept persons whose fused score is above the true IoU, the largest
    difference first; ``worst`` the best kept prediction of each annotated
    person, the lowest true IoU first, then the lowest ids, without crowds,
    hidden and small persons (:data:`SMALL_AREA`).
    """
    classes: Tuple[str, ...]  # background first
    persons: np.recarray
    parts: np.recarray
    kept: np.ndarray  # persons that no better one suppresses, bool
    rankings: Dict[str, Ranking]  # by score; none of a score with undefined
    confusion: np.ndarray  # pixels by true and predicted class, (C, C) int64
    overrated: List[Failure]
    worst: List[Failure]
    box_score_thr: float  # lowest box score of the samples


def study_quality(evaluator: ParsingEvaluator,
                  records: Sequence[Dict[str, Any]],
                  num_failures: int = 12,
                  curve_thresholds: Sequence[float] = (.5, .7),
                  box_score_thr: float = 0.,
                  source: str = 'results') -> QualityStudy:
    """Compare all scores of a results file with the truth.

    Every label map is read once, every image is compared once; only its
    scores and statistics stay in memory.

    Args:
        evaluator (ParsingEvaluator): The data set, protocol and, if scores
            are to be fused again, quality weights; for all metrics.
        records (Sequence[dict]): All records, in the file's order.
        num_failures (int): Persons to choose for each gallery.
        curve_thresholds (Sequence[float]): IoUs of the curves.
        box_score_thr (float): Persons with a lower box score are no samples;
            a detector's many doubtful boxes would make up most of them. The
            rankings keep everybody.
        source (str): What to call the list of records in a message.

    Raises a ValueError if a record does not fit the data set (the message
    names its position), or if the evaluator leaves a metric out.
    """
    if set(evaluator.metrics) != set(METRICS):
        raise ValueError('the study needs an evaluator of all metrics '
                         f'{list(METRICS)}, not {list(evaluator.metrics)}')
    protocol, num_classes = evaluator.protocol, len(evaluator.classes)
    groups = {i: found for i, *found in evaluator.group(records, source)}
    statistics: Dict[str, List[ImageStatistics]] = {
        name: []
        for name in _defined_scores(evaluator, records)
    }
    confusion = np.zeros((num_classes, num_classes), np.int64)
    samples, kept, misses = [], [], []
    for image_id in sorted(evaluator.images):
        mine, places = groups.get(image_id, ([], []))
        overlaps = evaluator.measure(image_id,
                                     evaluator.decode(image_id, mine, places))
        samples.append(
            image_samples(overlaps, mine, num_classes,
                          evaluator.quality_weights))
        fused = samples[-1][0].scores[:, -1]
        kept.append(
            keep_persons(
                np.nan_to_num(fused), overlaps.ious, protocol,
                evaluator.thresholds))
        misses += _misses(overlaps, fused, kept[-1])
        for name, images in statistics.items():
            if not mine and not protocol.counts_images_without_predictions:
                images.append(unpredicted_statistics(overlaps.image, protocol))
                continue
            weights = _SINGLE_WEIGHTS.get(name, evaluator.quality_weights)
            # The global map depends on box scores alone.
            metrics = METRICS if name == 'box' else _RANKING_METRICS
            images.append(
                reduce_image(overlaps,
                             read_scores(mine, num_classes, weights, places),
                             protocol, evaluator.thresholds, metrics))
            if name == 'box':
                confusion += images[-1].confusion
                images[-1].confusion = None
    persons, parts = (
        np.concatenate(found).view(np.recarray) for found in zip(*samples))
    counted = persons.scores[:, 0] >= box_score_thr
    persons, kept = persons[counted], np.concatenate(kept)[counted]
    misses.sort(key=lambda m: (m.true_iou, m.image_id, m.parsing_id))
    return QualityStudy(
        evaluator.classes, persons, parts[parts.scores[:, 0] >= box_score_thr],
        kept, {
            name: _rank(evaluator, images, curve_thresholds)
            for name, images in statistics.items()
        }, confusion,
        _overrated(persons,
                   kept)[:num_failures], misses[:num_failures], box_score_thr)


def _defined_scores(evaluator: ParsingEvaluator,
                    records: Sequence[Dict[str, Any]]) -> List[str]:
    """Scores that every person and part has, so that they can rank."""
    pixel, stored = (
        all(owner[key] is not None for record in records
            for owner in (record, *record['parts']))
        for key in ('pixel_score', 'score'))
    weights = evaluator.quality_weights
    fused = stored if weights is None else pixel or weights[2] == 0
    defined = (True, True, pixel, fused)
    return [name for name, there in zip(SCORE_NAMES, defined) if there]


def _overrated(persons: np.recarray, kept: np.ndarray) -> List[Failure]:
    surplus = np.where(kept, persons.scores[:, -1] - persons.true_ious, np.nan)
    order = np.argsort(-surplus, kind='stable')  # NaN goes to the end
    return [
        Failure(
            int(persons.image_ids[i]), int(persons.positions[i]),
            int(persons.truths[i]), float(persons.true_ious[i]),
            float(persons.scores[i, -1])) for i in order if surplus[i] > 0
    ]


def _misses(overlaps: ImageOverlaps, scores: np.ndarray,
            kept: np.ndarray) -> List[Failure]:
    """The best that was found of each annotated person of one image."""
    to_truth, image = overlaps.to_truth, overlaps.image
    ious = np.nan_to_num(mean_ious(to_truth.class_ious))
    areas = to_truth.truth_areas.sum(axis=1)
    found = []
    for g, person in enumerate(image.persons):
        if person.is_crowd or areas[g] < SMALL_AREA:
            continue
        position, iou, score = -1, 0., math.nan
        if kept.any():
            best = int(np.where(kept, ious[:, g], -1.).argmax())
            if to_truth.shares[best, g] > 0:  # else nobody touches the person
                position = best
                iou, score = float(ious[best, g]), float(scores[best])
        found.append(
            Failure(image.image_id, position, person.parsing_id, iou, score))
    return found


def _rank(evaluator: ParsingEvaluator, images: Sequence[ImageStatistics],
          thresholds: Sequence[float]) -> Ranking:
    """Metrics and curves of one score."""
    protocol, classes = evaluator.protocol, evaluator.classes
    persons = PersonCandidates.join([image.persons for image in images])
    counted = [image.regions for image in images if image.regions is not None]
    return Ranking(
        summarize(images, classes, protocol, _RANKING_METRICS),
        _curves(persons, protocol.match_persons, thresholds, [0]),
        _curves(
            Candidates.join(counted), protocol.match_regions, thresholds,
            range(1, len(classes))) if counted else dict.fromkeys(
                thresholds, RECALLS * np.nan))


def _curves(candidates: Candidates, match: Any, thresholds: Sequence[float],
            labels: Sequence[int]) -> Dict[float, np.ndarray]:
    """Precision at :data:`RECALLS`, by threshold, mean over the labels."""
    matches = match(candidates, np.array(thresholds))
    real = candidates.truth_labels[~candidates.truth_ignored]
    ranking = candidates.ranking()
    curves = {}
    for t, threshold in enumerate(thresholds):
        valid = ranking[~matches.ignored[ranking, t]]
        is_true = matches.pairs[valid, t] >= 0
        found = [
            precision_at_recalls(is_true[candidates.labels[valid] == label],
                                 int((real == label).sum()))
            for label in labels if (real == label).any()
        ]
        curves[threshold] = np.mean(found or [RECALLS * np.nan], axis=0)
    return curves


def precision_at_recalls(is_true: np.ndarray, num_truths: int) -> np.ndarray:
    """Best precision, 0..1, among the points that reach each recall.

    ``is_true`` says of each prediction, from the best down, whether it is a
    true positive. The area under this envelope is the average precision.
    """
    found = np.cumsum(is_true)
    precision = found / np.arange(1, len(found) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(found / num_truths, RECALLS)
    return np.append(envelope, 0.)[reached]
