# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Networks, losses and post-processing, registered in mmseg's ``MODELS``."""
from .cross_entropy_lovasz import (CrossEntropyLovaszLoss, ParsingTerms,
                                   parsing_terms)
from .data_preprocessors import ParsingDataPreprocessor
from .decode_heads import IoUBranch, QANetHead, SimpleBaselineHead
from .geometric_context import GeometricContextEncoding, NonLocalBlock
from .losses import (LovaszSoftmaxLoss, ParsingCrossEntropyLoss,
                     ParsingIoULoss, lovasz_softmax, parsing_iou)
from .parsers import (AugmentedParser, CascadeTopDownParser, ParserEnsemble,
                      TopDownParser)
from .post_processors import PersonProbs, QualityAwareModule

__all__ = [
    'AugmentedParser', 'CascadeTopDownParser', 'CrossEntropyLovaszLoss',
    'GeometricContextEncoding', 'IoUBranch', 'LovaszSoftmaxLoss',
    'NonLocalBlock', 'ParserEnsemble', 'ParsingCrossEntropyLoss',
    'ParsingDataPreprocessor', 'ParsingIoULoss', 'ParsingTerms', 'PersonProbs',
    'QANetHead', 'QualityAwareModule', 'SimpleBaselineHead', 'TopDownParser',
    'lovasz_softmax', 'parsing_iou', 'parsing_terms'
]
