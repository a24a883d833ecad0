# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Data sets and transforms, registered by the first import of one."""
from importlib import import_module
from typing import Any

__all__ = [
    'ATRParsingDataset', 'CIHPParsingDataset', 'CocoPersonDataset',
    'GetParsingBox', 'HumanParsingDataset', 'LIPParsingDataset',
    'LoadPersonParsing', 'MHPv2ParsingDataset', 'PPPParsingDataset',
    'PackParsingInputs', 'RandomParsingAffine', 'RandomParsingFlip',
    'TopDownAffine'
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.registered'), name)
