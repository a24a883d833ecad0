# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Everything that is registered in mmseg's ``MODELS``."""
from .data_preprocessors import ParsingDataPreprocessor
from .decode_heads import IoUBranch, QANetHead, SimpleBaselineHead
from .losses import LovaszSoftmaxLoss, ParsingCrossEntropyLoss, ParsingIoULoss
from .parsers import (CascadeTopDownParser, CropParser, ParserEnsemble,
                      TopDownParser)
from .post_processors import QualityAwareModule

__all__ = [
    'CascadeTopDownParser', 'CropParser', 'IoUBranch', 'LovaszSoftmaxLoss',
    'ParserEnsemble', 'ParsingCrossEntropyLoss', 'ParsingDataPreprocessor',
    'ParsingIoULoss', 'QANetHead', 'QualityAwareModule', 'SimpleBaselineHead',
    'TopDownParser'
]
