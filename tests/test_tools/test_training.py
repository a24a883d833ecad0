# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""tools/train.py on the debug config and a few noisy pictures."""
import shutil

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import AmpOptimWrapper
from torch import nn

from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.errors import InputError
from tools.train import check_amp, enable_amp, enable_auto_scale_lr
from .conftest import CONFIG, run_script

TOOL = 'tools/train.py'


def test_resume_continues_the_run(trained, options, run_tool, tmp_path):
    work_dir = shutil.copytree(trained, tmp_path / 'work_dir')
    # A better one replaces it, wherever it is.
    assert list(trained.glob('best_parsing_mIoU_epoch_*.pth'))
    done = run_tool(TOOL, CONFIG, '--work-dir', work_dir, '--resume', *options)
    assert 'resumed epoch: 1' in done.stdout + done.stderr
    found = [read_checkpoint(work_dir / f'epoch_{k}.pth') for k in (1, 2)]
    assert [checkpoint['meta']['epoch'] for checkpoint in found] == [1, 2]
    # Adam's counter went on instead of starting again.
    first, second = (
        checkpoint['optimizer']['state'][0]['step'].item()
        for checkpoint in found)
    assert second == 2 * first > 0
    meta = found[1]['meta']['dataset_meta']
    assert meta['classes'][10] == 'Torso-skin' and len(meta['classes']) == 20


def test_two_processes_train(options, tmp_path):
    done = run_script('tools/dist_train.sh', CONFIG, 2, '--work-dir', tmp_path,
                      *options, 'train_cfg.max_epochs=1')
    # The format of the weights is chosen before gradients are laid out.
    assert 'Grad strides do not match' not in done.stderr
    checkpoint = read_checkpoint(tmp_path / 'epoch_1.pth')
    assert not any(
        name.startswith('module.') for name in checkpoint['state_dict'])


@pytest.mark.parametrize('checkpoint, more, message', [
    (dict(model={'decode_head.conv_seg.bias': nn.Parameter(torch.zeros(20))}),
     [], 'x.pth does not fit the model: it has none of its entries'),
    (dict(state_dict={'decode_head.conv_seg.bias': torch.zeros(7)}),
     ['--resume'], 'conv_seg.bias is (7,) in the file and (20,) in the model'),
    (dict(state_dict={'decode_head.conv_seg.bias': torch.zeros(20)}),
     ['--resume'], 'it lacks 199 of 238 entries, backbone.stem.0.weight'),
])
def test_foreign_weights_are_refused(checkpoint, more, message, tmp_path,
                                     run_tool):
    torch.save(checkpoint, tmp_path / 'x.pth')
    done = run_tool(
        TOOL,
        CONFIG,
        '--work-dir',
        tmp_path,
        *more,
        '--cfg-options',
        f'load_from={tmp_path}/x.pth',
        code=2)
    assert message in done.stderr
    assert not list(tmp_path.glob('epoch_*.pth'))


@pytest.mark.parametrize(
    'kind', ['OptimWrapper', 'mmengine.OptimWrapper', AmpOptimWrapper])
def test_mixed_precision_knows_the_wrapper_by_any_name(kind):
    cfg = Config(dict(optim_wrapper=dict(type=kind)))
    enable_amp(cfg)
    assert cfg.optim_wrapper == dict(
        type='AmpOptimWrapper', loss_scale='dynamic')


def test_mixed_precision_is_refused_where_it_cannot_work(monkeypatch):
    cfg = Config(dict(optim_wrapper=dict(type='ApexOptimWrapper')))
    with pytest.raises(InputError, match='ApexOptimWrapper'):
        enable_amp(cfg)
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper')))
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    check_amp(cfg)
    enable_amp(cfg)
    with pytest.raises(InputError, match='AmpOptimWrapper needs a GPU'):
        check_amp(cfg)
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    check_amp(cfg)


def test_the_learning_rate_follows_accumulated_batches():
    scaling = dict(enable=False, base_batch_size=256)
    wrapper = dict(accumulative_counts=4)
    cfg = Config(dict(auto_scale_lr=scaling, optim_wrapper=wrapper))
    enable_auto_scale_lr(cfg)
    # mmengine scales by processes x batch size / base_batch_size.
    assert cfg.auto_scale_lr == dict(enable=True, base_batch_size=64)
    with pytest.raises(InputError, match='auto_scale_lr.base_batch_size'):
        enable_auto_scale_lr(Config(dict(optim_wrapper=dict())))
