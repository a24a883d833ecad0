# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Any, Dict, List, Optional

import torch
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from projects.qanet.utils.errors import InputError


@HOOKS.register_module()
class TrainingGuardHook(Hook):
    """Stop a training that cannot work, in one sentence.

    Before the first step it compares the classes of model and data and looks
    at the names that ``save_best`` asks for. In training it looks whether the
    loss is finite, on a GPU only every ``interval`` iterations and at the end
    of an epoch, before anything is saved: looking waits for the device.

    Args:
        interval (int): Iterations between two looks at a loss on a GPU.

    Examples:
        >>> default_hooks = dict(guard=dict(type='TrainingGuardHook'))
    """

    def __init__(self, interval: int = 50) -> None:
        self.interval = interval

    def before_train(self, runner: Runner) -> None:
        """Compare what model, data and hooks say.

        Args:
            runner (Runner): The runner, everything built.

        Raises:
            InputError: If the numbers of classes differ, or no metric has the
                prefix that ``save_best`` names.
        """
        model = getattr(runner.model, 'module', runner.model)
        classes = getattr(model, 'num_classes', None)
        loaders = dict(train_dataloader=runner.train_dataloader)
        if runner.val_loop is not None:
            loaders['val_dataloader'] = runner.val_dataloader
        for name, loader in loaders.items():
            meta = getattr(loader.dataset, 'metainfo', None) or {}
            if classes and 'classes' in meta and len(
                    meta['classes']) != classes:
                raise InputError(
                    f'the model has {classes} classes (decode_head.'
                    f'num_classes), the data set of {name} has '
                    f'{len(meta["classes"])}, the background counted')
        if runner.val_loop is None:
            return
        prefixes = [m.prefix for m in runner.val_loop.evaluator.metrics]
        for key in _save_best(runner):
            prefix = key.rpartition('/')[0] or None
            if prefix not in prefixes:
                raise InputError(
                    f'save_best={key!r} is no metric of val_evaluator, whose '
                    f'names begin with {", ".join(map(_slashed, prefixes))}')

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Optional[Dict[str, Any]] = None) -> None:
        """Look at the loss.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Index of the batch.
            data_batch (Any): Not used.
            outputs (dict[str, Tensor]): The losses by name.

        Raises:
            InputError: If the loss is not finite.
        """
        loss = (outputs or {}).get('loss')
        if not isinstance(loss, torch.Tensor):
            return
        if loss.device.type != 'cpu' and not (
                self.every_n_inner_iters(batch_idx, self.interval)
                or self.is_last_train_iter(runner)
                or self.end_of_epoch(runner.train_dataloader, batch_idx)):
            return
        if loss.isfinite().all():
            return
        values = ', '.join(f'{name}={float(value):g}'
                           for name, value in outputs.items()
                           if isinstance(value, torch.Tensor))
        raise InputError(
            f'iteration {runner.iter + 1}: the loss is not finite ({values}); '
            'the training has diverged: lower the learning rate or clip the '
            'gradient (optim_wrapper.clip_grad)')

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, float]] = None) -> None:
        """Name the metrics if ``save_best`` asks for another one.

        Args:
            runner (Runner): The runner.
            metrics (dict[str, float]): What was evaluated; empty if a
                detector has found nothing yet.

        Raises:
            InputError: If ``save_best`` names none of them.
        """
        for key in _save_best(runner):
            if metrics and key not in metrics:
                raise InputError(f'save_best={key!r} is no metric of '
                                 'val_evaluator, which gives '
                                 f'{", ".join(metrics)}')


def _save_best(runner: Runner) -> List[str]:
    """Names of the metrics by which checkpoints are kept."""
    return [
        key for hook in runner.hooks if isinstance(hook, CheckpointHook)
        for key in hook.save_best or [] if key != 'auto'
    ]


def _slashed(prefix: Optional[str]) -> str:
    return 'nothing' if prefix is None else f'{prefix}/'
