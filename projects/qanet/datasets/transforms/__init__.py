# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from .formatting import PackParsingInputs
from .loading import LoadPersonParsing
from .topdown import (GetParsingBox, RandomParsingAffine, RandomParsingFlip,
                      TopDownAffine, get_warp_matrix)

__all__ = [
    'GetParsingBox', 'LoadPersonParsing', 'PackParsingInputs',
    'RandomParsingAffine', 'RandomParsingFlip', 'TopDownAffine',
    'get_warp_matrix'
]
