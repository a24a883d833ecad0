# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From the images' statistics to the values (``docs/protocol.md``, 7)."""
from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np

from .image_statistics import (HUMAN_THRESHOLDS, METRICS, PART_THRESHOLDS,
                               ImageStatistics, PersonCandidates)
from .matching import Candidates, Matches
from .overlaps import divide
from .overlaps import mean_ious as mean_defined
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
    once = np.ones((1, len(images)), np.int64)
    values = summarize_samples(images, once, classes, protocol, metrics)
    return {key: float(value[0]) for key, value in values.items()}


def summarize_samples(
        images: Sequence[ImageStatistics],
        counts: np.ndarray,
        classes: Sequence[str],
        protocol: Protocol,
        metrics: Tuple[str, ...] = METRICS) -> Dict[str, np.ndarray]:
    """Compute the metrics of S data sets that repeat or lack some images.

    ``counts`` says how often each has each of the n images, (S, n) integers
    >= 0; the rest is as in :func:`summarize`, but that each value is an array
    (S,) float64. Each image is matched once: matches do not depend on other
    images. Of equal scores within one image, all copies of one prediction are
    ranked before those of the next.
    """
    if not images:
        raise ValueError('there is no image to evaluate')
    # Ties are broken by image id, then by position in the results.
    order = np.argsort([image.image_id for image in images], kind='stable')
    images = [images[i] for i in order]
    # Running sums of integers are fast, and so are products with float64,
    # which are exact below 2**53.
    counts = np.asarray(counts, np.int64)[:, order]
    is_counted = np.array([image.has_predictions for image in images], bool)
    is_counted |= protocol.counts_images_without_predictions
    counted = [images[i] for i in np.flatnonzero(is_counted)]
    own = counts[:, is_counted]
    values: Dict[str, np.ndarray] = {}
    if 'mIoU' in metrics:
        values.update(_pixel_metrics(counted, own, classes, protocol))
    if 'APp' in metrics:
        values.update(_person_metrics(images, counts, protocol))
    if 'APr' in metrics:
        values.update(_region_metrics(counted, own, classes, protocol))
    if 'APh' in metrics:
        precisions = _mask_precisions([image.humans for image in counted], own,
                                      HUMAN_THRESHOLDS, 1, protocol)
        values.update(_by_threshold('APh', HUMAN_THRESHOLDS, precisions[:, 0]))
    return values


