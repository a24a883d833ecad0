# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Scores of one image's persons and parts, stored or fused again."""
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.structures import ParsingInstances
from projects.qanet.structures.runs import PersonRuns
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.fusion import quality_score

Records = Sequence[Dict[str, Any]]
Places = Optional[Sequence[str]]  # what to call persons in a message


class PersonScores(NamedTuple):
    """What N persons are ranked by, in the order of the results file."""
    boxes: np.ndarray  # box scores, (N,) float64
    persons: np.ndarray  # quality scores, (N,) float64
    parts: np.ndarray  # likewise of the parts, (N, C - 1), 0 without the part

    @classmethod
    def from_instances(cls, instances: ParsingInstances, runs: PersonRuns,
                       image: str) -> 'PersonScores':
        """Take the scores of a prediction, as its results file would.

        ``runs`` say what parts there are. An undefined box score is 1
        (ground-truth boxes). Raises an InputError with the name of the image
        if another one is undefined (NaN), as a diverged network's are.
        """
        parts = np.zeros(instances.part_scores.shape)
        there = runs.persons, runs.labels - 1
        parts[there] = instances.part_scores[there]
        scores = cls(
            np.nan_to_num(instances.bbox_scores.astype(np.float64), nan=1.),
            instances.scores.astype(np.float64), parts)
        places = [f'person {i} of {image}' for i in range(len(instances))]
        return scores.check(places, 'a score is undefined (NaN)')

    def check(self, places: Places, reason: str) -> 'PersonScores':
        """Raise an InputError with the place of the first undefined score."""
        undefined = np.isnan(self.persons) | np.isnan(self.parts).any(axis=1)
        if undefined.any():
            first = int(np.argmax(undefined))
            name = places[first] if places else f'records[{first}]'
            raise InputError(f'{name}: {reason}')
        return self


class ScoreIngredients(NamedTuple):
    """What a quality score is made of, all float64."""
    boxes: np.ndarray  # box scores, (N,)
    ious: np.ndarray  # IoU scores, (N,)
    pixels: np.ndarray  # instance pixel scores, (N,)
    part_pixels: np.ndarray  # category pixel scores, (N, C - 1)

    def fuse(self, weights: Sequence[float]) -> Tuple[np.ndarray, np.ndarray]:
        """Quality scores, float64, of persons (N,) and of parts (N, C - 1).

        Fused in float32, as the model does; NaN where a pixel score is. Raises
        an InputError if the weights are wrong.
        """
        boxes, ious, *pixels = (value.astype(np.float32) for value in self)
        return tuple(
            quality_score(boxes, ious, values, weights).astype(np.float64)
            for values in pixels)


def read_ingredients(records: Records, num_classes: int) -> ScoreIngredients:
    """Take the ingredients out of the records of one image.

    An undefined box or IoU score is 1 (ground-truth boxes, no IoU branch).
    """
    return ScoreIngredients(
        _column(records, 'bbox_score', 1.), _column(records, 'iou_score', 1.),
        _column(records, 'pixel_score'),
        _part_column(records, 'pixel_score', num_classes))


def read_scores(records: Records,
                num_classes: int,
                weights: Optional[Sequence[float]] = None,
                places: Places = None) -> PersonScores:
    """Take the stored scores of an image's records, or fuse them by weights.

    Raises an InputError if the weights are wrong or a score that is needed is
    undefined.
    """
    if weights is not None:
        return fuse_ingredients(
            read_ingredients(records, num_classes), weights, places)
    scores = PersonScores(
        _column(records, 'bbox_score', 1.), _column(records, 'score'),
        _part_column(records, 'score', num_classes))
    return scores.check(places, 'a score is null')


def fuse_ingredients(ingredients: ScoreIngredients,
                     weights: Sequence[float],
                     places: Places = None) -> PersonScores:
    """Fuse the scores of one image; raises as :func:`read_scores`."""
    scores = PersonScores(ingredients.boxes, *ingredients.fuse(weights))
    return scores.check(places, 'a pixel score is null, its weight must be 0')


def _column(records: Records,
            key: str,
            undefined: float = np.nan) -> np.ndarray:
    """A score of each person, (N,) float64; ``undefined`` where it is null."""
    values = np.array([record[key] for record in records], np.float64)
    return np.where(np.isnan(values), undefined, values)


def _part_column(records: Records, key: str, num_classes: int) -> np.ndarray:
    """A score of each part, (N, C - 1) float64, 0 where there is none."""
    scores = np.zeros((len(records), num_classes - 1))
    for i, record in enumerate(records):
        for part in record['parts']:
            scores[i, part['label'] - 1] = part[key]
    return scores
