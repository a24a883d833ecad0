# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import gzip
import json
import sys
from collections import OrderedDict
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

import projects.qanet.plugin  # noqa: F401
from projects.qanet.datasets.metainfo import checkpoint_meta, complete_metainfo
from projects.qanet.released_weights import (METAINFOS, ConversionReport,
                                             convert_released, fill_network,
                                             model_config, to_released,
                                             training_config, training_data)
from projects.qanet.released_weights.names import NETWORKS as KNOWN
from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.weights import check_state_dict
from . import formula

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'configs'
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
    """A released state dict, by the name of the network; each drawn once."""
    draw = lru_cache(
        lambda name: formula.state_dict(shapes[name], formula.GAINS[name]))
    return lambda name: dict(draw(name))


def build(report):
    return MODELS.build(model_config(report, str(CONFIGS)))


def under(prefix, weights):
    """The entries with a prefix, without it."""
    return {
        name[len(prefix):]: value
        for name, value in weights.items() if name.startswith(prefix)
    }


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
    # mmseg.HRNet takes the same weights and gives something else.
    for module in model.backbone.modules():
        assert getattr(module, 'mode', 'nearest') == 'nearest'


@pytest.mark.parametrize('name', ['qanet_r50c', 'qanet_hrnet_w48'])
def test_imagenet_backbone(name, shapes):
    """Bare names, a classifier behind them, and no counters."""
    weights = {
        key: torch.zeros(shape)
        for key, shape in shapes[name].items() if 'num_batches' not in key
    }
    backbone = under('Conv_Body.', weights)
    backbone['classifier.weight'] = torch.zeros(10, 2048)
    report = convert_released(backbone)
    assert report.is_backbone
    fill_network(report, build(report), 'x.pth')
    assert report.unknown == ['classifier.weight']


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
    ours.load_state_dict(under('backbone.', report.state_dict))
    theirs = MODELS.build(dict(type='ResNetV1d', depth=101)).double()
    theirs.eval()
    stem = {
        f'{kind}{k + 1}': f'stem.{3 * k + place}'
        for k in range(3)
        for place, kind in enumerate(('conv', 'bn'))
    }
    body = {}
    for name, value in under('Conv_Body.', weights).items():
        first, rest = name.split('.', 1)
        body[f'{stem.get(first, first)}.{rest}'] = value
    theirs.load_state_dict(body)
    crops = formula.crops()[:, :, :96, :64].double()
    with torch.no_grad():
        for mine, other in zip(ours(crops), theirs(crops)):
            torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


def test_other_numbers_of_classes_and_no_iou_branch(released):
    weights = {
        name: value[:7] if 'classify' in name else value
        for name, value in released('qanet_r50c').items()
        if 'ParsingIoU' not in name
    }
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
    message = (r'(?s)x.pth.*Missing .* "backbone.stem.4.bias".*deconv_layers.3'
               r'.weight: .*Size\(\[2, 3\]\) .*Size\(\[256, 256, 4, 4\]\)')
    with pytest.raises(InputError, match=message):
        fill_network(report, build(report), 'x.pth')


def test_foreign_checkpoints_are_refused():
    with pytest.raises(InputError, match='none of the released'):
        convert_released({'fc.weight': torch.zeros(2)}, 'x.pth')
    with pytest.raises(InputError, match='has no weights'):
        convert_released(dict(model=dict(epoch=1)), 'x.pth')
    with pytest.raises(InputError, match='none of the networks'):
        to_released({'backbone.fc': torch.zeros(2)})


def save_released(path, weights, module='yacs.config', zipped=True):
    """Write a checkpoint as the released trainer does.

    Its scheduler keeps a ``yacs.config.CfgNode``, a dictionary with attributes
    whose module is gone when it is read.
    """

    class CfgNode(dict):

        def __init__(self, **values):
            super().__init__(values)
            self.__dict__.update(__immutable__=True, __deprecated_keys__=set())

    CfgNode.__module__, CfgNode.__qualname__ = module, 'CfgNode'
    fake = ModuleType(module)
    fake.CfgNode = CfgNode
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.Adam([weight], lr=7.5e-4)
    weight.sum().backward()
    optimizer.step()
    solver = CfgNode(BASE_LR=7.5e-4, STEPS=[90, 120], GRAD=CfgNode(ON=False))
    checkpoint = dict(
        model={
            f'module.{name}': value
            for name, value in weights.items()
        },
        optimizer=optimizer.state_dict(),
        scheduler=dict(solver=solver, iteration=3, new_lr=np.float64(7.5e-4)))
    package = module.split('.')[0]
    with patch.dict(sys.modules, {package: fake, module: fake}):
        torch.save(checkpoint, path, _use_new_zipfile_serialization=zipped)


@pytest.mark.parametrize('zipped', [True, False])
def test_trainer_state_is_read_without_yacs(zipped, tmp_path):
    path = tmp_path / 'released.pth'
    save_released(path, {'a': torch.ones(2)}, zipped=zipped)
    assert 'yacs.config' not in sys.modules
    weights = read_checkpoint(path)['state_dict']
    assert weights['model']['module.a'].tolist() == [1, 1]
    solver = weights['scheduler']['solver']
    assert type(solver) is OrderedDict
    assert solver == dict(BASE_LR=7.5e-4, STEPS=[90, 120], GRAD=dict(ON=False))


