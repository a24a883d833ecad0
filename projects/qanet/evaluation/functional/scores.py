# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Scores of one image's persons and parts, stored or fused again."""
from typing import Any, Dict, NamedTuple, Optional, Sequence

import numpy as np

from projects.qanet.utils.errors import InputError


class PersonScores(NamedTuple):
    """What persons are ranked by, in the order of the results file.

    Attributes:
        boxes (np.ndarray): Box scores, (N,) float64.
        persons (np.ndarray): Quality scores, (N,) float64.
        parts (np.ndarray): Quality scores of the classes 1..C-1, (N, C - 1)
            float64; 0 where a person has no such part.
    """
    boxes: np.ndarray
    persons: np.ndarray
    parts: np.ndarray


class ScoreIngredients(NamedTuple):
    """What a quality score is made of, in the order of the results file.

    Attributes:
        boxes (np.ndarray): Box scores, (N,) float64.
        ious (np.ndarray): IoU scores, (N,) float64.
        pixels (np.ndarray): Instance pixel scores, (N,) float64.
        part_pixels (np.ndarray): Category pixel scores, (N, C - 1) float64.
    """
    boxes: np.ndarray
    ious: np.ndarray
    pixels: np.ndarray
    part_pixels: np.ndarray


def check_weights(weights: Sequence[float]) -> np.ndarray:
    """Check the weights of the box, IoU and pixel score.

    Args:
        weights (Sequence[float]): Three numbers.

    Returns:
        np.ndarray: The weights, (3,) float64.

    Raises:
        InputError: If they are not three finite numbers >= 0 with a sum
            above 0.
    """
    values = np.asarray(weights, np.float64)
    if values.shape != (3, ) or not np.isfinite(values).all() or (
            values < 0).any() or values.sum() == 0:
        raise InputError('quality weights must be three numbers >= 0 that '
                         f'are not all 0, not {list(weights)}')
    return values


def fuse_quality(boxes: np.ndarray, ious: np.ndarray, pixels: np.ndarray,
                 weights: Sequence[float]) -> np.ndarray:
    """Fuse scores as a weighted geometric mean (paper, Eq. 1; PROTOCOL 5).

    The arithmetic is float32, as in the system that made the published
    numbers; ranks depend on it.

    Args:
        boxes (np.ndarray): Box scores, (N,).
        ious (np.ndarray): IoU scores, (N,); clamped to [0, 1].
        pixels (np.ndarray): Pixel scores of persons (N,) or parts (N, K).
        weights (Sequence[float]): Weights of the three, in that order.

    Returns:
        np.ndarray: Quality scores in the shape of ``pixels``, float64 with
        float32 values.

    Raises:
        InputError: If the weights are wrong, see :func:`check_weights`.

    Examples:
        >>> fuse_quality(np.array([.5]), np.array([.7]), np.array([.5]),
        ...              (1, 0, 1))
        array([0.5])
    """
    alpha, beta, gamma = check_weights(weights)
    pixels = np.asarray(pixels, np.float32)
    shape = (-1, ) + (1, ) * (pixels.ndim - 1)
    boxes = np.asarray(boxes, np.float32).reshape(shape)
    ious = np.clip(np.asarray(ious, np.float32), 0, 1).reshape(shape)
    product = np.power(boxes, np.float32(alpha)) * np.power(
        ious, np.float32(beta)) * np.power(pixels, np.float32(gamma))
    fused = np.power(product, np.float32(1 / (alpha + beta + gamma)))
    return fused.astype(np.float64)


