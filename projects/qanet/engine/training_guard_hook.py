# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Any, Dict, Iterable, List, NoReturn, Optional, Tuple

import torch
import torch.distributed as dist
from mmengine.dataset import InfiniteSampler
from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmengine.runner import BaseLoop, Runner, find_latest_checkpoint
from mmseg.models.losses import FocalLoss
from mmseg.registry import HOOKS
from torch import nn
from torch.utils.data import DataLoader

from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.configs import type_name
from projects.qanet.utils.device import count_processes
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.weights import check_any_weight, check_state_dict


@HOOKS.register_module()
class TrainingGuardHook(Hook):
    """Stop a training or a test that cannot work, in one sentence.

    Before anything runs it looks at the checkpoint to start from and whether
    several processes know of each other. Before the first step it compares
    the classes of model and data and looks at the names that ``save_best``
    asks for and whether there is a batch at all. In training it looks whether
    the loss is finite, on a GPU only every ``interval`` iterations and at the
    end of an epoch, before anything is saved: looking waits for the device.
    """

    def __init__(self, interval: int = 50) -> None:
        self.interval = interval

    def before_run(self, runner: Runner) -> None:
        """Look at the processes and at the checkpoints to start from."""
        if count_processes() > 1 and not dist.is_initialized():
            raise InputError(
                f'{count_processes()} processes were started (WORLD_SIZE), '
                'and each would do all the work in the same work_dir: pass '
                '--launcher pytorch')
        model = getattr(runner.model, 'module', runner.model)
        trains = isinstance(runner._train_loop, BaseLoop)
        if trains:
            _check_pretrained(model)
        start, resume = runner._load_from, runner._resume
        if start is None and resume:
            start = find_latest_checkpoint(runner.work_dir)
        if start is None or runner._has_loaded:
            return
        # Only a training that does not go on may leave out what does not fit.
        weights = read_checkpoint(start)['state_dict']
        check_start(model, weights, start, finetunes=trains and not resume)

    def before_train(self, runner: Runner) -> None:
        """Compare what model, data and hooks say."""
        model = getattr(runner.model, 'module', runner.model)
        _check_losses(model)
        classes = getattr(model, 'num_classes', None)
        loaders = dict(train_dataloader=runner.train_dataloader)
        if runner.val_loop is not None:
            loaders['val_dataloader'] = runner.val_dataloader
        for name, loader in loaders.items():
            _check_batches(name, loader)
            meta = getattr(loader.dataset, 'metainfo', None) or {}
            count = len(meta.get('classes', ()))
            if classes and 'classes' in meta and count != classes:
                raise InputError(
                    f'the model has {classes} classes (num_classes '
                    f'of its head), the data set of {name} has {count}, the '
                    'background counted')
        if runner.val_loop is None:
            return
        known = _metric_names(runner.val_loop.evaluator)
        prefixes = ', '.join(f'{name}/' if name else 'nothing'
                             for name in known)
        for key in _save_best(runner):
            prefix = key.rpartition('/')[0]
            if prefix not in known:
                raise InputError(
                    f'save_best={key!r} is no metric of val_evaluator, whose '
                    f'names begin with {prefixes}')
            if known[prefix] and key not in known[prefix]:
                _refuse_name(key, known[prefix])

    def before_test(self, runner: Runner) -> None:
        """Look whether there is something to test."""
        _check_batches('test_dataloader', runner.test_dataloader)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any,
                         outputs: Optional[Dict[str, Any]]) -> None:
        """Look at the loss."""
        loss = (outputs or {}).get('loss')
        if not isinstance(loss, torch.Tensor):
            return
        looks = (
            loss.device.type == 'cpu'
            or self.every_n_inner_iters(batch_idx, self.interval)
            or self.is_last_train_iter(runner)
            or self.end_of_epoch(runner.train_dataloader, batch_idx))
        if not looks or loss.isfinite().all():
            return
        values = ', '.join(f'{name}={float(value):g}'
                           for name, value in outputs.items()
                           if isinstance(value, torch.Tensor))
        raise InputError(
            f'iteration {runner.iter + 1}: the loss is not finite ({values}); '
            'the training has diverged: lower the learning rate or clip the '
            'gradient (optim_wrapper.clip_grad)')

    def after_val_epoch(self, runner: Runner,
                        metrics: Optional[Dict[str, float]]) -> None:
        """Name the metrics if ``save_best`` asks for another one."""
        for key in _save_best(runner):
            if metrics and key not in metrics:
                _refuse_name(key, metrics)


def _save_best(runner: Runner) -> List[str]:
    return [
        key for hook in runner.hooks if isinstance(hook, CheckpointHook)
        for key in hook.save_best or [] if key != 'auto'
    ]


def _refuse_name(key: str, names: Iterable[str]) -> NoReturn:
    raise InputError(f'save_best={key!r} is no metric of val_evaluator, which '
                     f'gives {", ".join(names)}')


def _check_batches(name: str, loader: DataLoader) -> None:
    """Refuse a loader that ends before its first batch."""
    if len(loader) or isinstance(loader.sampler, InfiniteSampler):
        return
    raise InputError(
        f'{name} gives no batch: each process has {len(loader.sampler)} '
        f'samples, fewer than batch_size={loader.batch_sampler.batch_size}, '
        'and drop_last=True leaves them out')


def _check_losses(model: nn.Module) -> None:
    """Refuse what mmseg computes wrongly without a GPU."""
    if any(isinstance(part, FocalLoss) for part in model.modules()) and next(
            model.parameters()).device.type == 'cpu':
        raise InputError('FocalLoss of mmseg cannot be computed on a CPU: '
                         'take another one in loss_decode, or train on a GPU')


def _metric_names(evaluator: Evaluator) -> Dict[str, Tuple[str, ...]]:
    """Names by prefix; () where a metric does not tell them beforehand."""
    metrics = evaluator.metrics
    # mmdet's MultiDatasetsEvaluator has a data set for each metric.
    heads = getattr(evaluator, 'dataset_prefixes', None) or [''] * len(metrics)
    names: Dict[str, List[Tuple[str, ...]]] = {}
    for head, metric in zip(heads, metrics):
        prefix = '/'.join(filter(None, (head, metric.prefix)))
        names.setdefault(prefix, []).append(
            tuple('/'.join(filter(None, (head, name)))
                  for name in getattr(metric, 'summary_names', ())))
    return {
        key: sum(own, ()) if all(own) else ()
        for key, own in names.items()
    }


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


def _check_pretrained(model: nn.Module) -> None:
    """Refuse ``init_cfg=dict(type='Pretrained')`` that loads nothing."""
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
                # One of its own may take whatever it likes from the file.
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
