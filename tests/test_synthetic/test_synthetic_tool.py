# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).parents[2]


def _run(cwd, *arguments):
    environment = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}
    tool = REPO / 'tools' / 'dataset_converters' / 'synthetic.py'
    return subprocess.run(
        [sys.executable, str(tool), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True)


def test_draws_and_reports(tmp_path):
    done = _run(tmp_path, 'out', '--images', '5', '--seed', '3', '--size',
                '90', '70', '--people', '1', '2', '--workers', '1')
    assert done.returncode == 0, done.stderr
    assert '5 training and 1 held-out scenes' in done.stdout
    out = tmp_path / 'out'
    assert len(list((out / 'Training' / 'Images').glob('*.jpg'))) == 5
    assert len(list((out / 'Validation' / 'Images').glob('*.jpg'))) == 1


def test_refuses_no_images(tmp_path):
    done = _run(tmp_path, 'out', '--images', '0')
    assert done.returncode == 2
    assert '--images must be at least 1, got 0' in done.stderr
    assert not (tmp_path / 'out').exists()


def test_names_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').write_text('in the way')
    done = _run(tmp_path, 'file', '--images', '1', '--workers', '1')
    assert done.returncode == 2
    assert "Not a directory: 'file" in done.stderr


def test_names_a_bad_size(tmp_path):
    done = _run(tmp_path, 'out', '--images', '1', '--size', '10', '20')
    assert done.returncode == 2
    assert 'size (w, h) must be at least 64' in done.stderr
