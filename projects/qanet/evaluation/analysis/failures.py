# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The persons that are worth looking at."""
from typing import List, NamedTuple

import numpy as np

from ..functional.image_statistics import ImageOverlaps
from .samples import QualitySamples

# As in COCO: persons below 32 x 32 pixels are called small.
SMALL_AREA = 32 * 32


class Failure(NamedTuple):
    """A prediction and the annotated person that belong together.

    Attributes:
        image_id (int): The image.
        position (int): Position among the image's records, -1 for none.
        parsing_id (int): The annotated person, -1 for none.
        true_iou (float): Mean IoU over classes of the two, 0 without either.
        score (float): Fused score, NaN without a prediction.
    """
    image_id: int
    position: int
    parsing_id: int
    true_iou: float
    score: float


def overrated_persons(samples: QualitySamples, kept: np.ndarray,
                      num_persons: int) -> List[Failure]:
    """Persons whose fused score promises more than is there.

    Args:
        samples (QualitySamples): Persons.
        kept (np.ndarray): Persons that no better one suppresses, (S,) bool.
        num_persons (int): How many to choose.

    Returns:
        list[Failure]: The largest score minus true IoU first; of equal ones
        the earlier listed. Only where the score is above the IoU.
    """
    surplus = np.where(kept, samples.scores[:, -1] - samples.true_ious, np.nan)
    chosen = np.argsort(-surplus, kind='stable')  # NaN goes to the end
    chosen = chosen[surplus[chosen] > 0][:num_persons]
    return [
        Failure(
            int(samples.image_ids[i]), int(samples.positions[i]),
            int(samples.truths[i]), float(samples.true_ious[i]),
            float(samples.scores[i, -1])) for i in chosen
    ]


def image_misses(overlaps: ImageOverlaps, ious: np.ndarray, scores: np.ndarray,
                 kept: np.ndarray) -> List[Failure]:
    """The best that was found of each annotated person of one image.

    Crowds, hidden and small persons (:data:`SMALL_AREA`) are left out.

    Args:
        overlaps (ImageOverlaps): N predicted, G annotated persons.
        ious (np.ndarray): Mean IoU over classes, (N, G).
        scores (np.ndarray): Fused scores, (N,).
        kept (np.ndarray): Persons that no better one suppresses, (N,) bool.

    Returns:
        list[Failure]: One for each annotated person.
    """
    areas = overlaps.to_truth.truth_areas.sum(axis=1)
    found = []
    for g, person in enumerate(overlaps.image.persons):
        if person.is_crowd or areas[g] < SMALL_AREA:
            continue
        values = np.where(kept, ious[:, g], -1.)
        position = int(values.argmax()) if kept.any() else -1
        if position >= 0 and overlaps.to_truth.shares[position, g] > 0:
            found.append(
                Failure(overlaps.image.image_id, position, person.parsing_id,
                        float(values[position]), float(scores[position])))
        else:  # nobody touches this person
            found.append(
                Failure(overlaps.image.image_id, -1, person.parsing_id, 0.,
                        float('nan')))
    return found


def worst_found(misses: List[Failure], num_persons: int) -> List[Failure]:
    """Annotated persons of whom the least was found.

    Args:
        misses (list[Failure]): Of all images, in any order.
        num_persons (int): How many to choose.

    Returns:
        list[Failure]: The lowest true IoU first; of equal ones the lower
        image id, then the lower ``parsing_id``.
    """
    return sorted(
        misses,
        key=lambda miss:
        (miss.true_iou, miss.image_id, miss.parsing_id))[:num_persons]
