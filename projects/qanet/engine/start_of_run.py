# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The weights that a run starts from."""
from typing import Any, Dict

from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import nn

from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.configs import type_name
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.weights import check_any_weight, check_state_dict


def check_start(model: nn.Module, state_dict: Dict[str, Any], filename: str,
                finetunes: bool) -> None:
    """Refuse weights, of the checkpoint ``filename``, that a run cannot use.

    A training that begins (``finetunes``) may leave out what does not fit, but
    not all, and logs how many fit. A test, or a training that goes on, needs
    every weight.
    """
    if not finetunes:
        check_state_dict(model, state_dict, filename)
        return
    own = model.state_dict()
    count = check_any_weight(own, state_dict, filename)
    print_log(
        f'{count} of the {len(own)} entries of the model start from '
        f'{filename}', 'current')


def check_pretrained(model: nn.Module) -> None:
    """Refuse ``init_cfg=dict(type='Pretrained')`` that loads nothing.

    What a module with ``init_weights`` of its own takes from the file is left
    to it.
    """
    for name, module in model.named_modules():
        init_cfgs = getattr(module, 'init_cfg', None) or []
        if isinstance(init_cfgs, dict):
            init_cfgs = [init_cfgs]
        for cfg in init_cfgs:
            if type_name(cfg.get('type')) != 'Pretrained':
                continue
            path = '.'.join(filter(None, (name, 'init_cfg')))
            try:
                weights = read_checkpoint(cfg['checkpoint'])['state_dict']
                if type(module).init_weights is BaseModule.init_weights:
                    _check_part(module, weights, cfg)
            except InputError as error:
                raise InputError(f'{path}: {error}') from error


def _check_part(module: nn.Module, weights: Dict[str, Any],
                cfg: Dict[str, Any]) -> None:
    """Refuse a file that has nothing of a module below a prefix."""
    prefix = cfg.get('prefix') or ''
    if prefix and not prefix.endswith('.'):
        prefix += '.'
    own = module.state_dict()
    part = {
        name.removeprefix(prefix): value
        for name, value in weights.items() if name.startswith(prefix)
    }
    if part.keys().isdisjoint(own):
        first = next(iter(own), '')
        for name in weights:
            if name.endswith(f'.{first}'):
                raise InputError(
                    f'checkpoint {cfg["checkpoint"]} has nothing of the model '
                    f'below prefix={cfg.get("prefix")!r}, but below prefix='
                    f'{name.removesuffix(first)!r}')
        part = part or weights
    check_any_weight(own, part, cfg['checkpoint'])
