# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from torch import nn

ROOT = Path(__file__).resolve().parents[2]
CONFIG = str(ROOT / 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py')


@pytest.fixture
def tool(monkeypatch):
    """The tool as a module."""
    spec = importlib.util.spec_from_file_location(
        'get_flops', ROOT / 'tools/analysis_tools/get_flops.py')
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def call(tool, monkeypatch):

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['get_flops.py', *arguments])
        tool.run_tool(tool.main)

    return run


def naive_multiply_adds(model, shape):
    """Of the convolutions, from the shapes they see."""
    total = 0

    def hook(layer, _, output):
        nonlocal total
        kernel = layer.weight[0].numel()  # input channels x kernel
        total += output.numel() * kernel

    hooks = [
        layer.register_forward_hook(hook) for layer in model.modules()
        if isinstance(layer, nn.Conv2d)
    ]
    with torch.no_grad():
        model(torch.zeros(1, 3, *shape))
    for handle in hooks:
        handle.remove()
    return total


@pytest.mark.parametrize('iou_branch', [True, False])
def test_counts(tool, iou_branch):
    cfg = Config.fromfile(CONFIG)
    if not iou_branch:
        cfg.model.decode_head.iou_branch = None
    model = tool.build_network(cfg)
    assert tool.crop_shape(cfg, None) == (64, 48)
    result = tool.count(model, (64, 48))
    plain = MODELS.build(cfg.model)
    assert result.params == sum(p.numel() for p in plain.parameters())
    assert result.by_operator['conv'] == naive_multiply_adds(model, (64, 48))
    # The classifier: 16 to 20 channels at a quarter of the size.
    alone = tool.FlopAnalyzer(model, torch.zeros(1, 3, 64, 48))
    assert alone.total('decode_head.conv_seg') == 16 * 20 * 16 * 12
    assert result.flops == sum(result.by_operator.values())


def test_heads_for_training_do_not_count(tool):
    cfg = Config.fromfile(CONFIG)
    expected = tool.count(tool.build_network(cfg), (64, 48))
    cfg.model.auxiliary_head = dict(
        type='FCNHead', in_channels=16, channels=8, num_classes=20)
    assert tool.count(tool.build_network(cfg), (64, 48)) == expected


def test_report(call, capsys):
    call(CONFIG, '--shape', '32', '64', '--cfg-options',
         'model.test_cfg.scales=(1.,.9,1.2)')
    text = capsys.readouterr().out
    assert 'Crop:       32 x 64 (height x width)' in text
    assert '0.636M (636037)' in text
    assert '(6 crops' in text


@pytest.mark.parametrize('arguments,message', [
    ((CONFIG, '--shape', '0', '9'), '--shape is (0, 9), allowed'),
    (('nowhere.py', ), 'config nowhere.py not found'),
    ((str(ROOT / 'configs/fcos/fcos_r50_fpn_8xb2-1x_cihp-person.py'),
      '--shape', '64', '64'), 'FCOS without decode_head: for a detector use'),
])
def test_errors(call, capsys, arguments, message):
    with pytest.raises(SystemExit) as end:
        call(*arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err
