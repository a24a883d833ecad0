# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Which persons a picture or a painted label map shows."""
from typing import List, Optional

import numpy as np

from projects.qanet.evaluation.functional.overlaps import person_ious
from projects.qanet.evaluation.functional.protocols import suppress_greedily
from projects.qanet.evaluation.functional.segments import cut_segments
from projects.qanet.ground_truth import empty_truth
from projects.qanet.structures import ParsingInstances


def part_map_ious(instances: ParsingInstances) -> np.ndarray:
    """Mean IoU over classes between all persons, symmetric (N, N) float64.

    The suppression of ``docs/protocol.md``, section 7, compares them so: the
    background counts as a class, over the whole image; classes that neither of
    two persons has do not count.
    """
    num_classes = instances.num_classes
    return person_ious(
        cut_segments(empty_truth(), instances.runs(), num_classes),
        num_classes)


def select_persons(instances: ParsingInstances,
                   score_thr: float = 0.,
                   nms_thr: Optional[float] = None) -> List[int]:
    """Choose the persons to paint.

    Args:
        instances (ParsingInstances): Persons of one image.
        score_thr (float): Persons with a lower quality score are left out; an
            undefined score (NaN) counts as 0. Defaults to 0.
        nms_thr (float, optional): Of persons whose parts agree with a mean
            IoU of at least this, only the best is kept (``docs/protocol.md``,
            section 8, strict suppression). None keeps all. Defaults to None.

    Returns:
        list[int]: Positions in ``instances`` in ascending quality score,
        stably: of equal ones the later listed is painted on top, while the
        suppression keeps the earlier listed.
    """
    scores = np.nan_to_num(instances.scores, nan=0.)
    chosen = scores >= score_thr
    if nms_thr is not None and chosen.sum() > 1:
        positions = np.flatnonzero(chosen)
        chosen[positions] = suppress_greedily(
            scores[positions], part_map_ious(instances[positions]), nms_thr)
    order = np.argsort(scores, kind='stable')
    return [int(i) for i in order if chosen[i]]
