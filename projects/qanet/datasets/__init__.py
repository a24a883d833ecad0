# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Data sets and transforms; :mod:`projects.qanet.plugin` registers them.

They are imported where they are used, since the converters beside them need
neither torch nor OpenMMLab.
"""
from importlib import import_module
from typing import Any

_MODULES = {
    'ATRParsingDataset': 'atr',
    'CIHPParsingDataset': 'cihp',
    'GetParsingBox': 'transforms',
    'HumanParsingDataset': 'human_parsing',
    'LIPParsingDataset': 'lip',
    'LoadPersonParsing': 'transforms',
    'MHPv2ParsingDataset': 'mhp_v2',
    'PPPParsingDataset': 'pascal_person_part',
    'PackParsingInputs': 'transforms',
    'RandomParsingAffine': 'transforms',
    'RandomParsingFlip': 'transforms',
    'TopDownAffine': 'transforms'
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.{_MODULES[name]}'), name)
