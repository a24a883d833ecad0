# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The config with classes is the config with names, for the tools too."""
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

from projects.qanet.apis.parser_builder import build_parser
from projects.qanet.apis.parser_builder import test_pipeline as loaded_pipeline
from projects.qanet.datasets import CIHPParsingDataset
from projects.qanet.testing.layout import write_noisy_cihp
from projects.qanet.utils.configs import type_name

ROOT = Path(__file__).parents[2]
NAME = 'qanet_r50_fpn_8xb32-140e_cihp-512x384.py'
PURE = ROOT / 'configs' / 'pure_python' / NAME


def with_names(node: Any) -> Any:
    """A config's values with the names of its classes."""
    if isinstance(node, dict):
        return {
            key:
            type_name(node[key]) if key == 'type' else with_names(node[key])
            for key in node
        }
    if isinstance(node, (list, tuple)):
        return [with_names(child) for child in node]
    return type_name(node) if isinstance(node, type) else node


def read(path: Path) -> dict:
    cfg = Config.fromfile(path)
    return with_names({key: cfg[key] for key in cfg})


def test_both_styles_say_the_same():
    named = read(ROOT / 'configs' / 'qanet' / NAME)
    assert named.pop('custom_imports')
    pure = read(PURE)  # with its imported classes
    assert {key: pure.get(key) for key in named} == named


@pytest.fixture(scope='module')
def small(tmp_path_factory):
    """The config, narrow and on a few pictures, and a checkpoint."""
    folder = tmp_path_factory.mktemp('pure_python')
    write_noisy_cihp(folder, train=1, val=2)
    text = PURE.read_text()
    for old, new in {
            'data/CIHP/': f'{folder}/',
            'depth=50': 'depth=18, base_channels=8',
            '[256, 512, 1024, 2048]': '[8, 16, 32, 64]',
            '[256, 256, 256, 256]': '[16] * 4',
            'channels=256': 'channels=16',
            '(384, 512)': '(48, 64)',
            "'Pretrained', checkpoint='open-mmlab://resnet50_v1c'":
            "'Kaiming', layer='Conv2d'",
            'num_workers=8': 'num_workers=0',
            'num_workers=4': 'num_workers=0',
            'persistent_workers=True': 'persistent_workers=False',
            'batch_size=32': 'batch_size=2'
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / 'small.py'
    path.write_text(text)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmseg'), torch.no_grad():
        model = MODELS.build(Config.fromfile(path).model)
        model.decode_head.conv_seg.weight.normal_()  # several classes win
    torch.save(
        dict(
            state_dict=model.state_dict(),
            meta=dict(dataset_meta=CIHPParsingDataset.METAINFO)),
        folder / 'small.pth')
    return path, folder / 'small.pth'


def test_the_options_of_testing(small, run_tool, tmp_path):
    out = tmp_path / 'results.json'
    run_tool('tools/test.py', *small, '--work-dir', tmp_path, '--out', out,
             '--tta', '--show-dir', 'painted', '--pixel-score-thrs', .1, .5,
             '--cfg-options',
             f'test_evaluator.metrics_file={tmp_path}/metrics.json')
    document = json.loads(out.read_text())
    assert document['results']
    assert document['info']['quality_weights'] == [1, .5, 3]
    metrics = json.loads((tmp_path / 'metrics.json').read_text())
    assert {'parsing/mIoU', 'parsing/APp.T0.1',
            'parsing/APp.T0.5'} <= set(metrics)
    assert len(list(tmp_path.glob('*/painted/**/*.png'))) == 2
    # Twice the model, which takes the other's config apart.
    run_tool('tools/test.py', *small, *small, '--work-dir', tmp_path, '--out',
             out, '--tta')
    scores = [[record['score'] for record in results]
              for results in (document['results'],
                              json.loads(out.read_text())['results'])]
    assert scores[1] == pytest.approx(scores[0], rel=1e-5)


def test_training_and_inference(small, run_tool, tmp_path):
    run_tool('tools/train.py', small[0], '--work-dir', tmp_path,
             '--auto-scale-lr', '--cfg-options', 'train_cfg.max_epochs=1',
             'train_cfg.val_interval=1')
    assert list(tmp_path.glob('best_parsing_mIoU_epoch_1.pth'))
    config = Config.fromfile(small[0])
    parser = build_parser(config, None, 'cpu')
    assert parser.dataset_meta['classes'][10] == 'Torso-skin'
    packing, = loaded_pipeline(config).transforms
    assert type(packing).__name__ == 'PackParsingInputs'
