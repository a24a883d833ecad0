# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Importing this module registers the data sets and transforms."""
from .benchmarks import (ATRParsingDataset, CIHPParsingDataset,
                         LIPParsingDataset, MHPv2ParsingDataset,
                         PPPParsingDataset)
from .coco_persons import CocoPersonDataset
from .human_parsing import HumanParsingDataset
from .transforms import (GetParsingBox, LoadPersonParsing, PackParsingInputs,
                         RandomParsingAffine, RandomParsingFlip, TopDownAffine)

__all__ = [
    'ATRParsingDataset', 'CIHPParsingDataset', 'CocoPersonDataset',
    'GetParsingBox', 'HumanParsingDataset', 'LIPParsingDataset',
    'LoadPersonParsing', 'MHPv2ParsingDataset', 'PPPParsingDataset',
    'PackParsingInputs', 'RandomParsingAffine', 'RandomParsingFlip',
    'TopDownAffine'
]
