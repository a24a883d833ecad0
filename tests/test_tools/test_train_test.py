# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The tools as a user calls them, on the debug config and drawn people."""
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from projects.qanet.released_weights import METAINFOS
from projects.qanet.utils.checkpoint import read_checkpoint

ROOT = Path(__file__).resolve().parents[2]
CONFIG = 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py'


def run(*command, check=True):
    """Run a command in the repository root, without PYTHONPATH."""
    env = {key: os.environ[key] for key in os.environ if key != 'PYTHONPATH'}
    env.update(PYTHON=sys.executable, OMP_NUM_THREADS='1')
    result = subprocess.run([str(part) for part in command],
                            cwd=ROOT,
                            env=env,
                            capture_output=True,
                            text=True)
    if check and result.returncode:
        pytest.fail(f'{command} failed:\n{result.stdout[-3000:]}\n'
                    f'{result.stderr[-3000:]}')
    return result


def free_port():
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return server.getsockname()[1]


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Few drawn scenes; an odd number of held-out ones."""
    out = tmp_path_factory.mktemp('tools') / 'data'
    run(sys.executable, 'tools/dataset_converters/synthetic.py', out,
        '--images', 3, '--val-images', 5, '--seed', 1, '--size', 160, 120)
    return out


def data_options(data):
    """Point the config to the drawn scenes."""
    annotations = data / 'annotations/CIHP_val.json'
    options = [
        f'{part}_dataloader.dataset.data_root={data}'
        for part in ('train', 'val', 'test')
    ]
    for part in ('val', 'test'):
        options += [
            f'{part}_evaluator.ann_file={annotations}',
            f'{part}_evaluator.data_root={data / "Validation"}'
        ]
    return ['--cfg-options', *options]


@pytest.fixture(scope='module')
def work_dir(data, tmp_path_factory):
    """One epoch of training, then the second one with --resume."""
    work_dir = tmp_path_factory.mktemp('tools') / 'work_dir'
    options = data_options(data)
    run(sys.executable, 'tools/train.py', CONFIG, '--work-dir', work_dir,
        *options, 'train_cfg.max_epochs=1')
    assert (work_dir / 'epoch_1.pth').is_file()
    result = run(sys.executable, 'tools/train.py', CONFIG, '--work-dir',
                 work_dir, '--resume', *options)
    assert 'resumed epoch: 1' in result.stdout + result.stderr
    return work_dir


def metrics_of(work_dir):
    """The metrics that mmengine leaves in the work dir, without times."""
    path, = work_dir.glob('*/*.json')
    values = json.loads(path.read_text())
    return {key: values[key] for key in values if key.startswith('parsing/')}


def test_resume_continues_the_run(work_dir):
    first = read_checkpoint(work_dir / 'epoch_1.pth')
    second = read_checkpoint(work_dir / 'epoch_2.pth')
    assert (first['meta']['epoch'], second['meta']['epoch']) == (1, 2)
    steps = [
        checkpoint['optimizer']['state'][0]['step'].item()
        for checkpoint in (first, second)
    ]
    # Adam's counter went on instead of starting again.
    assert steps[1] == 2 * steps[0] > 0
    meta = second['meta']['dataset_meta']
    assert meta['classes'][10] == 'Torso-skin' and len(meta['classes']) == 20
    assert list(work_dir.glob('best_parsing_mIoU_epoch_*.pth'))


@pytest.fixture(scope='module')
def single(data, work_dir, tmp_path_factory):
    """Test in one process, with a results file and painted images."""
    out = tmp_path_factory.mktemp('tools') / 'single'
    run(sys.executable, 'tools/test.py', CONFIG, work_dir / 'epoch_2.pth',
        '--work-dir', out, '--out', out / 'results.json', '--show-dir',
        'painted', *data_options(data))
    return out


def test_results_file_and_pictures(single, data):
    document = json.loads((single / 'results.json').read_text())
    assert document['info']['quality_weights'] == [1.0, 0.5, 3.0]
    assert document['info']['pixel_score_thr'] == 0.2
    annotations = json.loads(
        (data / 'annotations/CIHP_val.json').read_text())['annotations']
    assert len(document['results']) == len(annotations)
    assert len(list(single.glob('*/painted/**/*.png'))) == 5


def test_two_processes_give_the_same_numbers(single, data, work_dir, tmp_path,
                                             monkeypatch):
    """Five images on two processes: one is tested twice and counted once."""
    monkeypatch.setenv('PORT', str(free_port()))
    run('tools/dist_test.sh', CONFIG, work_dir / 'epoch_2.pth', 2,
        '--work-dir', tmp_path, '--out', tmp_path / 'results.json',
        *data_options(data))
    expected = metrics_of(single)
    assert expected['parsing/mIoU'] >= 0
    assert metrics_of(tmp_path) == expected
    # A convolution of fewer crops at once may differ in a float's last bit.
    both, one = (
        json.loads(
            (folder / 'results.json').read_text(),
            parse_float=lambda text: round(float(text), 6))
        for folder in (tmp_path, single))
    assert both == one


def test_offline_evaluation_gives_the_same_numbers(single, data, tmp_path):
    run(sys.executable, 'tools/analysis_tools/eval_parsing.py',
        single / 'results.json', '--ann-file',
        data / 'annotations/CIHP_val.json', '--data-root', data / 'Validation',
        '--out', tmp_path / 'metrics.json')
    offline = json.loads((tmp_path / 'metrics.json').read_text())
    for key, value in metrics_of(single).items():
        assert offline[key] == pytest.approx(value, abs=1e-4, nan_ok=True), key


def test_several_pixel_thresholds_in_one_pass(single, data, work_dir,
                                              tmp_path):
    arguments = ('tools/test.py', CONFIG, work_dir / 'epoch_2.pth',
                 '--work-dir', tmp_path, *data_options(data))
    result = run(sys.executable, *arguments,
                 f'test_evaluator.metrics_file={tmp_path}/metrics.json',
                 '--pixel-score-thrs', 0, .2, .8)
    assert metrics_of(tmp_path) == metrics_of(single)
    values = json.loads((tmp_path / 'metrics.json').read_text())
    for key in ('APp', 'PCP_50', 'APr', 'APh'):
        # The config's own threshold.
        assert values[f'parsing/{key}.T0.2'] == values[f'parsing/{key}']
        assert f'parsing/{key}.T0' in values
        assert f'parsing/{key}.T0.8' in values
    assert 'Threshold T of the pixel score' in result.stdout + result.stderr
    result = run(
        sys.executable, *arguments, '--pixel-score-thrs', 2, check=False)
    assert result.returncode == 2
    assert '--pixel-score-thrs must be in [0, 1], not [2.0]' in result.stderr


def test_two_processes_train(data, tmp_path, monkeypatch):
    monkeypatch.setenv('PORT', str(free_port()))
    result = run('tools/dist_train.sh', CONFIG, 2, '--work-dir', tmp_path,
                 *data_options(data), 'train_cfg.max_epochs=1')
    # The format of the weights is chosen before gradients are laid out.
    assert 'Grad strides do not match' not in result.stderr
    checkpoint = read_checkpoint(tmp_path / 'epoch_1.pth')
    assert not any(
        name.startswith('module.') for name in checkpoint['state_dict'])


def test_wrong_number_of_classes_is_named(data, work_dir, tmp_path):
    result = run(
        sys.executable,
        'tools/test.py',
        CONFIG,
        work_dir / 'epoch_2.pth',
        '--work-dir',
        tmp_path,
        *data_options(data),
        'model.decode_head.num_classes=7',
        check=False)
    assert result.returncode == 2
    message = result.stderr.strip().splitlines()[-1]
    assert 'epoch_2.pth does not fit the model' in message
    assert 'decode_head.conv_seg.weight is (20, 16, 1, 1)' in message


def test_other_classes_are_named(single, data, work_dir, tmp_path):
    # LIP and CIHP have 20 classes each; a part of them are the same.
    names = list(METAINFOS['lip']['classes'])
    result = run(
        sys.executable, 'tools/test.py', CONFIG, work_dir / 'epoch_2.pth',
        '--work-dir', tmp_path, *data_options(data),
        f'test_dataloader.dataset.metainfo.classes={",".join(names)}')
    text = result.stdout + result.stderr
    assert "other classes than those of test_dataloader: 10 (" in text
    assert f"here {names[10]!r})" in text
    assert metrics_of(tmp_path) == metrics_of(single)


def test_missing_config_and_checkpoint_are_named(tmp_path):
    for arguments, message in [
        (('tools/train.py', 'nothing.py'), 'config nothing.py not found'),
        (('tools/test.py', CONFIG, 'nothing.pth', '--work-dir', tmp_path),
         'checkpoint nothing.pth not found'),
    ]:
        result = run(sys.executable, *arguments, check=False)
        assert result.returncode == 2
        assert result.stderr.strip().splitlines()[-1] == f'error: {message}'
