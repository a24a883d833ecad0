# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Packages that only some users need."""
import importlib
from types import ModuleType

from .errors import InputError


def import_optional(name: str, purpose: str) -> ModuleType:
    """Import a package that only some users have; its name is PyPI's too.

    The InputError begins with the purpose.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(f'{purpose} needs {name} (pip install {name}): '
                         f'{error}') from error
