# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from collections import OrderedDict

import numpy as np
import pytest
import torch
from torch import nn

from projects.qanet.utils.checkpoint import read_checkpoint
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.weights import (check_any_weight, check_state_dict,
                                          load_checkpoint)


def head(num_classes):
    model = nn.Module()
    model.conv_seg = nn.Conv2d(3, num_classes, 1)
    return model


@pytest.mark.parametrize('value, message', [
    (np.zeros(2, np.float32),
     'is a ndarray, not a tensor: write it with torch.from_numpy'),
    (None, 'is a NoneType, not a tensor'),
    ('x', 'is a str, not a tensor'),
])
def test_a_weight_that_is_no_tensor_is_refused(tmp_path, value, message):
    """mmengine would leave it out and go on with an untrained network."""
    path = tmp_path / 'mixed.pth'
    model = head(2)
    before = model.conv_seg.weight.clone()
    weights = {**head(2).state_dict(), 'conv_seg.bias': value}
    torch.save(dict(state_dict=weights), path)
    for use in (lambda: load_checkpoint(model, path), lambda: check_any_weight(
            weights,
            read_checkpoint(path)['state_dict'], path)):
        with pytest.raises(InputError) as error:
            use()
        assert str(
            error.value) == f'conv_seg.bias of checkpoint {path} {message}'
    assert torch.equal(model.conv_seg.weight, before)


def test_nothing_in_common_is_refused():
    own = head(2).state_dict()
    weights = {'conv_seg.bias': torch.zeros(2), 'other': 2}
    assert check_any_weight(own, weights, 'x.pth') == 1
    with pytest.raises(InputError, match='none of its entries'):
        check_any_weight(own, OrderedDict(), 'x.pth')
    with pytest.raises(InputError, match='qanet_to_mmseg'):
        check_any_weight(own, dict(model=dict(a=1), optimizer={}), 'x.pth')


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


def test_weights_of_other_shapes_only_are_refused():
    """The counters of batch norms fit any network; they train nothing."""
    wide, narrow = nn.BatchNorm2d(8).state_dict(), nn.BatchNorm2d(4)
    with pytest.raises(
            InputError,
            match=r'none of its weights fits, weight is \(8,\) in the file '
            r'and \(4,\) in the model'):
        check_any_weight(narrow.state_dict(), wide, 'x.pth')


def test_counters_of_batches_may_be_missing():
    """Files from Caffe, TensorFlow and old versions of torch have none."""
    norm = nn.BatchNorm2d(8)
    weights = norm.state_dict()
    del weights['num_batches_tracked']
    check_state_dict(norm, weights, 'x.pth')
    del weights['running_var']
    with pytest.raises(InputError, match='lacks 1 of 5 .* running_var first'):
        check_state_dict(norm, weights, 'x.pth')
