# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Optional

from mmseg.models.losses import CrossEntropyLoss
from mmseg.registry import MODELS
from torch import Tensor

from projects.qanet.utils.errors import InputError


@MODELS.register_module()
class ParsingCrossEntropyLoss(CrossEntropyLoss):
    """Cross-entropy averaged over the pixels that are not ignored.

    Unlike :class:`mmseg.CrossEntropyLoss` with ``avg_non_ignore=True``, whose
    other arguments it has, it keeps the divisor on the device, and a batch
    whose pixels are all ignored costs 0.

    Raises:
        InputError: If ``use_sigmoid`` or ``use_mask`` is set.
    """

    def __init__(self, **kwargs) -> None:
        for name in ('use_sigmoid', 'use_mask'):
            if kwargs.get(name):
                raise InputError('ParsingCrossEntropyLoss is for a softmax, '
                                 f'with {name}=True take CrossEntropyLoss')
        super().__init__(avg_non_ignore=True, **kwargs)

    def forward(self,
                cls_score: Tensor,
                label: Tensor,
                weight: Optional[Tensor] = None,
                avg_factor: Optional[Tensor] = None,
                ignore_index: int = 255,
                **kwargs) -> Tensor:
        """The loss, a scalar, of logits (N, C, H, W) and labels (N, H, W).

        Pixels have weights (N, H, W). The divisor of the sum, ``avg_factor``,
        defaults to the number of pixels that are not ignored, with
        ``class_weight`` to the sum of the weights of their classes.
        """
        if avg_factor is None:
            valid = label != ignore_index
            avg_factor = valid.sum()
            if self.class_weight is not None:
                weights = cls_score.new_tensor(self.class_weight)
                avg_factor = (weights[label.where(valid, 0)] * valid).sum()
        return super().forward(
            cls_score,
            label,
            weight=weight,
            avg_factor=avg_factor,
            ignore_index=ignore_index,
            **kwargs)
