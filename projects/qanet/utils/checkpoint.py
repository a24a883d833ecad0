# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Reading checkpoints without running what is inside.

Importing this module makes mmengine read all of them like that.
"""
import inspect
import os.path as osp
import pickle
import re
from collections import OrderedDict
from typing import Any, Dict, Optional

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from mmengine.runner import CheckpointLoader

from .checkpoint_sources import CAN_RESTRICT, install_safe_loaders
from .errors import InputError
from .files import check_download

_PREFIX = 'module.'  # of the names in a network trained on several GPUs


def _allowed_method(owner: Any, name: str) -> Any:
    """Stand-in for ``getattr``: the few methods that mmengine pickles.

    A history is written with its statistics and ``OneCycleLR`` with its
    annealing function, and pickle writes a method as ``getattr(class, name)``.
    """
    known = ((owner is HistoryBuffer and not name.startswith('_'))
             or (owner is OneCycleParamScheduler
                 and name in ('_annealing_cos', '_annealing_linear')))
    if known:
        attribute = inspect.getattr_static(owner, name)
        attribute = getattr(attribute, '__func__', attribute)
        if inspect.isfunction(attribute):
            return attribute
    raise pickle.UnpicklingError(
        f'getattr({owner!r}, {name!r}) is not allowed in a checkpoint')


def allow_known_checkpoints() -> None:
    """Let torch read checkpoints of mmengine and of the released trainer.

    Makes mmengine's loaders unpickle weights only, with mmengine's history and
    one-cycle scheduler, numpy's arrays, and a ``getattr`` that only knows
    their methods allowed besides, by name; a ``yacs.config.CfgNode`` becomes
    an ordinary dictionary. Importing this module calls it. A torch before 2.6
    unpickles without restriction.
    """
    install_safe_loaders()
    if not CAN_RESTRICT:
        return
    array = np.zeros(1)
    reconstruct = array.__reduce__()[0]
    scalar = array[0].__reduce__()[0]
    allowed = [
        HistoryBuffer,
        OneCycleParamScheduler,
        np.ndarray,
        np.dtype,
        (_allowed_method, 'builtins.getattr'),
        # torch fills no other dictionaries than its own three.
        (OrderedDict, 'yacs.config.CfgNode'),
    ]
    # numpy 1 and 2 keep these functions in modules of different names, and a
    # file written with one is read with the other.
    for module in ('numpy.core.multiarray', 'numpy._core.multiarray'):
        allowed += [(reconstruct, f'{module}._reconstruct'),
                    (scalar, f'{module}.scalar')]
    numbers = np.typecodes['AllInteger'] + np.typecodes['AllFloat'] + '?'
    allowed += {type(np.dtype(kind)) for kind in numbers}
    torch.serialization.add_safe_globals(allowed)


def _check_beginning(filename: str) -> None:
    """Refuse a local file that is no checkpoint by its first bytes."""
    if '://' in filename:
        return
    if osp.isdir(osp.expanduser(filename)):
        raise InputError(f'checkpoint {filename} is a folder, not a file')
    start = check_download(osp.expanduser(filename), f'checkpoint {filename}')
    if not start.startswith((b'PK', b'\x80')):  # zip since torch 1.6, pickle
        raise InputError(f'checkpoint {filename} is no checkpoint of torch: '
                         f'it begins with {start[:16]!r}')


def _unpickle(filename: str, map_location: Optional[str]) -> Any:
    """Let mmengine read, and say in one sentence what is wrong."""
    try:
        _check_beginning(filename)
        return CheckpointLoader.load_checkpoint(
            filename, map_location, logger='silent')
    except InputError:
        raise
    except pickle.UnpicklingError as error:
        foreign = re.search(r'GLOBAL (\S+)', str(error))
        if foreign:
            raise InputError(
                f'checkpoint {filename} was refused: it holds {foreign[1]}, '
                'allowed are weights, logs and plain values') from error
        raise InputError(
            f'checkpoint {filename} was refused: it is damaged or no '
            f'checkpoint of torch ({_reason(error)})') from error
    except Exception as error:  # damaged bytes may lead anywhere
        raise InputError(
            f'checkpoint {filename} {_failure(filename, error)}') from error


def _failure(filename: str, error: Exception) -> str:
    """Say of a file or an address what is wrong, other than its pickle."""
    scheme, is_address, _ = filename.rpartition('://')
    if isinstance(error, FileNotFoundError):
        return (f'not found: {scheme}:// is no address that mmengine knows'
                if is_address else 'not found')
    if is_address and isinstance(error, KeyError):
        return f'not found: {scheme}:// has no model of that name'
    if isinstance(error, (OSError, ImportError)):
        what = 'fetched' if is_address else 'read'
        return f'cannot be {what}: {_reason(error)}'
    if 'TorchScript' in str(error):
        return ('is a network in TorchScript (torch.jit.save), not a file of '
                'weights: take the checkpoint that it was made from')
    return f'cannot be read, it is cut off or damaged: {_reason(error)}'


def _reason(error: Exception) -> str:
    """What torch found, without its advice to switch its protection off."""
    text = str(error).rpartition('WeightsUnpickler error: ')[2].strip()
    text = text.partition('\n')[0] or type(error).__name__
    text = re.sub(r' or \w+ allowlisted via `add_safe_globals`', '', text)
    return 'torch does not say why' if re.search('weights.only|safe_globals',
                                                 text, re.IGNORECASE) else text


def strip_module(weights: Dict[str, Any], filename: str) -> Dict[str, Any]:
    """Names as in a network on one GPU, without ``module.`` in front.

    Raises an InputError if a name occurs with and without it.
    """
    names = {name: str(name).removeprefix(_PREFIX) for name in weights}
    if all(name == short for name, short in names.items()):
        return weights  # with the versions of modules that torch notes there
    for name, short in names.items():
        if name != short and short in weights:
            raise InputError(
                f'checkpoint {filename} holds both {name} and {short}, '
                'which name the same weight')
    return {names[name]: value for name, value in weights.items()}


def read_checkpoint(filename: str,
                    map_location: Optional[str] = 'cpu') -> Dict[str, Any]:
    """Read a checkpoint, of any address that mmengine knows.

    The names in its ``state_dict`` have no ``module.`` in front; a bare state
    dict is wrapped. Raises an InputError if there is no such file, if it is no
    checkpoint, or if it holds objects other than weights and logs, or other
    ones than dictionaries as ``meta`` and its ``dataset_meta``.
    """
    filename = str(filename)
    checkpoint = _unpickle(filename, map_location)
    if not isinstance(checkpoint, dict):
        raise InputError(f'checkpoint {filename} holds a '
                         f'{type(checkpoint).__name__}, not a dict')
    if 'state_dict' not in checkpoint:
        checkpoint = dict(state_dict=checkpoint, meta={})
    if not isinstance(checkpoint['state_dict'], dict):
        raise InputError(
            f'state_dict of checkpoint {filename} is a '
            f'{type(checkpoint["state_dict"]).__name__}, not a dict')
    entries = dict(meta=checkpoint.get('meta') or {})
    for name in ('meta', 'dataset_meta'):
        entry = entries.get(name) or {}
        if not isinstance(entry, dict):
            raise InputError(f'{name} of checkpoint {filename} is a '
                             f'{type(entry).__name__}, not a dict')
        entries = entry
    return dict(
        checkpoint,
        state_dict=strip_module(checkpoint['state_dict'], filename))


allow_known_checkpoints()
