# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the command line tools share: arguments, configs, processes."""
import argparse
import os
import os.path as osp
import sys
from typing import Callable

import torch
import torch.distributed as dist
from mmengine.config import Config, ConfigDict, DictAction
from mmengine.hub import get_config

from .errors import InputError


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that training and testing have in common.

    Args:
        parser (argparse.ArgumentParser): The parser of the tool.
    """
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='override settings of the config, as key=value pairs. A list is '
        'written key="[a,b]", nested keys as model.test_cfg.flip=False')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='job launcher')
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def load_config(args: argparse.Namespace) -> Config:
    """Read the config of a tool and apply the command line to it.

    Args:
        args (argparse.Namespace): With ``config`` (a file, or
            ``package::file`` for one of an installed package), ``work_dir``,
            ``cfg_options``, ``launcher`` and ``local_rank``.

    Returns:
        Config: The config. ``work_dir`` is the command line's, else the
        config's, else ``work_dirs/<name of the config>``.

    Raises:
        InputError: If there is no such config.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    if '::' in args.config:
        cfg = get_config(args.config)
    elif osp.isfile(args.config):
        cfg = Config.fromfile(args.config)
    else:
        raise InputError(f'config {args.config} not found')
    cfg.launcher = args.launcher
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        name = osp.splitext(osp.basename(args.config))[0]
        cfg.work_dir = osp.join('work_dirs', name)
    _prepare_cpu_processes(cfg)
    return cfg


def _prepare_cpu_processes(cfg: Config) -> None:
    """Let several processes work on a machine without an accelerator.

    mmengine 0.10 selects a CUDA device for every backend and hands device ids
    to the model wrapper. A process group that exists already and a wrapper
    without device ids avoid both.
    """
    if cfg.launcher != 'pytorch' or torch.cuda.is_available():
        return
    if not dist.is_initialized():
        dist.init_process_group(backend='gloo')
    wrapper = cfg.setdefault('model_wrapper_cfg', ConfigDict())
    wrapper.setdefault('type', 'MMDistributedDataParallel')
    wrapper.setdefault('device_ids', None)


def run_tool(main: Callable[[], None]) -> None:
    """Run a tool; what the user can mend is said in one sentence.

    Args:
        main (Callable): The tool. :class:`InputError` and
            :class:`FileNotFoundError` end the process with exit code 2 and
            their text, everything else is a defect and keeps its traceback.
    """
    try:
        main()
        if dist.is_available() and dist.is_initialized():
            # No process leaves while another one still talks to it.
            dist.barrier()
    except (InputError, FileNotFoundError) as error:
        print(f'error: {_sentence(error)}', file=sys.stderr)
        sys.exit(2)
    finally:
        if dist.is_available() and dist.is_initialized():
            dist.destroy_process_group()


def _sentence(error: Exception) -> str:
    """The text of an error, also of one that a worker process has raised.

    torch raises those again with the worker's traceback as their text; its
    last line is ``<module>.<class>: <text>``.
    """
    text = str(error).strip()
    if 'Original Traceback' not in text:
        return text
    return text.splitlines()[-1].split(f'{type(error).__name__}: ', 1)[-1]
