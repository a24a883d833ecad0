# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Where Python finds mmcv's operators when mmcv has no compiled ones."""
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any, Optional

_COMPILED = 'mmcv._ext'
_OURS = Path(__file__).with_name('operators.py')


class OperatorFinder(MetaPathFinder):
    """Answers an import of ``mmcv._ext`` with ``operators.py`` of this folder.

    Python asks finders in their order, and this one stands last: where mmcv
    has compiled operators, nobody asks it.
    """

    def find_spec(self,
                  fullname: str,
                  path: Any = None,
                  target: Any = None) -> Optional[ModuleSpec]:
        """Say where the module is, None for any other module."""
        if fullname != _COMPILED:
            return None
        return spec_from_file_location(fullname, _OURS)


def install_operators() -> None:
    """Let mmcv without compiled operators take those of torchvision.

    Nothing is imported, so it costs nothing where mmcv is not used. Importing
    :mod:`projects.qanet` calls it.
    """
    if not any(isinstance(each, OperatorFinder) for each in sys.meta_path):
        sys.meta_path.append(OperatorFinder())
