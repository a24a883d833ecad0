# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import pytest
import torch
from mmcv.ops import RoIAlign
from mmengine.model import MMDistributedDataParallel
from torch import distributed, nn

from projects.qanet.engine import ChannelsLastHook
from projects.qanet.utils.errors import InputError


def test_operators_of_mmcv_are_refused():
    """They misread the format, which is why; the error says where."""
    align = RoIAlign(4, 1., 0)
    features = torch.randn(1, 3, 9, 14)
    boxes = torch.tensor([[0., 1., 2., 10., 8.]])
    other = features.to(memory_format=torch.channels_last)
    if torch.allclose(align(features, boxes), align(other, boxes)):
        pytest.skip('this mmcv knows the format')
    model = nn.Sequential(nn.Conv2d(3, 3, 1), align)
    with pytest.raises(InputError, match=r'RoIAlign of mmcv \(1\)'):
        ChannelsLastHook().before_run(SimpleNamespace(model=model))


@pytest.mark.parametrize('wrapped', [False, True])
def test_same_numbers_in_the_other_format(wrapped, tmp_path, recwarn):
    """A wrapper's buckets too, else it copies each gradient in each step."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 1))
    weights, images = list(model.parameters()), torch.randn(2, 3, 9, 14)
    expected = torch.autograd.grad(model(images).square().sum(), weights)
    runner = SimpleNamespace(
        model=model,
        cfg=dict(model_wrapper_cfg=dict(broadcast_buffers=True)),
        wrap_model=lambda cfg, module: MMDistributedDataParallel(
            module, **cfg))
    if wrapped:
        store = distributed.FileStore(str(tmp_path / 'store'), 1)
        distributed.init_process_group(
            'gloo', store=store, rank=0, world_size=1)
        runner.model = MMDistributedDataParallel(model)
    try:
        ChannelsLastHook().before_run(runner)
        result = runner.model(images)
        assert result.is_contiguous(memory_format=torch.channels_last)
        result.square().sum().backward()
    finally:
        if wrapped:
            distributed.destroy_process_group()
    assert not [w for w in recwarn if 'Grad strides' in str(w.message)]
    for weight, gradient in zip(weights, expected):
        torch.testing.assert_close(weight.grad, gradient)
