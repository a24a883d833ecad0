# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Optional, Sequence

from mmdet.models.task_modules import LegacyDeltaXYWHBBoxCoder
from mmdet.registry import TASK_UTILS
from torch import Tensor


@TASK_UTILS.register_module()
class PixelBoxCoder(LegacyDeltaXYWHBBoxCoder):
    """Boxes from their first to their last pixel, encoded and decoded.

    The released region parsers' coder. :class:`mmdet.LegacyDeltaXYWHBBoxCoder`
    encodes alike, but decodes what it has encoded half a pixel too far on each
    side.
    """

    def decode(self,
               bboxes: Tensor,
               pred_bboxes: Tensor,
               max_shape: Optional[Sequence[int]] = None,
               wh_ratio_clip: float = 16 / 1000) -> Tensor:
        """Boxes (N, 4 k), xyxy in pixels, of boxes (N, 4) and k deltas each.

        Clipped to the first and last pixel of a ``max_shape`` (height, width).
        """
        decoded = super().decode(bboxes, pred_bboxes, None, wh_ratio_clip)
        corners = decoded.unflatten(-1, (-1, 2, 2))  # (N, k, first/last, xy)
        corners = corners + corners.new_tensor([[.5], [-.5]])
        if max_shape is not None:
            last = corners.new_tensor([max_shape[1] - 1, max_shape[0] - 1])
            corners = corners.clamp(min=0).minimum(last)
        return corners.view_as(decoded)
