# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from .cross_entropy_loss import ParsingCrossEntropyLoss
from .lovasz_softmax_loss import LovaszSoftmaxLoss, lovasz_softmax
from .parsing_iou_loss import ParsingIoULoss, parsing_iou

__all__ = [
    'LovaszSoftmaxLoss', 'ParsingCrossEntropyLoss', 'ParsingIoULoss',
    'lovasz_softmax', 'parsing_iou'
]
