# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

import projects.qanet.plugin  # noqa: F401

CONFIG = dict(
    type='SimpleBaselineHead',
    in_channels=6,
    in_index=1,
    channels=4,
    num_classes=3,
    deconv_channels=(5, 4))


@pytest.mark.parametrize('norm', [None, dict(type='BN')])
def test_layers(norm):
    head = MODELS.build(dict(CONFIG, norm_cfg=norm, act_cfg=dict(type='GELU')))
    norms = [] if norm is None else [nn.BatchNorm2d]
    assert [type(layer) for layer in head.deconv_layers
            ] == [nn.ConvTranspose2d, *norms, nn.GELU] * 2
    assert (head.deconv_layers[0].bias is None) == bool(norms)
    head.init_weights()
    for layer in head.deconv_layers[::2 + len(norms)]:
        assert .0008 < layer.weight.std() < .0012
    assert .005 < head.conv_seg.weight.std() < .015
    assert head((None, torch.randn(2, 6, 5, 3))).shape == (2, 3, 20, 12)


@pytest.mark.parametrize('change, message', [
    (dict(conv_cfg=dict(type='Conv2d')), 'conv_cfg must be None'),
    (dict(deconv_channels=(4, 5)), 'channels=4 must be the last'),
])
def test_refusals(change, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(CONFIG, **change))
