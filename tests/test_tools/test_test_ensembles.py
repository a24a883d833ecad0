# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""tools/test.py with augmentation and with several models."""
import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from projects.qanet.datasets import CIHPParsingDataset
from projects.qanet.utils.errors import InputError
from tools.common.test_time import enable_tta, make_ensemble, pair_models

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py'


def run(*command, expect=0):
    """Run a command in the repository root, without PYTHONPATH."""
    env = {key: os.environ[key] for key in os.environ if key != 'PYTHONPATH'}
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        port = server.getsockname()[1]
    env.update(
        PYTHON=sys.executable,
        OMP_NUM_THREADS='1',
        CUDA_VISIBLE_DEVICES='',
        PORT=str(port))
    result = subprocess.run([str(part) for part in command],
                            cwd=ROOT,
                            env=env,
                            capture_output=True,
                            text=True)
    if result.returncode != expect:
        pytest.fail(f'{command} gave {result.returncode}:\n'
                    f'{result.stdout[-3000:]}\n{result.stderr[-3000:]}')
    return result


def run_test(*arguments, expect=0):
    return run(sys.executable, 'tools/test.py', *arguments, expect=expect)


FIRST = """
_base_ = '{base}'
tta_cfg = dict(flip=True, scales=(1., 0.9, 1.3))
"""
# Another width, crop, padding and augmentation, and no IoU branch.
SECOND = """
_base_ = '{base}'
model = dict(
    backbone=dict(base_channels=4),
    neck=dict(in_channels=[4, 8, 16, 32]),
    decode_head=dict(iou_branch=None),
    test_cfg=dict(
        crop_size=(32, 64), padding=1.2, flip=False, scales=(1., 1.1)))
tta_cfg = None
"""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Drawn scenes, and two configs with a checkpoint each."""
    folder = tmp_path_factory.mktemp('ensembles')
    run(sys.executable, 'tools/dataset_converters/synthetic.py',
        folder / 'data', '--images', 1, '--val-images', 3, '--seed', 1,
        '--size', 160, 120)
    meta = dict(dataset_meta=CIHPParsingDataset.METAINFO)
    for seed, text in enumerate((FIRST, SECOND)):
        name = folder / ('first', 'second')[seed]
        name.with_suffix('.py').write_text(text.format(base=CONFIG))
        torch.manual_seed(seed)
        with DefaultScope.overwrite_default_scope('mmseg'), torch.no_grad():
            model = MODELS.build(Config.fromfile(f'{name}.py').model)
            # Several classes win somewhere, surely.
            model.decode_head.conv_seg.weight.normal_()
        torch.save(
            dict(state_dict=model.state_dict(), meta=meta), f'{name}.pth')
    return folder


def pair(folder, name):
    return folder / f'{name}.py', folder / f'{name}.pth'


def options(folder):
    data = folder / 'data'
    return ('--cfg-options', f'test_dataloader.dataset.data_root={data}',
            f'test_evaluator.ann_file={data}/annotations/CIHP_val.json',
            f'test_evaluator.data_root={data}/Validation')


def outcome(work_dir):
    """The results file and the metrics of a run."""
    path, = work_dir.glob('*/*.json')
    values = json.loads(path.read_text())
    return json.loads((work_dir / 'results.json').read_text()), {
        key: values[key]
        for key in values if key.startswith('parsing/')
    }


@pytest.fixture(scope='module')
def single(folder):
    """The first model alone, at its config's settings."""
    out = folder / 'single'
    run_test(*pair(folder, 'first'), '--work-dir', out, '--out',
             out / 'results.json', *options(folder))
    return outcome(out)


@pytest.fixture(scope='module')
def ensemble(folder):
    """Both models, with everything one may ask for."""
    out = folder / 'ensemble'
    run_test(*pair(folder, 'first'), *pair(folder, 'second'), '--work-dir',
             out, '--out', out / 'results.json', '--show-dir', 'painted',
             '--pixel-score-thrs', 0, .2, *options(folder),
             f'test_evaluator.metrics_file={out}/metrics.json')
    return out


def test_twice_the_same_model_is_that_model(folder, single, tmp_path):
    run_test(*pair(folder, 'first'), *pair(folder, 'first'), '--work-dir',
             tmp_path, '--out', tmp_path / 'results.json', *options(folder))
    assert outcome(tmp_path) == single
    assert any(record['parts'] for record in single[0]['results'])


