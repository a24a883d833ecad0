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

    As in ``docs/protocol.md``, section 7, the background counts as a class,
    over the whole image; classes that neither of two persons has do not.
    """
    classes = instances.num_classes
    return person_ious(
        cut_segments(empty_truth(), instances.runs(), classes), classes)


def select_persons(instances: ParsingInstances,
                   score_thr: float = 0.,
                   nms_thr: Optional[float] = None) -> List[int]:
    """Choose the persons to paint, in ascending quality score.

    Left out are those with a score (NaN counts as 0) below ``score_thr`` and,
    of persons whose parts agree with a mean IoU of at least ``nms_thr``, all
    but the best (``docs/protocol.md``, section 8, strict suppression). Returns
    positions in ``instances``; of equal scores the later listed is painted on
    top, while the suppression keeps the earlier listed.
    """
    scores = np.nan_to_num(instances.scores, nan=0.)
    chosen = scores >= score_thr
    if nms_thr is not None and chosen.sum() > 1:
        positions = np.flatnonzero(chosen)
        chosen[positions] = suppress_greedily(
            scores[positions], part_map_ious(instances[positions]), nms_thr)
    order = np.argsort(scores, kind='stable')
    return [int(i) for i in order if chosen[i]]
