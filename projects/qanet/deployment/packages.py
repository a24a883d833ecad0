# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Packages that only some users need."""
import importlib
from types import ModuleType

from projects.qanet.utils.errors import InputError


def import_optional(name: str, purpose: str) -> ModuleType:
    """Import a package when it is needed.

    Args:
        name (str): Name of the package, on PyPI too.
        purpose (str): What it is needed for, the beginning of the message.

    Returns:
        ModuleType: The package.

    Raises:
        InputError: If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(f'{purpose} needs {name} (pip install {name}): '
                         f'{error}') from error
