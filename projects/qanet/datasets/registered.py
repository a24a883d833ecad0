# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Importing this module registers the data sets and transforms."""
from .atr import ATRParsingDataset
from .cihp import CIHPParsingDataset
from .human_parsing import HumanParsingDataset
from .lip import LIPParsingDataset
from .mhp_v2 import MHPv2ParsingDataset
from .pascal_person_part import PPPParsingDataset
from .transforms import (GetParsingBox, LoadPersonParsing, PackParsingInputs,
                         RandomParsingAffine, RandomParsingFlip, TopDownAffine)

__all__ = [
    'ATRParsingDataset', 'CIHPParsingDataset', 'GetParsingBox',
    'HumanParsingDataset', 'LIPParsingDataset', 'LoadPersonParsing',
    'MHPv2ParsingDataset', 'PPPParsingDataset', 'PackParsingInputs',
    'RandomParsingAffine', 'RandomParsingFlip', 'TopDownAffine'
]
