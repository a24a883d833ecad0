# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pictures of parsed persons; :mod:`projects.qanet.plugin` registers them.

What is registered is imported where it is used, since painting itself needs
neither torch nor OpenMMLab.
"""
from importlib import import_module
from typing import Any

_MODULES = {
    'ParsingVisualizationHook': 'visualization_hook',
    'ParsingVisualizer': 'visualizer'
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.{_MODULES[name]}'), name)
