# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
import torch
from torch import nn, optim

from projects.qanet.engine import BFloat16OptimWrapper


@pytest.mark.parametrize('supported', [False, True])
def test_precision_of_a_step(supported, monkeypatch):
    """Convolutions alone are rounded; the weights step in float32."""
    monkeypatch.setattr(torch.cpu, '_is_avx512_bf16_supported',
                        lambda: supported)
    monkeypatch.setattr(torch.ops.mkldnn, '_is_mkldnn_bf16_supported',
                        lambda: supported)
    torch.manual_seed(0)
    model, images = nn.Conv2d(3, 4, 3), torch.randn(2, 3, 5, 7)
    weight, exact = model.weight.detach().clone(), model(images).detach()
    rounded = nn.functional.conv2d(images.bfloat16(), weight.bfloat16(),
                                   model.bias.detach().bfloat16())
    gradients = []
    model.weight.register_hook(gradients.append)
    wrapper = BFloat16OptimWrapper(
        optimizer=optim.SGD(model.parameters(), lr=0.5))
    with wrapper.optim_context(model):
        result = model(images)
        wrapper.update_params(result.float().square().sum())
    assert torch.equal(result, rounded if supported else exact)
    assert gradients[0].dtype == torch.float32
    assert torch.equal(model.weight, weight - 0.5 * gradients[0])


@pytest.mark.parametrize('device', ['cpu', 'meta'])
def test_float32_where_there_is_none(device, monkeypatch):
    """With a torch that lacks the question, and on other devices."""
    if device == 'cpu':
        monkeypatch.delattr(torch.cpu, '_is_avx512_bf16_supported')
    else:
        for owner, name in ((torch.cpu, '_is_avx512_bf16_supported'),
                            (torch.ops.mkldnn, '_is_mkldnn_bf16_supported')):
            monkeypatch.setattr(owner, name, lambda: True)
    model = nn.Conv2d(3, 4, 3, device=device)
    wrapper = BFloat16OptimWrapper(
        optimizer=optim.SGD(model.parameters(), lr=0.5))
    with wrapper.optim_context(model):
        result = model(torch.ones(1, 3, 5, 7, device=device))
    assert not wrapper.enabled and result.dtype == torch.float32
