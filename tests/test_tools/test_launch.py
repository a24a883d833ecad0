# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import argparse
import socket

import pytest
import torch
from torch import distributed

from projects.qanet.utils.errors import InputError
from tools.common.launch import (add_common_arguments, load_config,
                                 run_distributed)


def arguments(config, *words):
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    parser.add_argument('--work-dir')
    add_common_arguments(parser)
    return parser.parse_args([str(config), *words])


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')
    path = tmp_path / 'mine.py'
    path.write_text('model = dict(depth=18)\ntrain_dataloader = '
                    'dict(num_workers=0, persistent_workers=True)')
    return path


def test_the_command_line_changes_the_config(config):
    cfg = load_config(
        arguments(config, '--cfg-options', 'model.depth=50', 'seed=1'))
    assert cfg.model.depth == 50 and cfg.seed == 1
    assert cfg.launcher == 'none' and 'model_wrapper_cfg' not in cfg
    assert cfg.work_dir == 'work_dirs/mine'
    assert load_config(arguments(config, '--work-dir', 'w')).work_dir == 'w'
    assert cfg.train_dataloader == dict(
        num_workers=0, persistent_workers=False)


def test_processes_of_torchrun_are_one_training(config, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setenv('WORLD_SIZE', '2')
    cfg = load_config(arguments(config))
    assert cfg.launcher == 'pytorch' and not distributed.is_initialized()
    # Without device ids, for a model on a CPU.
    assert cfg.model_wrapper_cfg == dict(
        type='MMDistributedDataParallel', device_ids=None)
    slurm = load_config(arguments(config, '--launcher', 'slurm'))
    assert slurm.launcher == 'slurm'
    monkeypatch.setenv('WORLD_SIZE', '1')
    assert load_config(arguments(config)).launcher == 'none'


@pytest.mark.skipif(torch.cuda.is_available(), reason='is for CPUs')
def test_torchrun_makes_a_group_and_leaves_it(monkeypatch, capsys):
    """As the only process that torchrun has started."""
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        port = server.getsockname()[1]
    for name, value in dict(
            TORCHELASTIC_RUN_ID='x',
            RANK=0,
            WORLD_SIZE=1,
            MASTER_ADDR='127.0.0.1',
            MASTER_PORT=port).items():
        monkeypatch.setenv(name, str(value))

    def main():
        assert distributed.get_backend() == 'gloo'
        raise InputError(f'sentence of {distributed.get_rank()}')

    with pytest.raises(SystemExit) as end:
        run_distributed(main)
    assert end.value.code == 2 and not distributed.is_initialized()
    assert capsys.readouterr().err == 'error: sentence of 0\n'
