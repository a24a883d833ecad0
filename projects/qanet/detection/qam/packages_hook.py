# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Optional packages, missed before any work is done."""
from importlib.util import find_spec
from typing import Dict

from mmdet.registry import HOOKS
from mmengine.hooks import Hook

from projects.qanet.utils.errors import InputError


@HOOKS.register_module()
class RequirePackagesHook(Hook):
    """Refuses to build a runner where a package is missing.

    Without it an absent package is noticed when the annotations are read, in
    a traceback. Building the model alone needs no hook, so a detector runs
    without the packages.

    Args:
        packages (dict[str, str]): Names of modules, and how each is
            installed.

    Raises:
        InputError: If one of them cannot be imported.
    """

    def __init__(self, packages: Dict[str, str]) -> None:
        for name, command in packages.items():
            if find_spec(name) is None:
                raise InputError(f'this config needs the optional package '
                                 f'{name}, which is not installed: {command}')
