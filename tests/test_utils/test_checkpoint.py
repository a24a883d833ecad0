# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
import pickle
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from torch import nn

from projects.qanet.utils.checkpoint import (_history_buffer_attribute,
                                             load_checkpoint, read_checkpoint)
from projects.qanet.utils.errors import InputError


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
    with pytest.raises(InputError, match='trap.pth was refused.*mkdir'):
        read_checkpoint(str(path))
    assert not (tmp_path / 'sprung').exists()


def test_getattr_reaches_the_history_methods_only():
    assert _history_buffer_attribute(HistoryBuffer,
                                     'mean') is HistoryBuffer.mean
    for owner, name in [(os, 'system'), (HistoryBuffer, '__init__'),
                        (HistoryBuffer.mean, '__globals__'),
                        (MagicMock(), 'mean')]:
        with pytest.raises(pickle.UnpicklingError):
            _history_buffer_attribute(owner, name)


def test_missing_and_damaged_files_are_named(tmp_path):
    with pytest.raises(InputError, match='nothing.pth not found'):
        read_checkpoint(str(tmp_path / 'nothing.pth'))
    damaged = tmp_path / 'damaged.pth'
    torch.save(dict(state_dict=head(2).state_dict()), damaged)
    damaged.write_bytes(damaged.read_bytes()[:200])
    with pytest.raises(InputError, match='damaged.pth'):
        read_checkpoint(str(damaged))


def test_load_checkpoint_fills_the_model(tmp_path):
    source, target = head(4), head(4)
    path = str(tmp_path / 'bare.pth')
    torch.save(source.state_dict(), path)  # no mmengine around it
    checkpoint = load_checkpoint(target, path)
    assert checkpoint['meta'] == {}
    assert torch.equal(target.conv_seg.weight, source.conv_seg.weight)


def test_other_number_of_classes_is_named(tmp_path):
    path = str(tmp_path / 'seven.pth')
    torch.save(head(7).state_dict(), path)
    with pytest.raises(
            InputError,
            match=r'seven.pth.*number of classes.*conv_seg.weight is '
            r'\(7, 3, 1, 1\) in the file and \(20, 3, 1, 1\)'):
        load_checkpoint(head(20), path)


def test_missing_weights_are_counted(tmp_path):
    path = str(tmp_path / 'part.pth')
    weights = head(2).state_dict()
    del weights['conv_seg.bias']
    torch.save(weights, path)
    with pytest.raises(
            InputError, match='lacks 1 of 2 entries, conv_seg.bias first'):
        load_checkpoint(head(2), path)
