# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import re

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from torch import nn

from tools.analysis_tools import get_flops as tool

TOOL = 'tools/analysis_tools/get_flops.py'
CONFIG = 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py'


@pytest.fixture
def cfg():
    return Config.fromfile(CONFIG)


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
def test_counts(cfg, iou_branch):
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


def test_heads_for_training_do_not_count(cfg):
    expected = tool.count(tool.build_network(cfg), (64, 48))
    cfg.model.auxiliary_head = dict(
        type='FCNHead', in_channels=16, channels=8, num_classes=20)
    assert tool.count(tool.build_network(cfg), (64, 48)) == expected


@pytest.mark.parametrize('value, text', [(100, '100'), (2500, '2.5K'),
                                         (636037, '0.636M'), (10**9, '1G'),
                                         (2 * 10**11, '0.2T')])
def test_short_numbers(value, text):
    assert tool.short(value) == text


@pytest.mark.parametrize('options, crops', [
    (['scales=(1.,.9)', 'flip=True'], 4),
    (['scales=(1.,.9,1.2)', 'flip=False'], 3),
    (['flip=True'], 2),
])
def test_report(run_tool, options, crops):
    text = run_tool(
        TOOL,
        CONFIG,
        '--shape',
        32,
        64,
        '--cfg-options',
        *(f'model.test_cfg.{option}' for option in options),
        code=0).stdout
    assert 'Crop:       32 x 64 (height x width)' in text
    assert 'Parameters: 0.636M (636037)' in text
    assert f'({crops} crops at' in text
    flops, total = re.findall(r'(?:FLOPs|Per person): +([\d.]+)M', text)
    assert float(total) == pytest.approx(crops * float(flops), rel=1e-4)


@pytest.mark.parametrize('arguments,message', [
    ((CONFIG, '--shape', '0', '9'), '--shape is (0, 9), allowed'),
    (('nowhere.py', ), 'config nowhere.py not found'),
    (('configs/fcos/fcos_r50_fpn_8xb2-1x_cihp-person.py', '--shape', '64',
      '64'), 'FCOS without decode_head: for a detector use'),
])
def test_errors(run_tool, arguments, message):
    assert message in run_tool(TOOL, *arguments, code=2).stderr