def read_ingredients(records: Sequence[Dict[str, Any]],
                     num_classes: int) -> ScoreIngredients:
    """Take the ingredients out of records.

    Args:
        records (Sequence[dict]): Records of one image.
        num_classes (int): Number of classes with the background.

    Returns:
        ScoreIngredients: An undefined box or IoU score is 1 (ground-truth
        boxes, a head without an IoU branch), an undefined pixel score NaN.
    """
    part_pixels = np.zeros((len(records), num_classes - 1))
    for i, record in enumerate(records):
        for part in record['parts']:
            part_pixels[i, part['label'] - 1] = _or_nan(part['pixel_score'])
    return ScoreIngredients(
        _or_one(records, 'bbox_score'), _or_one(records, 'iou_score'),
        np.array([_or_nan(record['pixel_score']) for record in records]),
        part_pixels)


def read_scores(records: Sequence[Dict[str, Any]],
                num_classes: int,
                weights: Optional[Sequence[float]] = None,
                places: Optional[Sequence[str]] = None) -> PersonScores:
    """Take the scores out of records, or fuse them again.

    Args:
        records (Sequence[dict]): Records of one image.
        num_classes (int): Number of classes with the background.
        weights (Sequence[float], optional): Weights of the fusion. None
            takes the stored scores.
        places (Sequence[str], optional): What to call each record in a
            message.

    Returns:
        PersonScores: The scores.

    Raises:
        InputError: If a score that is needed is undefined.
    """
    if weights is not None:
        return fuse_ingredients(
            read_ingredients(records, num_classes), weights, places)
    persons = np.array([_or_nan(record['score']) for record in records])
    parts = np.zeros((len(records), num_classes - 1))
    for i, record in enumerate(records):
        for part in record['parts']:
            parts[i, part['label'] - 1] = _or_nan(part['score'])
    _refuse_undefined(persons, parts, places, 'a score is null')
    return PersonScores(_or_one(records, 'bbox_score'), persons, parts)


def fuse_ingredients(ingredients: ScoreIngredients,
                     weights: Sequence[float],
                     places: Optional[Sequence[str]] = None) -> PersonScores:
    """Fuse the scores of one image's persons and parts (PROTOCOL 5).

    Args:
        ingredients (ScoreIngredients): What the scores are made of.
        weights (Sequence[float]): Weights of the box, IoU and pixel score.
        places (Sequence[str], optional): What to call each record in a
            message.

    Returns:
        PersonScores: The scores.

    Raises:
        InputError: If the weights are wrong, see :func:`check_weights`, or a
            score that is needed is undefined.
    """
    boxes, ious, pixels, part_pixels = ingredients
    persons = fuse_quality(boxes, ious, pixels, weights)
    parts = fuse_quality(boxes, ious, part_pixels, weights)
    _refuse_undefined(persons, parts, places,
                      'a pixel score is null, its weight must be 0')
    return PersonScores(boxes, persons, parts)


def _refuse_undefined(persons: np.ndarray, parts: np.ndarray,
                      places: Optional[Sequence[str]], reason: str) -> None:
    """Raise for the first person with a score that is NaN."""
    undefined = np.isnan(persons) | np.isnan(parts).any(axis=1)
    if undefined.any():
        first = int(np.argmax(undefined))
        name = places[first] if places else f'records[{first}]'
        raise InputError(f'{name}: {reason}')


def fuse_records(records: Sequence[Dict[str, Any]], num_classes: int,
                 weights: Sequence[float]) -> None:
    """Replace the scores in records by newly fused ones.

    Args:
        records (Sequence[dict]): Records of one image; changed in place.
        num_classes (int): Number of classes with the background.
        weights (Sequence[float]): Weights of the box, IoU and pixel score.

    Raises:
        InputError: If a score that is needed is undefined.
    """
    scores = read_scores(records, num_classes, weights)
    for i, record in enumerate(records):
        record['score'] = float(scores.persons[i])
        for part in record['parts']:
            part['score'] = float(scores.parts[i, part['label'] - 1])


def _or_nan(value: Optional[float]) -> float:
    return float('nan') if value is None else float(value)


def _or_one(records: Sequence[Dict[str, Any]], key: str) -> np.ndarray:
    return np.array([
        1. if record[key] is None else float(record[key]) for record in records
    ])
