# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A data set and a checkpoint that the tests of the tools share."""
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from projects.qanet.testing.layout import write_noisy_cihp
from studies.common import data_options

ROOT = Path(__file__).resolve().parents[2]
CONFIG = 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py'


@pytest.fixture(scope='session')
def data(tmp_path_factory):
    """Two images to train on, an odd number of held-out ones."""
    folder = tmp_path_factory.mktemp('data')
    write_noisy_cihp(folder, train=2, val=3)
    return folder


@pytest.fixture(scope='session')
def options(data):
    """What points a config to the data."""
    return [
        '--cfg-options', *data_options(
            data,
            ann_file=data / 'annotations/CIHP_val.json',
            data_root=data / 'Validation')
    ]


@pytest.fixture(scope='session')
def trained(options, run_tool, tmp_path_factory):
    """Work dir of one epoch of training."""
    work_dir = tmp_path_factory.mktemp('trained')
    run_tool('tools/train.py', CONFIG, '--work-dir', work_dir, *options,
             'train_cfg.max_epochs=1')
    return work_dir


def metrics_of(work_dir):
    """The metrics that mmengine leaves in the work dir, without times."""
    path, = work_dir.glob('*/*.json')
    values = json.loads(path.read_text())
    return {key: values[key] for key in values if key.startswith('parsing/')}


def run_script(*command):
    """Run one of our shell scripts on the CPU, as processes of their own."""
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        port = server.getsockname()[1]
    env = {key: os.environ[key] for key in os.environ if key != 'PYTHONPATH'}
    env.update(
        PYTHON=sys.executable,
        OMP_NUM_THREADS='1',
        CUDA_VISIBLE_DEVICES='',
        PORT=str(port))
    command = [str(part) for part in command]
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f'{command} failed:\n{done.stdout[-3000:]}\n'
                    f'{done.stderr[-3000:]}')
    return done
