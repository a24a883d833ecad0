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


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'x.pth'


def refused(path, message):
    """One sentence, without torch's advice to switch its protection off."""
    with pytest.raises(InputError, match=message) as error:
        read_checkpoint(path)
    text = str(error.value)
    assert '\n' not in text
    assert 'safe_globals' not in text and 'weights_only' not in text


def test_reads_what_mmengine_writes(path):
    history = HistoryBuffer([1., 2.], [1, 1])
    history.update(3., 2)
    palette = np.arange(6, dtype=np.uint8).reshape(2, 3)
    runtime_info = dict(best=np.float64(.5), half=np.float16(2))
    message_hub = dict(
        log_scalars=dict(loss=history), runtime_info=runtime_info)
    state_dict = nn.BatchNorm2d(2).state_dict()
    torch.save(
        dict(
            meta=dict(palette=palette),
            state_dict=state_dict,
            message_hub=message_hub), path)
    checkpoint = read_checkpoint(path)
    restored = checkpoint['message_hub']['log_scalars']['loss']
    assert restored.current() == 3. and restored.mean() == 6 / 4
    assert checkpoint['message_hub']['runtime_info'] == runtime_info
    np.testing.assert_array_equal(checkpoint['meta']['palette'], palette)
    # The versions of modules that torch notes there.
    assert checkpoint['state_dict']._metadata['']['version'] == 2


def test_booby_traps_are_refused(booby_trap, path, tmp_path):
    torch.save(dict(state_dict={}, meta=booby_trap), path)
    refused(path, 'x.pth was refused: .*(it holds .*mkdir, allowed|getattr)')
    torch.load(path, weights_only=False)  # they do work
    (tmp_path / 'sprung').rmdir()


def test_getattr_reaches_a_few_methods_only():
    assert _allowed_method(HistoryBuffer, 'mean') is HistoryBuffer.mean
    assert _allowed_method(
        OneCycleParamScheduler,
        '_annealing_linear') is OneCycleParamScheduler._annealing_linear
    for owner, name in [(os, 'system'), (HistoryBuffer, '__init__'),
                        (HistoryBuffer.mean, '__globals__'),
                        (OneCycleParamScheduler, 'build_iter_from_epoch'),
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
def test_state_of_every_scheduler_of_mmengine(name, path):
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


def test_names_of_a_network_on_several_gpus(path):
    weights = {'module.a': torch.zeros(1), 'module.b': torch.ones(1)}
    torch.save(dict(state_dict=weights), path)
    assert read_checkpoint(path)['state_dict'] == dict(
        a=weights['module.a'], b=weights['module.b'])
    torch.save(dict(weights, a=torch.ones(1)), path)
    refused(path, 'x.pth holds both module.a and a, ')


@pytest.mark.parametrize('zipped', [True, False])
def test_files_that_are_cut_off(path, zipped):
    torch.save(
        dict(state_dict=dict(a=torch.zeros(99))),
        path,
        _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[:200])
    refused(path, 'x.pth .* damaged')


@pytest.mark.parametrize(
    'start, reason',
    [
        (b'', 'is empty: fetch it again'),
        (b'\xef\xbb\xbf\r\n <HTML>', 'is a web page'),
        (b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
         'is a pointer of git-lfs: fetch the file itself with git lfs pull'),
        (b'weights', "is no checkpoint of torch: it begins with b'weights'"),
        (b'PK\x03\x04', 'damaged'),
        # The state of a list, which torch advises to allow.
        (b'\x80\x02]}b.', "Can only build Tensor, .*but got <class 'list'>"),
    ])
def test_first_bytes_say_what_a_file_is(start, reason, path):
    path.write_bytes(start)
    refused(path, f'^checkpoint {path} .*{reason}')


@pytest.mark.filterwarnings('ignore::DeprecationWarning')
def test_torchscript_is_named(path):
    torch.jit.trace(nn.Linear(2, 3), torch.zeros(1, 2)).save(str(path))
    refused(path, 'is a network in TorchScript')


@pytest.mark.parametrize('address, message', [
    ('nothing.pth', 'not found$'),
    ('http://127.0.0.1:9/x.pth', 'cannot be fetched: .*refused'),
    ('foo://a/x.pth', 'not found: foo:// is no address that mmengine knows'),
    ('torchvision://nix', 'not found: torchvision:// has no model of that'),
    ('s3://a/x.pth', 'cannot be fetched: .*install petrel_client'),
    ('.', 'is a folder'),
])
def test_addresses_that_lead_nowhere(address, message):
    refused(address, f'^checkpoint {address} {message}')


@pytest.mark.parametrize('content, message', [
    ([1], '^checkpoint .*x.pth holds a list, not a dict$'),
    (dict(state_dict=[1]), '^state_dict of checkpoint .* is a list, not a '),
    (dict(state_dict={}, meta='x'), '^meta of .* is a str, not a dict$'),
    (dict(state_dict={}, meta=dict(dataset_meta=[1])),
     '^dataset_meta of .* is a list, not a dict$'),
])
def test_contents_that_are_no_dictionaries(path, content, message):
    torch.save(content, path)
    refused(path, message)
    for nothing in (None, {}, dict(dataset_meta=None)):
        torch.save(dict(state_dict={}, meta=nothing), path)
        assert read_checkpoint(path)['meta'] == nothing
