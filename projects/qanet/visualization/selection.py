# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Which persons a picture or a painted label map shows."""
from typing import List, Optional, Tuple

import numpy as np

from projects.qanet.evaluation.functional.overlaps import mean_ious
from projects.qanet.evaluation.functional.suppression import suppress_greedily
from projects.qanet.structures import ParsingInstances


def _common_pixels(instances: ParsingInstances, i: int,
                   j: int) -> Tuple[np.ndarray, int]:
    """Compare two persons where their windows meet.

    Returns:
        tuple[np.ndarray, int]: Pixels on which both have the same class, by
        class, (C,) int64 with 0 for the background; and pixels on which both
        have a part.
    """
    starts = instances.offsets[[i, j]]
    maps = (instances.part_maps[i], instances.part_maps[j])
    ends = starts + [part_map.shape[::-1] for part_map in maps]
    low, high = starts.max(0), ends.min(0)
    if (low >= high).any():
        return np.zeros(instances.num_classes, dtype=np.int64), 0
    one, other = (part_map[low[1] - y:high[1] - y, low[0] - x:high[0] - x]
                  for part_map, (x, y) in zip(maps, starts))
    parts = (one > 0) & (other > 0)
    same = np.bincount(
        one[parts & (one == other)], minlength=instances.num_classes)
    return same, int(parts.sum())


def part_map_ious(instances: ParsingInstances) -> np.ndarray:
    """Mean IoU over classes between all persons of an image (PROTOCOL 7).

    Only the windows around the persons are looked at.

    Args:
        instances (ParsingInstances): N persons of one image.

    Returns:
        np.ndarray: Symmetric (N, N) float64 with 1 on the diagonal. The
        background counts as a class, over the whole image; classes that
        neither of two persons has do not count.
    """
    num, num_classes = len(instances), instances.num_classes
    num_pixels = instances.image_size[0] * instances.image_size[1]
    areas = np.array([
        np.bincount(part_map.ravel(), minlength=num_classes)
        for part_map in instances.part_maps
    ]).reshape(num, num_classes)
    areas[:, 0] = num_pixels - areas[:, 1:].sum(1)
    both = np.zeros((num, num, num_classes))
    for i in range(num):
        for j in range(i):
            both[i, j], parts = _common_pixels(instances, i, j)
            # Background for both is what is no part of either.
            both[i, j, 0] = areas[i, 0] + areas[j, 0] - num_pixels + parts
            both[j, i] = both[i, j]
        both[i, i] = areas[i]
    union = areas[:, None] + areas[None] - both
    ious = np.full(union.shape, np.nan)
    return mean_ious(np.divide(both, union, out=ious, where=union > 0))


def select_persons(instances: ParsingInstances,
                   score_thr: float = 0.,
                   nms_thr: Optional[float] = None) -> List[int]:
    """Choose the persons to paint.

    Args:
        instances (ParsingInstances): Persons of one image.
        score_thr (float): Persons with a lower quality score are left out; an
            undefined score (NaN) counts as 0. Defaults to 0.
        nms_thr (float, optional): Of persons whose parts agree with a mean
            IoU of at least this, only the best is kept (PROTOCOL 7, strict
            suppression). None keeps all. Defaults to None.

    Returns:
        list[int]: Positions in ``instances`` in ascending quality score,
        stably: of equal ones the later listed is painted on top (PROTOCOL
        8), while the suppression keeps the earlier listed.
    """
    scores = np.nan_to_num(instances.scores, nan=0.)
    chosen = scores >= score_thr
    if nms_thr is not None and chosen.sum() > 1:
        positions = np.flatnonzero(chosen)
        chosen[positions] = suppress_greedily(
            scores[positions], part_map_ious(instances[positions]), nms_thr)
    order = np.argsort(scores, kind='stable')
    return [int(i) for i in order if chosen[i]]
