# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
import pickle
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler import OneCycleLR
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler
from mmengine.registry import PARAM_SCHEDULERS
from torch import nn

from projects.qanet.utils.checkpoint import _allowed_method, read_checkpoint
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.weights import load_checkpoint


class Trap:
    """Creates a file when it is unpickled without protection."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path, )


def head(num_classes):
    model = nn.Module()
    model.conv_seg = nn.Conv2d(3, num_classes, 1)
    return model


def test_reads_what_mmengine_writes(tmp_path):
    history = HistoryBuffer([1., 2.], [1, 1])
    history.update(3., 2)
    path = tmp_path / 'epoch_1.pth'
    torch.save(
        dict(
            meta=dict(epoch=1, seed=3),
            state_dict=head(2).state_dict(),
            message_hub=dict(
                log_scalars=dict(loss=history),
                runtime_info=dict(best=np.float64(.5), iters=np.int64(4)))),
        path)
    checkpoint = read_checkpoint(str(path))
    restored = checkpoint['message_hub']['log_scalars']['loss']
    assert restored.current() == 3. and restored.mean() == 6 / 4
    assert checkpoint['message_hub']['runtime_info']['best'] == .5


def test_booby_trap_is_refused(tmp_path):
    path = tmp_path / 'trap.pth'
    torch.save(
        dict(state_dict=head(2).state_dict(), meta=Trap(tmp_path / 'sprung')),
        path)
    with pytest.raises(
            InputError,
            match='trap.pth was refused: it holds .*mkdir, allowed are'):
        read_checkpoint(str(path))
    assert not (tmp_path / 'sprung').exists()


def test_getattr_reaches_a_few_methods_only():
    assert _allowed_method(HistoryBuffer, 'mean') is HistoryBuffer.mean
    assert _allowed_method(
        OneCycleParamScheduler,
        '_annealing_linear') is OneCycleParamScheduler._annealing_linear
    for owner, name in [(os, 'system'), (HistoryBuffer, '__init__'),
                        (HistoryBuffer.mean, '__globals__'),
                        (OneCycleParamScheduler, 'build_iter_from_epoch'),
                        (OneCycleParamScheduler, '__init__'),
                        (OneCycleLR, '_annealing_cos'), (MagicMock(), 'mean')]:
        with pytest.raises(pickle.UnpicklingError):
            _allowed_method(owner, name)


SCHEDULERS = dict(
    Constant={},
    CosineAnnealing=dict(T_max=3),
    CosineRestart=dict(periods=[2, 2], restart_weights=[1, .5], eta_min=0),
    Exponential=dict(gamma=.5),
    Linear={},
    MultiStep=dict(milestones=[1]),
    OneCycle=dict(eta_max=.1, total_steps=5),
    Poly={},
    ReduceOnPlateau=dict(monitor='loss'),
    Step=dict(step_size=1))


@pytest.mark.parametrize('name', sorted(PARAM_SCHEDULERS.module_dict))
def test_state_of_every_scheduler_of_mmengine(name, tmp_path):
    """Each goes on from what was read as if nothing had happened."""

    def build():
        weight = nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([weight], lr=.1, momentum=.9)
        kind = name
        for ending in ('ParamScheduler', 'LR', 'Momentum'):
            kind = kind.removesuffix(ending)
        arguments = dict(SCHEDULERS[kind])
        if name.endswith('ParamScheduler'):
            arguments['param_name'] = 'lr'
        scheduler = PARAM_SCHEDULERS.module_dict[name](optimizer, **arguments)
        return optimizer, scheduler

    def step(optimizer, scheduler):
        optimizer.step()
        scheduler.step(*([dict(loss=1.)] if 'Plateau' in name else []))

    optimizer, scheduler = build()
    step(optimizer, scheduler)
    path = tmp_path / 'epoch_1.pth'
    torch.save(
        dict(
            state_dict={},
            optimizer=optimizer.state_dict(),
            param_schedulers=[scheduler.state_dict()]), path)
    checkpoint = read_checkpoint(path)
    other, resumed = build()
    other.load_state_dict(checkpoint['optimizer'])
    resumed.load_state_dict(checkpoint['param_schedulers'][0])
    for _ in range(2):
        step(optimizer, scheduler)
        step(other, resumed)
    for key in ('lr', 'momentum'):
        assert other.param_groups[0][key] == optimizer.param_groups[0][key]
    assert resumed.last_step == scheduler.last_step >= 2


def test_numbers_of_numpy(tmp_path):
    path = tmp_path / 'palette.pth'
    palette = np.arange(6, dtype=np.uint8).reshape(2, 3)
    torch.save(
        dict(state_dict={}, meta=dict(palette=palette, half=np.float16(2))),
        path)
    meta = read_checkpoint(path)['meta']
    assert meta['palette'].dtype == np.uint8
    assert meta['palette'].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert meta['half'] == 2


def test_names_of_a_network_on_several_gpus(tmp_path):
    source, target = head(4), head(4)
    weights = {
        f'module.{name}': value
        for name, value in source.state_dict().items()
    }
    path = tmp_path / 'ddp.pth'
    torch.save(dict(state_dict=weights, meta=dict(epoch=2)), path)
    assert load_checkpoint(target, path)['meta']['epoch'] == 2
    assert torch.equal(target.conv_seg.bias, source.conv_seg.bias)


def test_a_weight_that_is_there_twice(tmp_path):
    path = tmp_path / 'twice.pth'
    torch.save({'module.a': torch.zeros(1), 'a': torch.ones(1)}, path)
    with pytest.raises(
            InputError, match='twice.pth holds both module.a and a, '):
        read_checkpoint(path)


def test_versions_of_modules_are_kept(tmp_path):
    path = tmp_path / 'plain.pth'
    torch.save(dict(state_dict=nn.BatchNorm2d(2).state_dict()), path)
    assert read_checkpoint(path)['state_dict']._metadata['']['version'] == 2


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(InputError, match='nothing.pth not found'):
        read_checkpoint(str(tmp_path / 'nothing.pth'))
    damaged = tmp_path / 'damaged.pth'
    for zipped in (True, False):
        torch.save(
            dict(state_dict=head(2).state_dict()),
            damaged,
            _use_new_zipfile_serialization=zipped)
        damaged.write_bytes(damaged.read_bytes()[:200])
        with pytest.raises(InputError, match='damaged.pth .* damaged'):
            read_checkpoint(str(damaged))


@pytest.mark.parametrize('start,reason', [
    (b'', 'is empty: fetch it again'),
    (b'<!DOCTYPE html><html>quota exceeded</html>', 'is a web page'),
    (b'\xef\xbb\xbf\r\n <HTML>', 'is a web page'),
    (b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
     'is a pointer of git-lfs: fetch the file itself with git lfs pull'),
    (b'weights', "is no checkpoint of torch: it begins with b'weights'"),
    (b'\x80\x02.', 'damaged'),
    (b'PK\x03\x04', 'damaged'),
])
def test_first_bytes_say_what_a_file_is(start, reason, tmp_path):
    path = tmp_path / 'x.pth'
    path.write_bytes(start)
    with pytest.raises(InputError) as error:
        read_checkpoint(path)
    text = str(error.value)
    assert text.startswith(f'checkpoint {path} ') and reason in text
    assert 'weights_only' not in text and '\n' not in text


@pytest.mark.filterwarnings('ignore::DeprecationWarning')
def test_torchscript_is_named(tmp_path):
    path = tmp_path / 'script.pth'
    torch.jit.trace(nn.Linear(2, 3), torch.zeros(1, 2)).save(str(path))
    with pytest.raises(InputError, match='is a network in TorchScript') as e:
        read_checkpoint(path)
    assert 'weights_only' not in str(e.value)


def test_advice_of_torch_is_never_repeated(tmp_path):
    """Torch recommends to allow what it did not expect to be built."""
    path = tmp_path / 'build.pth'
    path.write_bytes(b'\x80\x02]}b.')  # the state of a list
    with pytest.raises(InputError, match='Can only build Tensor, ') as error:
        read_checkpoint(path)
    text = str(error.value)
    assert 'safe_globals' not in text and 'weights_only' not in text
    assert "but got <class 'list'>" in text


@pytest.mark.parametrize('address, message', [
    ('http://127.0.0.1:9/x.pth', 'cannot be fetched: .*refused'),
    ('foo://a/x.pth', 'not found: foo:// is no address that mmengine knows'),
    ('torchvision://nix', 'not found: torchvision:// has no model of that'),
    ('s3://a/x.pth', 'cannot be fetched: .*install petrel_client'),
])
def test_addresses_that_lead_nowhere(address, message):
    with pytest.raises(InputError, match=message) as error:
        read_checkpoint(address)
    assert 'damaged' not in str(error.value)
    assert str(error.value).startswith(f'checkpoint {address} ')


def test_folders_and_other_objects_are_no_checkpoints(tmp_path):
    with pytest.raises(InputError, match='is a folder'):
        read_checkpoint(tmp_path)
    path = tmp_path / 'x.pth'
    torch.save([1], path)
    with pytest.raises(InputError, match='x.pth holds a list, not a dict'):
        read_checkpoint(path)
    torch.save(dict(state_dict=[1]), path)
    with pytest.raises(InputError, match='state_dict .*x.pth is a list'):
        read_checkpoint(path)


@pytest.mark.parametrize('meta, message', [
    ('x', 'meta of checkpoint {} is a str, not a dict'),
    (dict(dataset_meta='x'),
     'dataset_meta of checkpoint {} is a str, not a dict'),
    (dict(dataset_meta=[1]),
     'dataset_meta of checkpoint {} is a list, not a dict'),
])
def test_meta_information_that_is_no_dictionary(tmp_path, meta, message):
    path = tmp_path / 'meta.pth'
    torch.save(dict(state_dict=head(2).state_dict(), meta=meta), path)
    with pytest.raises(InputError) as error:
        read_checkpoint(path)
    assert str(error.value) == message.format(path)
    for nothing in (None, {}, dict(dataset_meta=None)):
        torch.save(dict(state_dict=head(2).state_dict(), meta=nothing), path)
        assert read_checkpoint(path)['meta'] == nothing
