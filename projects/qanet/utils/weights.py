# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Do weights fit a model?"""
from typing import Any, Dict, Mapping, Optional

import numpy as np
import torch
from mmengine.runner import load_state_dict
from torch import nn

from .checkpoint import read_checkpoint
from .errors import InputError


def _is_count(name: str) -> bool:
    """Whether it only counts a norm's batches, which changes no result."""
    return name.rpartition('.')[2] == 'num_batches_tracked'


def check_any_weight(own: Mapping[str, torch.Tensor],
                     state_dict: Dict[str, Any],
                     filename: str,
                     needs_all: bool = False) -> int:
    """How many of a model's entries a checkpoint has, in name and shape.

    Raises an InputError if it has none (with ``needs_all``, if one is missing
    or has another shape), or one that it has is no tensor: mmengine leaves
    that out in silence.
    """
    common = [name for name in state_dict if name in own]
    for name in common:
        if not isinstance(state_dict[name], torch.Tensor):
            kind = type(state_dict[name])
            hint = (': write it with torch.from_numpy'
                    if kind is np.ndarray else '')
            raise InputError(f'{name} of checkpoint {filename} is a '
                             f'{kind.__name__}, not a tensor{hint}')
    misfit = f'checkpoint {filename} does not fit the model'
    if not common:
        hint = ''
        if isinstance(state_dict.get('model'), dict):
            hint = (' (files of the released systems are converted by '
                    'tools/model_converters/qanet_to_mmseg.py and '
                    'rcnn_to_mmdet.py)')
        raise InputError(f'{misfit}: it has none of its entries, but '
                         f'{sorted(map(str, state_dict))[:3]}{hint}')
    wrong = [
        name for name in common if state_dict[name].shape != own[name].shape
    ]
    fitting = [
        name for name in common if name not in wrong and not _is_count(name)
    ]
    if not fitting or needs_all and wrong:
        wrong = wrong or common
        classes = [
            name for name in wrong if 'conv_seg' in name or 'cls' in name
        ]
        name = (classes or wrong)[0]
        hint = ' (another number of classes?)' if classes else ''
        extent = '' if fitting else 'none of its weights fits, '
        raise InputError(f'{misfit}{hint}: {extent}{name} is '
                         f'{tuple(state_dict[name].shape)} in the file and '
                         f'{tuple(own[name].shape)} in the model')
    missing = [
        name for name in own if name not in state_dict and not _is_count(name)
    ]
    if needs_all and missing:
        raise InputError(f'{misfit}: it lacks {len(missing)} of {len(own)} '
                         f'entries, {missing[0]} first')
    return len(fitting)


def check_state_dict(model: nn.Module, state_dict: Dict[str, Any],
                     filename: str) -> None:
    """Refuse, with an InputError, weights that are missing or do not fit."""
    check_any_weight(model.state_dict(), state_dict, filename, needs_all=True)


def load_checkpoint(model: nn.Module,
                    filename: str,
                    map_location: Optional[str] = 'cpu') -> Dict[str, Any]:
    """Load all weights of a checkpoint, or an InputError; return it."""
    checkpoint = read_checkpoint(filename, map_location)
    check_state_dict(model, checkpoint['state_dict'], filename)
    load_state_dict(model, checkpoint['state_dict'], logger='current')
    return checkpoint