def test_other_foreign_classes_are_refused_by_name(tmp_path):
    path = tmp_path / 'released.pth'
    save_released(path, {'a': torch.zeros(1)}, module='yacs_too.config')
    message = 'released.pth was refused: it holds yacs_too.config.CfgNode,'
    with pytest.raises(InputError, match=message):
        read_checkpoint(path)


def widened(name, shape, num_classes):
    """Of HRNet-W48 for crops of 544x416, which has 384 channels for 256."""
    if 'classify' in name:
        return [num_classes, 384, *shape[2:]][:len(shape)]
    if name.startswith('Conv_Body_FPN.') or 'ParsingIoU.Head.conv1x1' in name:
        return [384 if size == 256 else size for size in shape]
    if 'conv_layers.0.0.weight' in name:
        return [shape[0], 384, *shape[2:]]
    return shape


@pytest.mark.parametrize('dataset,num_classes', [('lip', 20), ('mhp-v2', 59)])
def test_larger_crops_are_as_wide_as_their_configs(dataset, num_classes,
                                                   shapes):
    weights = {
        name: torch.zeros(widened(name, shape, num_classes))
        for name, shape in shapes['qanet_hrnet_w48'].items()
    }
    report = convert_released(weights)
    model = build(report)
    fill_network(report, model, 'x.pth')
    assert report.unknown == []
    assert to_released(model.state_dict()).keys() == weights.keys()
    # The config has the same network.
    config = training_config(report, dataset, str(CONFIGS))
    assert config == (f'qanet/qanet_hrnet-w48_8xb32-140e_{dataset}-544x416.py')
    ours = Config.fromfile(CONFIGS / config).model
    ours.backbone.init_cfg = None
    assert ours.decode_head == model_config(report, str(CONFIGS)).decode_head
    with torch.device('meta'):
        check_state_dict(MODELS.build(ours), report.state_dict, 'x.pth')


def report_with(num_classes, channels=256):
    classifier = torch.zeros(num_classes, channels, 1, 1)
    return ConversionReport(KNOWN['r50'],
                            {'decode_head.conv_seg.weight': classifier})


@pytest.mark.parametrize('num_classes,dataset,expected', [
    (7, None, 'ppp'),
    (7, 'ppp', 'ppp'),
    (18, None, 'atr'),
    (59, None, 'mhp-v2'),
    (20, 'lip', 'lip'),
    (5, None, None),
    (20, None, 'x.pth has 20 .* cihp or lip'),
    (7, 'cihp', 'x.pth has 7 classes.* ppp'),
    (5, 'lip', 'no data set'),
])
def test_training_data_is_known_or_asked_for(num_classes, dataset, expected):
    arguments = report_with(num_classes), dataset, 'x.pth'
    if expected is None or ' ' not in expected:
        assert training_data(*arguments) == expected
    else:
        with pytest.raises(InputError, match=expected):
            training_data(*arguments)


def test_classes_and_configs_of_converted_networks():
    assert METAINFOS['lip']['classes'][10] == 'Jumpsuits'
    assert METAINFOS['ppp']['classes'] == ('Background', 'Lower-arms', 'Head',
                                           'Upper-legs', 'Torso', 'Lower-legs',
                                           'Upper-arms')
    config = training_config(report_with(18), 'atr', str(CONFIGS))
    assert config == 'qanet/qanet_r50_fpn_8xb32-140e_atr-512x384.py'
    # Nobody has trained ResNet-50 with larger crops.
    assert training_config(report_with(20, 384), 'lip', str(CONFIGS)) is None


def test_tools_there_and_back(released, tmp_path, run_tool):
    weights = dict(released('xdeconv_r50c'), extra=torch.zeros(3))
    paths = [tmp_path / name for name in ('src.pth', 'ours.pth', 'back.pth')]
    save_released(paths[0], weights)
    output = ''
    for name, *files in (('qanet_to_mmseg', *paths[:2], '--dataset', 'cihp'),
                         ('mmseg_to_qanet', *paths[1:])):
        tool = f'tools/model_converters/{name}.py'
        output += run_tool(tool, *files, code=0).stdout
        # A path that cannot be written is refused before the file is read.
        done = run_tool(tool, 'none', tmp_path, code=2)
        assert f'{tmp_path} is a folder' in done.stderr
    assert '  extra\n' in output and 'SimpleNet-R50, 350 entries' in output
    back = torch.load(paths[2])['model']
    del weights['extra']
    assert back.keys() == weights.keys()
    assert all(torch.equal(back[key], weights[key]) for key in weights)
    meta = checkpoint_meta(read_checkpoint(paths[1]))
    assert meta['classes'][10] == 'Torso-skin'
    pairs = complete_metainfo(meta)['flip_pairs']
    assert pairs == [(14, 15), (16, 17), (18, 19)]
