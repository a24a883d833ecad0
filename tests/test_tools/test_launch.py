# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import argparse
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import distributed

from tools.common.launch import add_common_arguments, load_config

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
