# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pairs of a predicted score and the true IoU, and how well they agree."""
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from scipy import stats

from projects.qanet.utils.errors import InputError
from ..functional.image_statistics import ImageOverlaps
from ..functional.overlaps import mean_ious
from ..functional.scores import read_ingredients

SCORE_NAMES = ('box', 'iou', 'pixel', 'fused')

#: What is known of a predicted person or part: its image; the position of
#: the person's record among the image's records; the class of the part, 0 for
#: a person; the ``parsing_id`` of the annotated person that the prediction is
#: compared with, -1 if there is none; its true IoU and the four scores of
#: :data:`SCORE_NAMES`, NaN where one is undefined.
SAMPLE = np.dtype([('image_ids', np.int64), ('positions', np.int64),
                   ('labels', np.int64), ('truths', np.int64),
                   ('true_ious', np.float64), ('scores', np.float64, (4, ))])


def image_samples(
    overlaps: ImageOverlaps,
    records: Sequence[Dict[str, Any]],
    num_classes: int,
    weights: Optional[Sequence[float]] = None
) -> Tuple[np.recarray, np.recarray]:
    """Samples of the persons of one image, and of their parts.

    A person's true IoU is the mean IoU over classes with the annotated person
    that it resembles most, as in AP^p (``docs/protocol.md``, section 7.3). A
    part's true IoU is the IoU with the same class of *that* person, before
    anything is painted over it, so it does not depend on the scores. Where
    nobody is annotated, true IoUs are 0.
    """
    rows = np.arange(len(records))
    truths, person_ious = np.full(len(rows), -1), np.zeros(len(rows))
    part_ious = np.zeros((len(rows), num_classes - 1))
    class_ious = overlaps.to_truth.class_ious
    visible = np.flatnonzero(overlaps.to_truth.truth_visible)
    if len(visible) > 0:
        ious = np.nan_to_num(mean_ious(class_ious[:, visible]))
        best = visible[ious.argmax(axis=1)]
        ids = np.array([p.parsing_id for p in overlaps.image.persons])
        truths, person_ious = ids[best], ious.max(axis=1)
        part_ious = class_ious[rows, best, 1:]
    scores, part_scores = _all_scores(records, num_classes, weights)
    # A part that lies wholly on ignored pixels has no true IoU.
    owners, labels = np.nonzero((overlaps.segments.areas[:, 1:] > 0)
                                & ~np.isnan(part_ious))
    image_ids = np.full(len(rows), overlaps.image.image_id)
    persons = (image_ids, rows, 0 * rows, truths, person_ious, scores)
    parts = (image_ids[owners], owners, labels + 1, truths[owners],
             part_ious[owners, labels], part_scores[owners, labels])
    return (np.rec.fromarrays(persons,
                              SAMPLE), np.rec.fromarrays(parts, SAMPLE))


def _all_scores(
        records: Sequence[Dict[str, Any]], num_classes: int,
        weights: Optional[Sequence[float]]) -> Tuple[np.ndarray, np.ndarray]:
    """The four scores of persons (N, 4) and of parts (N, C - 1, 4)."""
    ingredients = read_ingredients(records, num_classes)
    boxes, ious, pixels, part_pixels = ingredients
    if weights is not None:
        fused, part_fused = ingredients.fuse(weights)
    else:  # numpy makes NaN of None
        fused = np.array([record['score'] for record in records], np.float64)
        part_fused = np.zeros_like(part_pixels)
        for row, record in enumerate(records):
            for part in record['parts']:
                part_fused[row, part['label'] - 1] = part['score']
    parts = np.broadcast_arrays(boxes[:, None], ious[:, None], part_pixels,
                                part_fused)
    persons = np.stack([boxes, ious, pixels, fused], axis=-1)
    return persons, np.stack(parts, axis=-1)


class Agreement(NamedTuple):
    """One score against the true IoU; what is undefined is NaN.

    The expected calibration error, 0..1, is the mean distance between mean
    score and mean true IoU of B bins of the score, each weighted by its
    predictions. ``reliability`` has the bins: ``edges`` from 0 to 1 (B + 1,),
    ``counts``, ``mean_scores`` and ``mean_ious`` (B,).
    """
    count: int  # predictions whose score is defined
    spearman: float
    calibration_error: float
    mean_score: float
    mean_iou: float
    reliability: Dict[str, np.ndarray]


def score_agreements(samples: np.recarray,
                     num_bins: int = 10,
                     label: Optional[int] = None) -> Dict[str, Agreement]:
    """Compare the scores of :data:`SCORE_NAMES` with the true IoU.

    ``samples`` are persons or parts, of :data:`SAMPLE`, or only the parts of
    class ``label``. A score on the border of two bins belongs to the upper
    one, 1 and more to the last.
    """
    if num_bins < 1:
        raise InputError(f'num_bins must be >= 1, but got {num_bins}')
    if label is not None:
        samples = samples[samples.labels == label]
    return {
        name: _agreement(scores, samples.true_ious, num_bins)
        for name, scores in zip(SCORE_NAMES, samples.scores.T)
    }


def _agreement(scores: np.ndarray, ious: np.ndarray,
               num_bins: int) -> Agreement:
    defined = ~np.isnan(scores)
    scores, ious = scores[defined], ious[defined]
    # Quotients, so that a score of 0.3 meets the border 0.3.
    edges = np.arange(num_bins + 1) / num_bins
    places = np.digitize(scores, edges[1:-1])
    counts = np.bincount(places, minlength=num_bins)
    with np.errstate(invalid='ignore'):  # 0 / 0 is NaN
        mean_scores, mean_ious = (
            np.bincount(places, values, num_bins) / counts
            for values in (scores, ious))
        gaps = np.nansum(counts * np.abs(mean_scores - mean_ious))
        means = np.divide([gaps, scores.sum(), ious.sum()], len(scores))
    bins = dict(
        edges=edges,
        counts=counts,
        mean_scores=mean_scores,
        mean_ious=mean_ious)
    return Agreement(
        len(scores), spearman(scores, ious), *means.tolist(), bins)


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of numbers (S,), with mean ranks of ties.

    NaN if one of the two is constant or S < 2.
    """
    return _correlate(stats.spearmanr, first, second)


def pearson(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's correlation, otherwise like :func:`spearman`."""
    return _correlate(stats.pearsonr, first, second)


def _correlate(measure: Any, first: np.ndarray, second: np.ndarray) -> float:
    pair = np.stack([first, second]).astype(np.float64)
    if pair.shape[1] < 2 or (np.ptp(pair, axis=1) == 0).any():
        return float('nan')
    return float(measure(*pair)[0])
