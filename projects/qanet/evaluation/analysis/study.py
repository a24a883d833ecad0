# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""One pass over a results file that answers: is the quality score any good?"""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ..functional.evaluator import ParsingEvaluator
from ..functional.image_statistics import (METRICS, ImageOverlaps,
                                           ImageStatistics, keep_persons,
                                           reduce_image)
from ..functional.overlaps import mean_ious
from ..functional.scores import PersonScores, read_scores
from ..functional.summary import summarize
from .failures import Failure, image_misses, overrated_persons, worst_found
from .precision_recall import part_curve, person_curve
from .samples import SCORE_NAMES, QualitySamples, image_samples

_RANKING_METRICS = ('APp', 'APr', 'APh')
_SINGLE_WEIGHTS = dict(box=(1, 0, 0), iou=(0, 1, 0), pixel=(0, 0, 1))


class Ranking(NamedTuple):
    """What the metrics are when persons are ranked by one score.

    Attributes:
        values (dict[str, float]): AP^p, AP^r and AP^h of
            :func:`~projects.qanet.evaluation.functional.summarize`, percent.
        person_curves (dict[float, np.ndarray]): Precision of persons at
            :data:`RECALLS` by IoU threshold, (101,) float64.
        part_curves (dict[float, np.ndarray]): The same for parts.
    """
    values: Dict[str, float]
    person_curves: Dict[float, np.ndarray]
    part_curves: Dict[float, np.ndarray]


