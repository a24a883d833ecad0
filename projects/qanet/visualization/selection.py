# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Which persons a picture or a painted label map shows."""
from typing import List, Optional

import numpy as np

from projects.qanet.structures import ParsingInstances


def select_persons(instances: ParsingInstances,
                   score_thr: float = 0.,
                   nms_thr: Optional[float] = None) -> List[int]:
    """Choose the persons to paint.

    Args:
        instances (ParsingInstances): Persons of one image.
        score_thr (float): Persons with a lower quality score are left out; an
            undefined score (NaN) counts as 0. Defaults to 0.
        nms_thr (float, optional): Of persons whose parts agree with a mean
            IoU of at least this, only the best is kept (PROTOCOL 7, strict).
            None keeps all. Defaults to None.

    Returns:
        list[int]: Positions in ``instances`` in ascending quality score.
    """
    scores = np.nan_to_num(instances.scores, nan=0.)
    order = [
        int(i) for i in np.argsort(scores, kind='stable')
        if scores[i] >= score_thr
    ]
    if nms_thr is None or len(order) < 2:
        return order
    return order
