# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Train a parser or a person detector."""
import argparse
import os.path as osp
import sys

sys.path.insert(0, osp.abspath(osp.join(osp.dirname(__file__), '..')))

import torch
from mmengine.config import Config
from mmengine.runner import Runner, find_latest_checkpoint

from projects.qanet.engine import check_start
from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.configs import type_name
from projects.qanet.utils.errors import InputError
from tools.common.cli import plain_parser
from tools.common.launch import (add_common_arguments, load_config,
                                 run_distributed)


def parse_args() -> argparse.Namespace:
    parser = plain_parser('Train a human parser', [
        ('config', 'config file'),
        ('--work-dir', 'folder for logs and checkpoints'),
        ('--resume', 'continue from the latest checkpoint in the work dir, '
         'or from load_from if that is given', False),
        ('--amp', 'train in mixed precision', False),
        ('--auto-scale-lr', 'scale the learning rate to the batch that is '
         'really used', False),
    ])
    add_common_arguments(parser)
    return parser.parse_args()


def enable_amp(cfg: Config) -> None:
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if type_name(kind) not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise InputError("--amp needs optim_wrapper.type='OptimWrapper', but "
                         f'the config has {kind!r}')
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def check_amp(cfg: Config) -> None:
    """Refuse mixed precision without a GPU, which mmengine's needs."""
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if type_name(kind) == 'AmpOptimWrapper' and not torch.cuda.is_available():
        raise InputError('--amp or an AmpOptimWrapper needs a GPU, but torch '
                         'finds none; train without it')


def enable_auto_scale_lr(cfg: Config) -> None:
    """Let the learning rate follow the persons of one optimizer step.

    Accumulated batches are counted here, all others by mmengine.
    """
    if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
        raise InputError('--auto-scale-lr needs '
                         'auto_scale_lr.base_batch_size in the config')
    cfg.auto_scale_lr.enable = True
    cfg.auto_scale_lr.base_batch_size /= cfg.optim_wrapper.get(
        'accumulative_counts', 1)


def main() -> None:
    args = parse_args()
    cfg = load_config(args)
    if args.amp:
        enable_amp(cfg)
    check_amp(cfg)
    if args.auto_scale_lr:
        enable_auto_scale_lr(cfg)
    cfg.resume = args.resume

    start = cfg.get('load_from')
    if cfg.resume and start is None and osp.isdir(cfg.work_dir):
        start = find_latest_checkpoint(cfg.work_dir)
    # A bad file is refused before anything is built.
    weights = None if start is None else read_checkpoint(start)['state_dict']
    runner = Runner.from_cfg(cfg)
    if weights is not None:
        model = getattr(runner.model, 'module', runner.model)
        check_start(model, weights, start, finetunes=not cfg.resume)
        del weights
    runner.train()


if __name__ == '__main__':
    run_distributed(main)
