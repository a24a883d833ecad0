# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From the images' statistics to the values (``docs/protocol.md``, 7)."""
from typing import Dict, List, Sequence, Tuple

import numpy as np

from .image_statistics import (HUMAN_THRESHOLDS, METRICS, PART_THRESHOLDS,
                               ImageStatistics, PersonCandidates)
from .matching import Candidates, Matches
from .protocols import Protocol


def summarize(images: Sequence[ImageStatistics],
              classes: Sequence[str],
              protocol: Protocol,
              metrics: Tuple[str, ...] = METRICS) -> Dict[str, float]:
    """Compute the metrics of a data set.

    Args:
        images (Sequence[ImageStatistics]): One for each image, any order.
        classes (Sequence[str]): Names of all classes, background first.
        protocol (Protocol): The one that made the statistics.
        metrics (tuple[str]): Which of mIoU, APp, APr, APh.

    Returns:
        dict[str, float]: In percent: ``mIoU``, ``pixAcc``, ``mAcc``,
        ``IoU.<class>``, ``Acc.<class>``; ``APp``, ``PCP``, ``APp_10`` ...
        ``APp_90``, ``PCP_10`` ...; ``APr``, ``APr_10`` ..., ``APr.<class>``;
        ``APh``, ``APh_50`` ... ``APh_95``. NaN if there is nothing to find.

    Raises:
        ValueError: If there is no image.
    """
    if not images:
        raise ValueError('there is no image to evaluate')
    # Ties are broken by image id, then by position in the results.
    images = sorted(images, key=lambda image: image.image_id)
    counted = [
        image for image in images
        if image.has_predictions or protocol.counts_images_without_predictions
    ]
    values: Dict[str, float] = {}
    if 'mIoU' in metrics:
        values.update(_pixel_metrics(counted, classes, protocol))
    if 'APp' in metrics:
        values.update(_person_metrics(images, protocol))
    if 'APr' in metrics:
        values.update(_region_metrics(counted, classes, protocol))
    if 'APh' in metrics:
        precisions = _mask_precisions([image.humans for image in counted],
                                      HUMAN_THRESHOLDS, 1, protocol)
        values.update(_by_threshold('APh', HUMAN_THRESHOLDS, precisions[0]))
    return values


def average_precision(is_true: np.ndarray, num_truths: int) -> float:
    """Area under the monotone envelope of precision and recall (VOC 2010).

    Of predictions, (P,) bool, from the best down; above 1 if truths are found
    more than once.
    """
    found = np.cumsum(is_true)
    recall = found / num_truths
    precision = found / np.arange(1, len(found) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0) * envelope))


def _pixel_metrics(images: List[ImageStatistics], classes: Sequence[str],
                   protocol: Protocol) -> Dict[str, float]:
    """mIoU, pixel and mean accuracy from one confusion matrix."""
    confusion = sum((image.confusion for image in images),
                    np.zeros((len(classes), len(classes)), np.int64))
    hits = np.diag(confusion)
    truth, predicted = confusion.sum(axis=1), confusion.sum(axis=0)
    ious = 100 * protocol.class_ratio(hits, truth + predicted - hits)
    accuracies = 100 * protocol.class_ratio(hits, truth)
    total = 100 * protocol.class_ratio(hits.sum(), truth.sum())
    return dict(
        mIoU=_mean(ious),
        pixAcc=float(total),
        mAcc=_mean(accuracies),
        **_by_name('IoU.', classes, ious),
        **_by_name('Acc.', classes, accuracies))


def _person_metrics(images: List[ImageStatistics],
                    protocol: Protocol) -> Dict[str, float]:
    """AP^p and PCP."""
    persons = PersonCandidates.join([image.persons for image in images])
    matches = protocol.match_persons(persons, PART_THRESHOLDS)
    precisions = _class_precisions(persons, matches, 1, protocol)[0]
    num_truths = int((~persons.truth_ignored).sum())
    correct = np.full(len(PART_THRESHOLDS), np.nan)
    for t, pairs in enumerate(matches.pairs.T if num_truths else ()):
        pairs = pairs[pairs >= 0]
        parts = persons.truth_parts[persons.truths[pairs]]
        # A hidden person has no part that could be right.
        shares = persons.parts_found[pairs, t] / np.maximum(parts, 1)
        correct[t] = 100 * shares.sum() / num_truths
    return dict(
        _by_threshold('APp', PART_THRESHOLDS, precisions),
        **_by_threshold('PCP', PART_THRESHOLDS, correct))


def _region_metrics(images: List[ImageStatistics], classes: Sequence[str],
                    protocol: Protocol) -> Dict[str, float]:
    """AP^r, the mean over classes before the mean over thresholds."""
    precisions = _mask_precisions([image.regions for image in images],
                                  PART_THRESHOLDS, len(classes), protocol)
    by_threshold = np.array([_mean(column) for column in precisions[1:].T])
    by_class = np.array([_mean(row) for row in precisions[1:]])
    return dict(
        _by_threshold('APr', PART_THRESHOLDS, by_threshold),
        **_by_name('APr.', classes[1:], by_class))


def _mask_precisions(candidates: List[Candidates], thresholds: np.ndarray,
                     num_classes: int, protocol: Protocol) -> np.ndarray:
    """AP of painted masks by class and threshold, NaN without an image."""
    if not candidates:
        return np.full((num_classes, len(thresholds)), np.nan)
    joined = Candidates.join(candidates)
    matches = protocol.match_regions(joined, thresholds)
    return _class_precisions(joined, matches, num_classes, protocol)


def _class_precisions(candidates: Candidates, matches: Matches,
                      num_classes: int, protocol: Protocol) -> np.ndarray:
    """AP in percent by class and threshold, (C, T), NaN where undefined."""
    ranking = candidates.ranking()
    labels = candidates.labels[ranking]
    is_true, counts = matches.pairs[ranking] >= 0, ~matches.ignored[ranking]
    wanted = candidates.truth_labels[~candidates.truth_ignored]
    num_truths = np.bincount(wanted, minlength=num_classes)
    precisions = np.full((num_classes, is_true.shape[1]), np.nan)
    for label in range(num_classes):
        mine = labels == label
        if num_truths[label] > 0:
            precisions[label] = [
                average_precision(hits[valid], num_truths[label])
                for hits, valid in zip(is_true[mine].T, counts[mine].T)
            ]
        elif not mine.any():
            precisions[label] = protocol.ap_of_nothing
    return 100 * precisions


def _mean(values: np.ndarray) -> float:
    """Mean of the defined values, NaN if there is none."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float('nan')


def _by_threshold(name: str, thresholds: np.ndarray,
                  values: np.ndarray) -> Dict[str, float]:
    """The mean, then the value at each threshold."""
    keys = [f'{round(100 * threshold)}' for threshold in thresholds]
    return {name: _mean(values), **_by_name(f'{name}_', keys, values)}


def _by_name(prefix: str, names: Sequence[str],
             values: np.ndarray) -> Dict[str, float]:
    return {f'{prefix}{n}': float(v) for n, v in zip(names, values)}