class QualityStudy(NamedTuple):
    """Everything the report shows, as numbers.

    Attributes:
        classes (tuple[str]): Names of all classes, background first.
        persons (QualitySamples): Predicted persons, before suppression.
        parts (QualitySamples): Their parts.
        kept (np.ndarray): Persons that no better one suppresses, bool.
        rankings (dict[str, Ranking]): By score name; a score that is
            undefined somewhere has none.
        confusion (np.ndarray): Pixels of the global maps by true and
            predicted class, (C, C) int64.
        overrated (list[Failure]): See :func:`overrated_persons`.
        worst (list[Failure]): See :func:`worst_found`.
        box_score_thr (float): Lowest box score of the samples.
    """
    classes: Tuple[str, ...]
    persons: QualitySamples
    parts: QualitySamples
    kept: np.ndarray
    rankings: Dict[str, Ranking]
    confusion: np.ndarray
    overrated: List[Failure]
    worst: List[Failure]
    box_score_thr: float


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
            are to be fused again, quality weights.
        records (Sequence[dict]): All records, in the file's order.
        num_failures (int): Persons to choose for each gallery. Defaults to
            12.
        curve_thresholds (Sequence[float]): IoUs of the precision-recall
            curves. Defaults to (0.5, 0.7).
        box_score_thr (float): Persons with a lower box score are no samples;
            a detector's many doubtful boxes would make up most of them. The
            rankings keep everybody. Defaults to 0, all are samples.
        source (str): What to call the list of records in a message.

    Returns:
        QualityStudy: The figures.

    Raises:
        ValueError: If a record does not fit the data set; the message names
            its position. If the evaluator leaves a metric out.
    """
    if set(evaluator.metrics) != set(METRICS):
        raise ValueError('the study needs an evaluator of all metrics '
                         f'{list(METRICS)}, not {list(evaluator.metrics)}')
    collector = _Collector(evaluator, _defined_scores(evaluator, records))
    for image_id, mine, places in evaluator.group(records, source):
        collector.add(image_id, mine, places)
    collector.add_unpredicted()
    statistics = collector.all_statistics()
    persons, parts = (
        QualitySamples.join(samples)
        for samples in (collector.persons, collector.parts))
    kept = np.concatenate(collector.kept or [np.zeros(0, bool)])
    counted = persons.scores[:, 0] >= box_score_thr
    persons, kept = persons[counted], kept[counted]
    return QualityStudy(
        evaluator.classes, persons, parts[parts.scores[:, 0] >= box_score_thr],
        kept, {
            name: _rank(evaluator, images, curve_thresholds)
            for name, images in statistics.items()
        }, collector.confusion, overrated_persons(persons, kept, num_failures),
        worst_found(collector.misses, num_failures), box_score_thr)


class _Collector:
    """Gathers the images' contributions."""

    def __init__(self, evaluator: ParsingEvaluator,
                 names: Sequence[str]) -> None:
        num_classes = len(evaluator.classes)
        self.evaluator = evaluator
        self.persons: List[QualitySamples] = []
        self.parts: List[QualitySamples] = []
        self.kept: List[np.ndarray] = []
        self.misses: List[Failure] = []
        self.confusion = np.zeros((num_classes, num_classes), np.int64)
        self.statistics: Dict[str, Dict[int, ImageStatistics]] = {
            name: {}
            for name in names
        }

    def add(self, image_id: int, records: Sequence[Dict[str, Any]],
            places: Sequence[str]) -> None:
        """Compare one image and keep what is needed of it."""
        evaluator = self.evaluator
        num_classes = len(evaluator.classes)
        overlaps = evaluator.measure(
            image_id, evaluator.decode(image_id, records, places))
        persons, parts = image_samples(overlaps, records, num_classes,
                                       evaluator.quality_weights)
        kept = self._suppress(persons.scores[:, -1], overlaps)
        self.persons.append(persons)
        self.parts.append(parts)
        self.kept.append(kept)
        self.misses += image_misses(
            overlaps, np.nan_to_num(mean_ious(overlaps.to_truth.class_ious)),
            persons.scores[:, -1], kept)
        for name, images in self.statistics.items():
            metrics = _RANKING_METRICS + (('mIoU', ) if name == 'box' else ())
            scores = self._scores(name, records, places)
            images[image_id] = reduce_image(overlaps, scores,
                                            evaluator.protocol,
                                            evaluator.thresholds, metrics)
            if name == 'box':  # the global map depends on box scores alone
                self.confusion += images[image_id].confusion
                images[image_id].confusion = None

    def add_unpredicted(self) -> None:
        """Everybody in an image without records is missed."""
        for image_id in self.evaluator.images:
            if image_id not in self.statistics['box']:
                overlaps = self.evaluator.measure(
                    image_id, self.evaluator.decode(image_id, []))
                nobody = np.zeros((0, len(overlaps.image.persons)))
                self.misses += image_misses(overlaps, nobody, np.zeros(0),
                                            np.zeros(0, bool))

    def _scores(self, name: str, records: Sequence[Dict[str, Any]],
                places: Sequence[str]) -> PersonScores:
        """Scores that rank persons and parts by one of the four."""
        weights = _SINGLE_WEIGHTS.get(name, self.evaluator.quality_weights)
        return read_scores(records, len(self.evaluator.classes), weights,
                           places)

    def _suppress(self, scores: np.ndarray,
                  overlaps: ImageOverlaps) -> np.ndarray:
        """Persons that stay when the fused score decides, (N,) bool."""
        evaluator = self.evaluator
        return keep_persons(
            np.nan_to_num(scores), overlaps.ious, evaluator.protocol,
            evaluator.thresholds)

    def all_statistics(self) -> Dict[str, List[ImageStatistics]]:
        """By score; images without records stand in with what they lack."""
        missing = [
            self.evaluator.process_records(image_id, [])
            for image_id in self.evaluator.images
            if image_id not in self.statistics['box']
        ]
        for image in missing:
            if image.confusion is not None:
                self.confusion += image.confusion
        return {
            name:
            sorted([*images.values(), *missing],
                   key=lambda image: image.image_id)
            for name, images in self.statistics.items()
        }


def _defined_scores(evaluator: ParsingEvaluator,
                    records: Sequence[Dict[str, Any]]) -> List[str]:
    """Scores that every person and part has, so that they can rank."""

    def complete(key: str) -> bool:
        return all(record[key] is not None and all(part[key] is not None
                                                   for part in record['parts'])
                   for record in records)

    weights: Optional[Sequence[float]] = evaluator.quality_weights
    defined = dict(box=True, iou=True, pixel=complete('pixel_score'))
    if weights is None:
        defined['fused'] = complete('score')
    else:
        defined['fused'] = defined['pixel'] or weights[2] == 0
    return [name for name in SCORE_NAMES if defined[name]]


def _rank(evaluator: ParsingEvaluator, images: Sequence[ImageStatistics],
          thresholds: Sequence[float]) -> Ranking:
    """Metrics and curves of one score."""
    protocol = evaluator.protocol
    values = summarize(images, evaluator.classes, protocol, _RANKING_METRICS)
    counted = [
        image for image in images
        if image.has_predictions or protocol.counts_images_without_predictions
    ]
    return Ranking(
        values, {t: person_curve(images, protocol, t)
                 for t in thresholds},
        {
            t: part_curve(counted, protocol, len(evaluator.classes), t)
            for t in thresholds
        })
