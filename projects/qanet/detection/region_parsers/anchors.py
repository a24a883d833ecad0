# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Optional, Sequence, Tuple, Union

import torch
from mmdet.models.task_modules import AnchorGenerator
from mmdet.registry import TASK_UTILS
from torch import Tensor


@TASK_UTILS.register_module()
class RatioRoundedAnchorGenerator(AnchorGenerator):
    """The anchors of the released region parsers.

    Width and height are rounded when the ratio is applied to the base size,
    before the scale: 48 x 24 at stride 4, where
    :class:`mmdet.AnchorGenerator` has 45.3 x 22.6. Anchors reach from their
    first to their last pixel, as :class:`PixelBoxCoder` counts.

    Args:
        strides (Sequence[int]): Strides of the levels, and their base sizes.
        ratios (Sequence[float]): Height / width of the anchors.
        scales (Sequence[float]): Scales of the base size.
    """

    def __init__(self, strides: Sequence[int], ratios: Sequence[float],
                 scales: Sequence[float]) -> None:
        super().__init__(strides=strides, ratios=ratios, scales=scales)

    def gen_single_level_base_anchors(
            self,
            base_size: Union[int, float],
            scales: Tensor,
            ratios: Tensor,
            center: Optional[Tuple[float]] = None) -> Tensor:
        """Anchors (R S, 4), xyxy, of R ratios (height / width), S scales."""
        widths = (base_size / ratios.sqrt()).round()
        sizes = torch.stack([widths, (widths * ratios).round()], dim=1)
        reach = ((sizes[:, None] * scales[:, None]).flatten(0, 1) - 1) / 2
        middle = (base_size - 1) / 2
        return torch.cat([middle - reach, middle + reach], dim=1)