def average_precision(hits: np.ndarray, ranks: np.ndarray,
                      num_truths: float) -> float:
    """Area under the monotone envelope of precision and recall (VOC 2010).

    ``hits`` says how often each true positive occurs, from the best down;
    ``ranks`` how many predictions there are down to the last copy of it, both
    (H,) int64. Recall rises at true positives alone, and precision is
    highest there. Above 1 if truths are found more than once.
    """
    # One that occurs nowhere may have the rank 0, and adds nothing.
    precision = np.cumsum(hits) / np.maximum(ranks, 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(hits @ envelope) / num_truths


def _pixel_metrics(images: List[ImageStatistics], counts: np.ndarray,
                   classes: Sequence[str],
                   protocol: Protocol) -> Dict[str, np.ndarray]:
    """mIoU, pixel and mean accuracy from one confusion matrix."""
    pixels = np.zeros((len(images), 3, len(classes)))
    for mine, image in zip(pixels, images):
        confusion = image.confusion
        mine[:] = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    hits, truth, predicted = np.tensordot(counts, pixels, 1).swapaxes(0, 1)
    ious = 100 * protocol.class_ratio(hits, truth + predicted - hits)
    accuracies = 100 * protocol.class_ratio(hits, truth)
    total = 100 * protocol.class_ratio(hits.sum(axis=1), truth.sum(axis=1))
    return dict(
        mIoU=mean_defined(ious),
        pixAcc=total,
        mAcc=mean_defined(accuracies),
        **_by_name('IoU.', classes, ious),
        **_by_name('Acc.', classes, accuracies))


def _person_metrics(images: List[ImageStatistics], counts: np.ndarray,
                    protocol: Protocol) -> Dict[str, np.ndarray]:
    """AP^p and PCP."""
    found = _Found(PersonCandidates, [image.persons for image in images],
                   protocol.match_persons, PART_THRESHOLDS)
    persons, matches = found.candidates, found.matches
    precisions = found.class_precisions(counts, 1, protocol)[:, 0]
    shares = np.zeros((len(images), len(PART_THRESHOLDS)))
    for t, pairs in enumerate(matches.pairs.T):
        is_hit = pairs >= 0
        pairs = pairs[is_hit]
        parts = persons.truth_parts[persons.truths[pairs]]
        # A hidden person has no part that could be right.
        correct = persons.parts_found[pairs, t] / np.maximum(parts, 1)
        np.add.at(shares[:, t], found.owners[is_hit], correct)
    num_truths = found.count_truths(counts, 1)
    return dict(
        _by_threshold('APp', PART_THRESHOLDS, precisions),
        **_by_threshold('PCP', PART_THRESHOLDS,
                        100 * divide(counts @ shares, num_truths)))


def _region_metrics(images: List[ImageStatistics], counts: np.ndarray,
                    classes: Sequence[str],
                    protocol: Protocol) -> Dict[str, np.ndarray]:
    """AP^r, the mean over classes before the mean over thresholds."""
    precisions = _mask_precisions([image.regions for image in images], counts,
                                  PART_THRESHOLDS, len(classes), protocol)[:,
                                                                           1:]
    by_threshold = mean_defined(precisions.swapaxes(1, 2))
    return dict(
        _by_threshold('APr', PART_THRESHOLDS, by_threshold),
        **_by_name('APr.', classes[1:], mean_defined(precisions)))


def _mask_precisions(images: List[Candidates], counts: np.ndarray,
                     thresholds: np.ndarray, num_classes: int,
                     protocol: Protocol) -> np.ndarray:
    """AP of painted masks, (S, C, T); NaN for a sample without an image."""
    if not images:
        return np.full((len(counts), num_classes, len(thresholds)), np.nan)
    found = _Found(Candidates, images, protocol.match_regions, thresholds)
    precisions = found.class_precisions(counts, num_classes, protocol)
    precisions[~counts.any(axis=1)] = np.nan
    return precisions


class _Found:
    """What predictions of n images find at T thresholds."""

    def __init__(self, kind: type, images: Sequence[Candidates],
                 match: Callable[[Candidates, np.ndarray],
                                 Matches], thresholds: np.ndarray) -> None:
        self.candidates = kind.join(images)
        self.matches = match(self.candidates, thresholds)
        # Position of the image of each prediction and of each truth.
        self.owners, self.truth_owners = (
            np.repeat(range(len(images)), [len(labels) for labels in lists])
            for lists in ([image.labels for image in images],
                          [image.truth_labels for image in images]))

    def count_truths(self, counts: np.ndarray, num_classes: int) -> np.ndarray:
        """Truths to be found by sample and class, (S, C) float64."""
        wanted = ~self.candidates.truth_ignored
        truths = np.zeros((counts.shape[1], num_classes))
        np.add.at(
            truths,
            (self.truth_owners[wanted], self.candidates.truth_labels[wanted]),
            1)
        return counts @ truths

    def class_precisions(self, counts: np.ndarray, num_classes: int,
                         protocol: Protocol) -> np.ndarray:
        """AP in percent, (S, C, T), NaN where undefined."""
        ranking = self.candidates.ranking()
        labels = self.candidates.labels[ranking]
        num_truths = self.count_truths(counts, num_classes)
        precisions = np.full((*num_truths.shape, self.matches.pairs.shape[1]),
                             np.nan)
        for label in range(num_classes):
            mine = ranking[labels == label]
            owners, ignored = self.owners[mine], self.matches.ignored[mine]
            hits = [
                np.flatnonzero(pairs >= 0)
                for pairs in self.matches.pairs[mine].T
            ]
            for s, total in enumerate(num_truths[:, label]):
                drawn = counts[s, owners]
                if total > 0:
                    precisions[s, label] = _precisions(drawn, hits, ignored,
                                                       total)
                elif not drawn.any():
                    precisions[s, label] = protocol.ap_of_nothing
        return 100 * precisions


def _precisions(drawn: np.ndarray, hits: Sequence[np.ndarray],
                ignored: np.ndarray, num_truths: float) -> List[float]:
    """AP of ranked predictions, drawn so often, (P,), by threshold."""
    seen, values = np.cumsum(drawn), []
    for positions, without in zip(hits, ignored.T):
        ranks = seen[positions]
        if without.any():
            ranks = ranks - np.cumsum(drawn * without)[positions]
        values.append(average_precision(drawn[positions], ranks, num_truths))
    return values


def _by_threshold(name: str, thresholds: np.ndarray,
                  values: np.ndarray) -> Dict[str, np.ndarray]:
    """The mean, then the value at each threshold, of (S, T)."""
    keys = [f'{round(100 * threshold)}' for threshold in thresholds]
    return {name: mean_defined(values), **_by_name(f'{name}_', keys, values)}


def _by_name(prefix: str, names: Sequence[str],
             values: np.ndarray) -> Dict[str, np.ndarray]:
    return {f'{prefix}{name}': column for name, column in zip(names, values.T)}
