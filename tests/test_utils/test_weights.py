# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from torch import nn

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.weights import (check_any_weight, check_state_dict,
                                          load_checkpoint)


def head(num_classes):
    model = nn.BatchNorm2d(num_classes)
    model.conv_seg = nn.Parameter(torch.zeros(num_classes, 3))
    return model


OWN = head(2).state_dict()
GONE = dict.fromkeys(OWN, ...)


# Files from Caffe, TensorFlow and old versions of torch count no batches.
@pytest.mark.parametrize('change, some, message', [
    (dict(other=2), 5, None),
    (dict(num_batches_tracked=...), 5, None),
    (dict(running_var=..., bias=...), 3, 'it lacks 2 of 6 entries, bias firs'),
    (dict(bias=torch.zeros(3)), 4,
     r'model: bias is \(3,\) in the file and \(2,\) in the model'),
    (head(7).state_dict(), None,
     r'x.pth .* \(another number of classes\?\): none of its weights fits, '
     r'conv_seg is \(7, 3\) in the file and \(2, 3\) in the model'),
    (dict(bias=np.zeros(2)), None, '^bias of checkpoint x.pth is a ndarray, '
     'not a tensor: write it with torch.from_numpy$'),
    (dict(bias=None), None, 'is a NoneType, not a tensor$'),
    (GONE, None, r'it has none of its entries, but \[\]$'),
    (dict(GONE, model=dict(a=1)), None, 'qanet_to_mmseg'),
])
def test_weights_that_do_not_fit(change, some, message):
    """``some`` entries fit if not all have to."""
    weights = dict(OWN, **change)
    for name in [name for name in weights if weights[name] is ...]:
        del weights[name]
    if some is None:
        with pytest.raises(InputError, match=message):
            check_any_weight(OWN, weights, 'x.pth')
    else:
        assert check_any_weight(OWN, weights, 'x.pth') == some
    if message is None:
        check_state_dict(head(2), weights, 'x.pth')
    else:
        with pytest.raises(InputError, match=message):
            check_state_dict(head(2), weights, 'x.pth')


def test_load_checkpoint_fills_the_model_or_leaves_it(tmp_path):
    source, target = head(4), head(4)
    nn.init.normal_(source.conv_seg)
    path = tmp_path / 'bare.pth'
    torch.save(source.state_dict(), path)  # no mmengine around it
    assert load_checkpoint(target, path)['meta'] == {}
    assert torch.equal(target.conv_seg, source.conv_seg)
    torch.save(dict(head(4).state_dict(), bias='x'), path)
    with pytest.raises(InputError, match='bare.pth is a str, not a tensor'):
        load_checkpoint(target, path)
    assert torch.equal(target.conv_seg, source.conv_seg)
