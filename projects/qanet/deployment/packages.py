# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Packages that only some users need."""
import importlib
from types import ModuleType

from projects.qanet.utils.errors import InputError


def import_optional(name: str, purpose: str) -> ModuleType:
    """Import a package, which has the same name on PyPI, for a purpose.

    Raises:
        InputError: If it is not installed; begins with the purpose.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(f'{purpose} needs {name} (pip install {name}): '
                         f'{error}') from error
