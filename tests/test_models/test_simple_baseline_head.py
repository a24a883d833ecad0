# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

import projects.qanet.plugin  # noqa: F401


def build(**kwargs):
    return MODELS.build({
        **dict(
            type='SimpleBaselineHead',
            in_channels=6,
            in_index=1,
            channels=4,
            num_classes=3,
            deconv_channels=(5, 4)),
        **kwargs
    })


def test_layers_honour_norm_and_activation():
    plain = build()
    assert [type(layer) for layer in plain.deconv_layers
            ] == [nn.ConvTranspose2d, nn.ReLU] * 2
    assert plain.deconv_layers[0].bias is not None
    head = build(norm_cfg=dict(type='BN'), act_cfg=dict(type='GELU'))
    assert [type(layer) for layer in head.deconv_layers
            ] == [nn.ConvTranspose2d, nn.BatchNorm2d, nn.GELU] * 2
    assert head.deconv_layers[0].bias is None
    with pytest.raises(ValueError, match='conv_cfg must be None'):
        build(conv_cfg=dict(type='Conv2d'))
    with pytest.raises(ValueError, match='channels=4 must be the last'):
        build(deconv_channels=(4, 5))


def test_new_deconvolutions_are_small():
    head = build(norm_cfg=dict(type='BN'))
    head.init_weights()
    for layer in head.deconv_layers:
        if isinstance(layer, nn.ConvTranspose2d):
            assert .0008 < layer.weight.std() < .0012
    assert .005 < head.conv_seg.weight.std() < .015


def test_it_predicts_four_times_as_large():
    features = (None, torch.randn(2, 6, 5, 3))
    assert build()(features).shape == (2, 3, 20, 12)
