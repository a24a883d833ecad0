# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

import projects.qanet.plugin  # noqa: F401
from projects.qanet.released_weights import (convert_released, fill_network,
                                             model_config, to_released)
from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.errors import InputError
from . import formula

ROOT = Path(__file__).resolve().parents[2]
NETWORKS = dict(
    qanet_r50c='QANet-R50',
    qanet_r101d='QANet-R101',
    qanet_hrnet_w48='QANet-HRNet-W48',
    xdeconv_r50c='SimpleNet-R50')


@pytest.fixture(scope='module')
def shapes(data_dir):
    """Names and shapes of the entries of all released networks."""
    path = data_dir / 'released_weights/shapes.json.gz'
    return json.loads(gzip.decompress(path.read_bytes()))


@pytest.fixture(scope='module')
def released(shapes):
    """A released state dict, by the name of the network."""
    return lambda name: formula.state_dict(shapes[name], formula.GAINS[name])


def build(report):
    return MODELS.build(model_config(report, str(ROOT / 'configs')))


@pytest.mark.parametrize('name', NETWORKS)
def test_every_entry_finds_its_place(name, released):
    weights = released(name)
    report = convert_released(dict(model=weights, epoch=3))
    assert report.network.name == NETWORKS[name]
    model = build(report)
    fill_network(report, model, 'x.pth')
    assert report.unknown == []
    back = to_released(model.state_dict())
    assert back.keys() == weights.keys()
    assert all(torch.equal(back[key], weights[key]) for key in weights)


def test_resnet50_gives_the_released_output(released, data_dir):
    report = convert_released(released('qanet_r50c'))
    model = build(report).double().eval()
    model.load_state_dict(report.state_dict, strict=True)
    with torch.no_grad():
        logits, iou = model(formula.crops().double(), mode='tensor')
    golden = np.load(data_dir / 'released_weights/qanet_r50c.npz')
    probs = logits.softmax(1)[:, :, ::12, ::12].numpy()
    np.testing.assert_allclose(probs, golden['probs'], rtol=0, atol=1e-8)
    np.testing.assert_allclose(
        iou.numpy(), golden['iou_scores'], rtol=0, atol=1e-8)


def test_resnet101_equals_the_one_of_mmseg(released):
    """The backbone is mmpretrain's, whose names differ from mmseg's."""
    weights = released('qanet_r101d')
    report = convert_released(weights)
    ours = build(report).backbone.double()
    ours.eval()
    ours.load_state_dict({
        name[len('backbone.'):]: value
        for name, value in report.state_dict.items()
        if name.startswith('backbone.')
    })
    theirs = MODELS.build(dict(type='ResNetV1d', depth=101)).double()
    theirs.eval()
    body = {
        name[len('Conv_Body.'):]: value
        for name, value in weights.items() if name.startswith('Conv_Body.')
    }
    stem = {
        f'{kind}{k + 1}.': f'stem.{3 * k + offset}.'
        for k in range(3)
        for offset, kind in enumerate(('conv', 'bn'))
    }
    for name in list(body):
        first, rest = name.split('.', 1)
        body[stem.get(f'{first}.', f'{first}.') + rest] = body.pop(name)
    theirs.load_state_dict(body)
    crops = formula.crops()[:, :, :96, :64].double()
    with torch.no_grad():
        for mine, other in zip(ours(crops), theirs(crops)):
            torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


def test_hrnet_upsamples_the_nearest_pixel(released):
    """mmseg.HRNet takes the same weights and gives something else."""
    report = convert_released(released('qanet_hrnet_w48'))
    backbone = build(report).backbone
    modes = {
        module.mode
        for module in backbone.modules()
        if isinstance(module, torch.nn.Upsample)
    }
    assert modes == {'nearest'}


@pytest.mark.parametrize('name',
                         ['qanet_r50c', 'qanet_r101d', 'qanet_hrnet_w48'])
def test_imagenet_backbone(name, released):
    """Bare names, a classifier behind them, and no counters."""
    backbone = {
        key[len('Conv_Body.'):]: value
        for key, value in released(name).items()
        if key.startswith('Conv_Body.') and 'num_batches' not in key
    }
    backbone['classifier.weight'] = torch.zeros(10, 2048)
    report = convert_released(backbone)
    assert report.is_backbone
    model = build(report)
    fill_network(report, model, 'x.pth')
    assert report.unknown == ['classifier.weight']


def test_other_numbers_of_classes_and_no_iou_branch(released):
    weights = {
        name: value
        for name, value in released('qanet_r50c').items()
        if 'ParsingIoU' not in name
    }
    for kind in ('weight', 'bias'):
        key = f'Parsing.Output.classify.{kind}'
        weights[key] = weights[key][:7]
    report = convert_released(weights)
    model = build(report)
    model.load_state_dict(report.state_dict, strict=True)
    assert model.decode_head.num_classes == 7
    assert model.decode_head.iou_branch is None


def test_missing_and_misshapen_entries_are_all_named(released):
    weights = released('xdeconv_r50c')
    del weights['Conv_Body.bn2.bias']
    weights['Conv_Body_FPN.deconv_module.3.weight'] = torch.zeros(2, 3)
    report = convert_released(weights)
    with pytest.raises(InputError) as error:
        fill_network(report, build(report), 'x.pth')
    assert 'x.pth' in str(error.value)
    assert 'Missing key(s) in state_dict: "backbone.stem.4.bias"' in str(
        error.value)
    assert re.search(
        r'deconv_layers.3.weight: .*Size\(\[2, 3\]\) .*'
        r'Size\(\[256, 256, 4, 4\]\)', str(error.value))


def test_foreign_checkpoints_are_refused():
    with pytest.raises(InputError, match='none of the released'):
        convert_released({'fc.weight': torch.zeros(2)}, 'x.pth')
    with pytest.raises(InputError, match='has no weights'):
        convert_released(dict(model=dict(epoch=1)), 'x.pth')
    with pytest.raises(InputError, match='none of the networks'):
        to_released({'backbone.fc': torch.zeros(2)})


def test_tools_there_and_back(released, tmp_path):
    weights = dict(released('xdeconv_r50c'), extra=torch.zeros(3))
    paths = [tmp_path / name for name in ('src.pth', 'ours.pth', 'back.pth')]
    torch.save(
        dict(model={
            f'module.{key}': value
            for key, value in weights.items()
        }), paths[0])
    for tool, *files in (('qanet_to_mmseg', *paths[:2]), ('mmseg_to_qanet',
                                                          *paths[1:])):
        result = subprocess.run(
            [sys.executable, f'tools/model_converters/{tool}.py', *files],
            cwd=ROOT,
            capture_output=True,
            text=True)
        assert result.returncode == 0, result.stderr
        if tool == 'qanet_to_mmseg':
            assert '  extra\n' in result.stdout
            assert 'SimpleNet-R50, 350 entries' in result.stdout
    back = torch.load(paths[2])['model']
    del weights['extra']
    assert back.keys() == weights.keys()
    assert all(torch.equal(back[key], weights[key]) for key in weights)
    assert read_checkpoint(str(paths[1]))['meta']['network'] == 'SimpleNet-R50'
