# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Reading checkpoints safely on every torch.

Since torch 2.6 files are unpickled with ``weights_only=True``, which refuses
what mmengine 0.10 writes besides the weights (its logged history). Those few
types are allowed here, by name; everything else stays refused.
"""
import inspect
import pickle
from typing import Any, Dict, Optional

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader, load_state_dict
from torch import nn

from .errors import InputError


def _history_buffer_attribute(owner: Any, name: str) -> Any:
    """Stand-in for ``getattr``: public methods of HistoryBuffer only.

    mmengine pickles a history with its statistics methods, and pickle writes
    a method as ``getattr(class, name)``.
    """
    if owner is HistoryBuffer and not name.startswith('_'):
        attribute = inspect.getattr_static(owner, name)
        if inspect.isfunction(attribute):
            return attribute
    raise pickle.UnpicklingError(
        f'getattr({owner!r}, {name!r}) is not allowed in a checkpoint')


def allow_mmengine_checkpoints() -> None:
    """Let torch read the checkpoints that mmengine writes.

    Registers mmengine's history, numpy's arrays, and a ``getattr`` that only
    knows the history's methods with :mod:`torch.serialization`. Importing
    :mod:`projects.qanet.plugin` calls it. Where torch does not restrict
    unpickling by default (before 2.6) it does nothing.
    """
    if tuple(int(part) for part in torch.__version__.split('.')[:2]) < (2, 6):
        return
    array = np.zeros(1)
    reconstruct = array.__reduce__()[0]
    scalar = array[0].__reduce__()[0]
    allowed = [
        HistoryBuffer, np.ndarray, np.dtype,
        (_history_buffer_attribute, 'builtins.getattr')
    ]
    # numpy 1 and 2 keep these functions in modules of different names, and a
    # file written with one is read with the other.
    for module in ('numpy.core.multiarray', 'numpy._core.multiarray'):
        allowed += [(reconstruct, f'{module}._reconstruct'),
                    (scalar, f'{module}.scalar')]
    allowed += [
        type(np.dtype(kind))
        for kind in (np.float64, np.float32, np.int64, np.int32, np.bool_)
    ]
    torch.serialization.add_safe_globals(allowed)


def read_checkpoint(filename: str,
                    map_location: Optional[str] = 'cpu') -> Dict[str, Any]:
    """Read a checkpoint without running what is inside.

    Args:
        filename (str): A path, or any address that mmengine knows.
        map_location (str, optional): As in :func:`torch.load`.

    Returns:
        dict: The checkpoint, with ``state_dict``; a bare state dict is
        wrapped.

    Raises:
        InputError: If there is no such file, if it is no checkpoint, or
            if it holds objects other than weights and logs.
    """
    allow_mmengine_checkpoints()
    try:
        checkpoint = CheckpointLoader.load_checkpoint(
            str(filename), map_location, logger='silent')
    except FileNotFoundError as error:
        raise InputError(f'checkpoint {filename} not found') from error
    except pickle.UnpicklingError as error:
        reason = str(error).strip().splitlines()
        unsafe = [line for line in reason if 'global' in line.lower()]
        raise InputError(
            f'checkpoint {filename} was refused: it is damaged or holds more '
            f'than weights and logs ({(unsafe or reason)[0].strip()}). '
            'Only load it with other tools if you trust its author') from error
    except (EOFError, RuntimeError, OSError) as error:
        raise InputError(f'checkpoint {filename} cannot be read: '
                         f'{str(error).splitlines()[0]}') from error
    if not isinstance(checkpoint, dict):
        raise InputError(f'checkpoint {filename} holds a '
                         f'{type(checkpoint).__name__}, not a dict')
    if 'state_dict' not in checkpoint:
        checkpoint = dict(state_dict=checkpoint, meta={})
    return checkpoint


def check_state_dict(model: nn.Module, state_dict: Dict[str, Any],
                     filename: str) -> None:
    """Refuse weights that do not fit a model.

    Args:
        model (nn.Module): The model to be filled.
        state_dict (dict): The weights.
        filename (str): Name of the checkpoint, for the message.

    Raises:
        InputError: If a weight has another shape, as it does with
            another number of classes, or if weights are missing.
    """
    own = model.state_dict()
    wrong = [
        f'{name} is {tuple(state_dict[name].shape)} in the file and '
        f'{tuple(value.shape)} in the model' for name, value in own.items()
        if name in state_dict and state_dict[name].shape != value.shape
    ]
    classes = [text for text in wrong if 'conv_seg' in text or 'cls' in text]
    if wrong:
        hint = ' (another number of classes?)' if classes else ''
        raise InputError(f'checkpoint {filename} does not fit the model'
                         f'{hint}: {(classes or wrong)[0]}')
    missing = [name for name in own if name not in state_dict]
    if missing:
        raise InputError(
            f'checkpoint {filename} does not fit the model: it lacks '
            f'{len(missing)} of {len(own)} entries, {missing[0]} first')


def load_checkpoint(model: nn.Module,
                    filename: str,
                    map_location: Optional[str] = 'cpu') -> Dict[str, Any]:
    """Load weights into a model, all of them or none.

    Args:
        model (nn.Module): The model.
        filename (str): A path, or any address that mmengine knows.
        map_location (str, optional): As in :func:`torch.load`.

    Returns:
        dict: The checkpoint, with ``meta`` where the writer left one.

    Raises:
        InputError: If the file cannot be read safely or does not fit.
    """
    checkpoint = read_checkpoint(filename, map_location)
    check_state_dict(model, checkpoint['state_dict'], filename)
    load_state_dict(model, checkpoint['state_dict'], logger='current')
    return checkpoint
