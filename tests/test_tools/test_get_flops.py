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


def naive_multiply_adds(model, shape):
    """Of the convolutions: each output takes all of a kernel."""
    counts = []
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda layer, _, output: counts.append(
                output.numel() * layer.weight[0].numel()))
    model(torch.zeros(1, 3, *shape))
    return sum(counts)


@pytest.mark.parametrize('iou_branch', [True, False])
def test_counts(iou_branch):
    cfg = Config.fromfile(CONFIG)
    if not iou_branch:
        cfg.model.decode_head.iou_branch = None
    plain = MODELS.build(cfg.model)
    # Heads for training do not count.
    cfg.model.auxiliary_head = dict(
        type='FCNHead', in_channels=16, channels=8, num_classes=20)
    assert tool.crop_shape(cfg, None) == (64, 48)
    result = tool.count(tool.build_network(cfg), (64, 48))
    assert result.params == sum(p.numel() for p in plain.parameters())
    assert result.by_operator['conv'] == naive_multiply_adds(plain, (64, 48))
    assert result.flops == sum(result.by_operator.values())


@pytest.mark.parametrize('value, text', [(100, '100'), (2500, '2.5K'),
                                         (636037, '0.636M'), (10**9, '1G'),
                                         (2 * 10**11, '0.2T')])
def test_short_numbers(value, text):
    assert tool.short(value) == text


@pytest.mark.parametrize('options, crops', [
    (['scales=(1.,.9)', 'flip=True'], 4),
    (['scales=(1.,.9,1.2)', 'flip=False'], 3),
])
def test_report(run_tool, options, crops):
    options = [f'model.test_cfg.{option}' for option in options]
    text = run_tool(TOOL, CONFIG, '--shape', 32, 64, '--cfg-options',
                    *options).stdout
    assert 'Crop:       32 x 64 (height x width)' in text
    assert 'Parameters: 0.636M (636037)' in text
    assert f'({crops} crops at' in text
    flops, total = re.findall(r'(?:FLOPs|Per person): +([\d.]+)M', text)
    assert float(total) == pytest.approx(crops * float(flops), rel=1e-4)


@pytest.mark.parametrize('arguments,message', [
    ((CONFIG, '--shape', '0', '9'), '--shape is (0, 9), allowed'),
    (('nowhere.py', ), 'config nowhere.py not found'),
    (('configs/fcos/fcos_r50_fpn_8xb2-1x_cihp-person.py', ),
     'FCOS without decode_head: for a detector use'),
])
def test_errors(run_tool, arguments, message):
    assert message in run_tool(TOOL, *arguments, code=2).stderr
