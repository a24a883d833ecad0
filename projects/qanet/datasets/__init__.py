# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from .cihp import CIHPParsingDataset
from .human_parsing import HumanParsingDataset
from .lip import LIPParsingDataset
from .transforms import (GetParsingBox, LoadPersonParsing, PackParsingInputs,
                         RandomParsingAffine, RandomParsingFlip, TopDownAffine)

__all__ = [
    'CIHPParsingDataset', 'GetParsingBox', 'HumanParsingDataset',
    'LIPParsingDataset', 'LoadPersonParsing', 'PackParsingInputs',
    'RandomParsingAffine', 'RandomParsingFlip', 'TopDownAffine'
]
