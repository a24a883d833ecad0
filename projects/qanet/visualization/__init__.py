# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pictures of parsed persons; painting needs neither torch nor OpenMMLab."""
from importlib import import_module
from typing import Any

__all__ = ['ParsingVisualizationHook', 'ParsingVisualizer']


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.registered'), name)
