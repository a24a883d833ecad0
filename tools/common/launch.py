# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What training and testing share: arguments, configs, processes."""
import argparse
import os
import os.path as osp
from typing import Callable

import torch
import torch.distributed as dist
from mmengine.config import Config, ConfigDict, DictAction

from projects.qanet.utils.configs import read_config
from projects.qanet.utils.device import count_processes
from . import cli

#: A row of :func:`.cli.add_arguments`.
CFG_OPTIONS = (
    '--cfg-options', 'override settings of the config, as key=value pairs. A '
    'list is written key="[a,b]", nested keys as model.test_cfg.flip=False',
    dict(nargs='+', action=DictAction))


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    cli.add_arguments(parser, [
        CFG_OPTIONS,
        ('--launcher', 'job launcher',
         dict(choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')),
    ])
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def load_config(args: argparse.Namespace) -> Config:
    """Read the config of a tool and apply the command line to it.

    ``work_dir`` is the command line's, else the config's, else
    ``work_dirs/<name of the config>``. Under torchrun the launcher is
    pytorch's, even if nobody says so.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = read_config(args.config)
    cfg.launcher = args.launcher
    if cfg.launcher == 'none' and count_processes() > 1:
        cfg.launcher = 'pytorch'  # or each process would do all the work
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        name = osp.splitext(osp.basename(args.config))[0]
        cfg.work_dir = osp.join('work_dirs', name)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(name) or {}
        if loader.get('num_workers') == 0:
            loader.persistent_workers = False  # torch refuses to keep none
    if cfg.launcher == 'pytorch' and not torch.cuda.is_available():
        # mmengine 0.10 hands device ids to the model wrapper by default.
        wrapper = cfg.setdefault('model_wrapper_cfg', ConfigDict())
        wrapper.setdefault('type', 'MMDistributedDataParallel')
        wrapper.setdefault('device_ids', None)
    return cfg


def run_distributed(main: Callable[[], None]) -> None:
    """Run a tool that may be one of several processes.

    Processes that torchrun has started without an accelerator get a group
    before the tool runs, since mmengine 0.10 would select a CUDA device for
    any backend; and no process leaves a group while another one still talks
    to it. It ends as :func:`.cli.run_tool` says.
    """

    def leave_together() -> None:
        main()
        if dist.is_initialized():
            dist.barrier()

    if not dist.is_available():
        cli.run_tool(main)
        return
    if dist.is_torchelastic_launched() and not torch.cuda.is_available():
        dist.init_process_group(backend='gloo')
    try:
        cli.run_tool(leave_together)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
