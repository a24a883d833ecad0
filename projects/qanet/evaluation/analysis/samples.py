# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pairs of a predicted score and the true IoU, for persons and parts."""
from dataclasses import dataclass, fields
from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np

from ..functional.image_statistics import ImageOverlaps
from ..functional.overlaps import mean_ious
from ..functional.scores import read_ingredients

SCORE_NAMES = ('box', 'iou', 'pixel', 'fused')


@dataclass
class QualitySamples:
    """S predicted persons or parts with their scores and their true IoU.

    Attributes:
        image_ids (np.ndarray): The image, (S,) int64.
        positions (np.ndarray): Position of the person's record among the
            image's records, (S,) int64.
        labels (np.ndarray): Class of the part, 0 for a person, (S,) int64.
        truths (np.ndarray): ``parsing_id`` of the annotated person that the
            prediction is compared with, -1 if there is none, (S,) int64.
        true_ious (np.ndarray): True IoU, (S,) float64.
        scores (np.ndarray): The scores of :data:`SCORE_NAMES`, (S, 4)
            float64; NaN where a score is undefined.
    """
    image_ids: np.ndarray
    positions: np.ndarray
    labels: np.ndarray
    truths: np.ndarray
    true_ious: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        """Number S of predictions."""
        return len(self.true_ious)

    def __getitem__(self, chosen: np.ndarray) -> 'QualitySamples':
        """Choose predictions by positions or a bool mask."""
        return type(self)(*(getattr(self, field.name)[chosen]
                            for field in fields(self)))

    @classmethod
    def join(cls, parts: Sequence['QualitySamples']) -> 'QualitySamples':
        """Put the samples of several images behind each other.

        Args:
            parts (Sequence[QualitySamples]): Maybe none.

        Returns:
            QualitySamples: All of them.
        """
        empty = [np.zeros(0, np.int64)] * 4
        start = cls(*empty, np.zeros(0), np.zeros((0, len(SCORE_NAMES))))
        return cls(*(np.concatenate(
            [getattr(part, field.name) for part in (start, *parts)])
                     for field in fields(cls)))


def image_samples(
    overlaps: ImageOverlaps,
    records: Sequence[Dict[str, Any]],
    num_classes: int,
    weights: Optional[Sequence[float]] = None
) -> Tuple[QualitySamples, QualitySamples]:
    """Samples of one image.

    A person's true IoU is the mean IoU over classes with the annotated person
    that it resembles most, as in AP^p (``docs/protocol.md``,
    section 7.3). A part's true IoU is
    the IoU with the same class of *that* person, before anything is painted
    over it, so it does not depend on the scores. Where nobody is annotated,
    true IoUs are 0.

    Args:
        overlaps (ImageOverlaps): The records' persons against the truth.
        records (Sequence[dict]): The image's N records.
        num_classes (int): Number C of classes with the background.
        weights (Sequence[float], optional): Weights of the box, IoU and pixel
            score in the fused score. None takes the stored scores.

    Returns:
        tuple[QualitySamples, QualitySamples]: The persons, and their parts in
        the order of the persons, classes ascending.
    """
    image = overlaps.image
    best, person_ious, part_ious = _true_ious(overlaps, num_classes)
    ids = np.array([person.parsing_id for person in image.persons] + [-1])
    persons, parts = _read_scores(records, num_classes, weights)
    positions = np.arange(len(records))
    person_samples = QualitySamples(
        np.full(len(records), image.image_id), positions,
        np.zeros(len(records), np.int64), ids[best], person_ious, persons)
    rows, labels = np.nonzero(overlaps.segments.areas[:, 1:])
    # A part that lies wholly on ignored pixels has no true IoU.
    defined = ~np.isnan(part_ious[rows, labels])
    rows, labels = rows[defined], labels[defined]
    part_samples = QualitySamples(
        np.full(len(rows), image.image_id), rows, labels + 1, ids[best[rows]],
        part_ious[rows, labels], parts[rows, labels])
    return person_samples, part_samples


def _true_ious(overlaps: ImageOverlaps,
               num_classes: int) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare each person with the visible one that it resembles most.

    Returns:
        tuple: Position of the annotated person (N,), -1 if there is none,
        mean IoU (N,) and IoUs of the classes above 0 (N, C - 1).
    """
    class_ious = overlaps.to_truth.class_ious
    num_persons = len(class_ious)
    visible = np.flatnonzero(overlaps.to_truth.truth_visible)
    if len(visible) == 0 or num_persons == 0:
        return (np.full(num_persons, -1), np.zeros(num_persons),
                np.zeros((num_persons, num_classes - 1)))
    rows = np.arange(num_persons)
    ious = np.nan_to_num(mean_ious(class_ious[:, visible]))
    best = visible[ious.argmax(axis=1)]
    return best, ious.max(axis=1), class_ious[rows, best, 1:]


def _read_scores(
        records: Sequence[Dict[str, Any]], num_classes: int,
        weights: Optional[Sequence[float]]) -> Tuple[np.ndarray, np.ndarray]:
    """The four scores of persons (N, 4) and of parts (N, C - 1, 4)."""
    ingredients = read_ingredients(records, num_classes)
    boxes, ious, pixels, part_pixels = ingredients
    if weights is not None:
        fused, part_fused = ingredients.fuse(weights)
    else:
        fused = np.array([record['score'] for record in records], np.float64)
        part_fused = np.zeros_like(part_pixels)
        for i, record in enumerate(records):
            for part in record['parts']:
                score = part['score']
                part_fused[i, part['label'] - 1] = (
                    np.nan if score is None else score)
    shape = part_pixels.shape
    parts = [
        np.broadcast_to(boxes[:, None], shape),
        np.broadcast_to(ious[:, None], shape), part_pixels, part_fused
    ]
    return (np.stack([boxes, ious, pixels, fused],
                     axis=-1), np.stack(parts, axis=-1))
