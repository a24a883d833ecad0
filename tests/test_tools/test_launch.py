# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import argparse
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import distributed

from projects.qanet.utils.errors import InputError
from tools.common.launch import add_common_arguments, load_config
from tools.train import check_amp, enable_amp, enable_auto_scale_lr

ROOT = Path(__file__).resolve().parents[2]
TOOL = """
import sys
from torch import distributed
from projects.qanet.utils.errors import InputError
from tools.common.launch import run_distributed

def main():
    sys.stdout.write(f'rank {distributed.get_rank()}\\n')
    raise InputError('one sentence')

run_distributed(main)
"""


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
    path.write_text('model = dict(depth=18)')
    return path


def test_the_command_line_changes_the_config(config):
    cfg = load_config(
        arguments(config, '--cfg-options', 'model.depth=50', 'seed=1'))
    assert cfg.model.depth == 50 and cfg.seed == 1
    assert cfg.launcher == 'none' and 'model_wrapper_cfg' not in cfg
    assert cfg.work_dir == 'work_dirs/mine'
    assert load_config(arguments(config, '--work-dir', 'w')).work_dir == 'w'


def test_reading_a_config_starts_no_processes(config, monkeypatch):
    """It may be read twice, and one process must not wait for others."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    for _ in range(2):
        cfg = load_config(arguments(config, '--launcher', 'pytorch'))
        assert not distributed.is_initialized()
    # Without device ids, for a model on a CPU.
    assert cfg.model_wrapper_cfg == dict(
        type='MMDistributedDataParallel', device_ids=None)


def test_no_workers_are_not_kept(config):
    config.write_text('train_dataloader = dict(num_workers=0, '
                      'persistent_workers=True)')
    loader = load_config(arguments(config)).train_dataloader
    assert loader == dict(num_workers=0, persistent_workers=False)


def test_processes_of_torchrun_are_one_training(config, monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '2')
    assert load_config(arguments(config)).launcher == 'pytorch'
    slurm = load_config(arguments(config, '--launcher', 'slurm'))
    assert slurm.launcher == 'slurm'
    monkeypatch.setenv('WORLD_SIZE', '1')
    assert load_config(arguments(config)).launcher == 'none'


@pytest.mark.parametrize('kind', [
    'OptimWrapper', 'mmengine.OptimWrapper', OptimWrapper, 'AmpOptimWrapper',
    AmpOptimWrapper
])
def test_mixed_precision_knows_the_wrapper_by_any_name(kind, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    cfg = Config(dict(optim_wrapper=dict(type=kind)))
    enable_amp(cfg)
    assert cfg.optim_wrapper == dict(
        type='AmpOptimWrapper', loss_scale='dynamic')


def test_mixed_precision_is_refused_where_it_cannot_work(monkeypatch):
    cfg = Config(dict(optim_wrapper=dict(type='ApexOptimWrapper')))
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    with pytest.raises(InputError, match='ApexOptimWrapper'):
        enable_amp(cfg)
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper')))
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    check_amp(cfg)
    enable_amp(cfg)
    with pytest.raises(InputError, match='AmpOptimWrapper needs a GPU'):
        check_amp(cfg)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    check_amp(cfg)


def test_the_learning_rate_follows_accumulated_batches():
    cfg = Config(
        dict(
            auto_scale_lr=dict(enable=False, base_batch_size=256),
            optim_wrapper=dict(accumulative_counts=4)))
    enable_auto_scale_lr(cfg)
    # mmengine scales by processes x batch size / base_batch_size.
    assert cfg.auto_scale_lr == dict(enable=True, base_batch_size=64)
    with pytest.raises(InputError, match='auto_scale_lr.base_batch_size'):
        enable_auto_scale_lr(Config(dict(optim_wrapper=dict())))


@pytest.mark.skipif(torch.cuda.is_available(), reason='is for CPUs')
def test_torchrun_makes_a_group_and_leaves_it(tmp_path):
    tool = tmp_path / 'tool.py'
    tool.write_text(TOOL)
    result = subprocess.run([
        sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node=2',
        '--standalone',
        str(tool)
    ],
                            env=dict(PYTHONPATH=str(ROOT)),
                            capture_output=True,
                            text=True)
    assert sorted(result.stdout.splitlines()) == ['rank 0', 'rank 1']
    assert result.returncode and 'error: one sentence' in result.stderr
    assert 'destroy_process_group' not in result.stderr