def test_ensemble_writes_and_draws(ensemble, single):
    document, _ = outcome(ensemble)
    metrics = json.loads((ensemble / 'metrics.json').read_text())
    assert document['info'] == single[0]['info']
    assert document['info']['quality_weights'] == [1.0, 0.5, 3.0]
    assert len(document['results']) == len(single[0]['results'])
    # Another result, but the same IoU scores: the second model has none.
    assert document['results'] != single[0]['results']
    for ours, theirs in zip(document['results'], single[0]['results']):
        assert ours['iou_score'] == pytest.approx(theirs['iou_score'])
    assert metrics['parsing/APp.T0.2'] == metrics['parsing/APp']
    assert 'parsing/APp.T0' in metrics
    assert len(list(ensemble.glob('*/painted/**/*.png'))) == 3


def test_two_processes_give_the_same_numbers(folder, ensemble, tmp_path):
    """Further models stand behind the number of processes."""
    run('tools/dist_test.sh', *pair(folder,
                                    'first'), 2, *pair(folder, 'second'),
        '--work-dir', tmp_path, '--out', tmp_path / 'results.json',
        *options(folder))
    document, metrics = outcome(tmp_path)
    expected, all_metrics = outcome(ensemble)
    assert document == expected
    assert metrics.items() <= all_metrics.items()


@pytest.fixture
def tool(monkeypatch):
    """The tool in this process, for what ends before a model is built."""
    spec = importlib.util.spec_from_file_location('test_tool',
                                                  ROOT / 'tools/test.py')
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    monkeypatch.setenv('LOCAL_RANK', '0')  # tools set it
    spec.loader.exec_module(module)

    def call(function, *arguments):
        monkeypatch.setattr(sys, 'argv',
                            ['test.py', *(str(part) for part in arguments)])
        return getattr(module, function)()

    module.models = lambda: module.load_models(module.parse_args())
    module.run = lambda: module.run_distributed(module.main)
    return call


@pytest.mark.parametrize('flags,flip,scales', [
    (('--tta', ), True, (1., .9, 1.3)),
    ((), False, (1., )),
])
def test_tta_is_the_configs_full_augmentation(folder, tool, flags, flip,
                                              scales):
    cfg = tool('models', *pair(folder, 'first'), *flags, '--cfg-options',
               'model.test_cfg.flip=False')
    assert cfg.model.test_cfg.flip is flip
    assert cfg.model.test_cfg.get('scales', (1., )) == scales
    assert cfg.model.test_cfg.crop_size == (48, 64)


def test_errors_have_exit_code_2(folder, tool, capsys):
    for arguments, message in [
        ((*pair(folder, 'first'), folder / 'second.py'),
         f'{folder}/second.py stands alone'),
        ((*pair(folder, 'first'), *pair(folder, 'second'), '--tta'),
         f'--tta: {folder}/second.py has no tta_cfg = dict(flip=True'),
        ((*pair(folder, 'first'), '--work-dir', 'x', 'nowhere.py', 'y'),
         'config nowhere.py not found'),
    ]:
        with pytest.raises(SystemExit) as end:
            tool('run', *arguments, *options(folder))
        assert end.value.code == 2
        assert message in capsys.readouterr().err.strip().splitlines()[-1]


def test_models_are_paired():
    assert pair_models([]) == []
    assert pair_models(['a', 'b', 'c', 'd']) == [('a', 'b'), ('c', 'd')]
    with pytest.raises(InputError, match='c stands alone'):
        pair_models(['a', 'b', 'c'])


def parser_config(**kwargs):
    model = dict(type='TopDownParser', test_cfg=dict(crop_size=(3, 4)))
    return Config(dict(dict(model=model), **kwargs))


def test_tta_reaches_every_model():
    cfg = parser_config(tta_cfg=dict(flip=True, scales=(1., 1.2)))
    enable_tta(cfg, 'a.py')
    assert cfg.model.test_cfg == dict(
        crop_size=(3, 4), flip=True, scales=(1., 1.2))
    make_ensemble(cfg, [parser_config()])
    cfg.tta_cfg = dict(flip=False)
    enable_tta(cfg, 'a.py')
    flips = [parser.test_cfg.flip for parser in cfg.model.parsers]
    assert flips == [False, False]
    assert cfg.model.parsers[0].test_cfg.scales == (1., 1.2)
    assert cfg.model.post_processor.type == 'QualityAwareModule'


@pytest.mark.parametrize('kwargs,message', [
    (dict(), 'a.py has no tta_cfg'),
    (dict(tta_cfg=dict(flips=True)), "the key 'flips', allowed are flip"),
    (dict(tta_cfg=dict(flip=True), model=dict(type='EncoderDecoder')),
     'a.py has a EncoderDecoder; augmentation is'),
])
def test_tta_errors(kwargs, message):
    cfg = parser_config(**kwargs)
    with pytest.raises(InputError, match=message):
        enable_tta(cfg, 'a.py')
