# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Reading configs, and the names in them."""
import os.path as osp
from importlib.util import find_spec
from typing import Any, Union

from mmengine.config import Config
from mmengine.config.utils import PKG2PROJECT
from mmengine.hub import get_config
from yaml import YAMLError

from .errors import InputError

_ENDINGS = ('.py', '.json', '.yaml', '.yml')


def type_name(kind: Any) -> str:
    """Name, without its scope, of a ``type`` in a config, class or name."""
    return getattr(kind, '__name__', str(kind)).split('.')[-1]


def read_config(config: Union[str, Config]) -> Config:
    """Read a config from a path or ``package::path``; a config is returned.

    Raises a FileNotFoundError if there is no such file or package, an
    InputError if it is no config.
    """
    if isinstance(config, Config):
        return config
    # The forks have no distribution mmsegmentation, by which mmengine looks
    # for `mmseg::`; the module itself is found in both lines.
    PKG2PROJECT['mmseg'] = 'mmseg'
    path = str(config)
    package = path.rpartition('::')[0]
    # mmengine would install a missing package.
    if find_spec(package) is None if package else not osp.isfile(path):
        raise FileNotFoundError(f'config {path} not found')
    if not path.endswith(_ENDINGS):
        raise InputError(f'{path} is no config file, allowed are '
                         f'{", ".join(_ENDINGS)}')
    try:
        return get_config(path) if package else Config.fromfile(path)
    except FileNotFoundError as error:
        raise FileNotFoundError(f'config {path} not found: {error}') from error
    except (SyntaxError, ValueError, YAMLError) as error:
        raise InputError(f'{path} is no config: {error}') from error
