# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
import torch
from mmseg.registry import MODELS
from torch.nn.functional import group_norm

from projects.qanet.models import NonLocalBlock


@pytest.fixture
def x():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 32, 6, 10, generator=generator, dtype=torch.double)


def test_non_local_block_place_by_place(x):
    torch.manual_seed(1)
    block = NonLocalBlock(32, norm_cfg=dict(type='GN', num_groups=4)).double()
    for weight in block.parameters():
        torch.nn.init.normal_(weight, std=.3)

    def project(conv, vector):
        return conv.weight[:, :, 0, 0] @ vector + conv.bias

    for image, found in zip(x, block(x)):
        pooled = [
            image[:, i:i + 2, j:j + 2].amax(dim=(1, 2))
            for i in range(0, 6, 2) for j in range(0, 10, 2)
        ]
        keys = torch.stack([project(block.phi, place) for place in pooled])
        values = torch.stack([project(block.g, place) for place in pooled])
        gathered = torch.empty_like(image)
        for i in range(6):
            for j in range(10):
                query = project(block.theta, image[:, i, j])
                share = (keys @ query / 32**.5).softmax(0)
                gathered[:, i, j] = project(block.out, share @ values)
        normed = group_norm(gathered[None], 4, block.norm.weight,
                            block.norm.bias)[0]
        torch.testing.assert_close(found, image + normed)


def build(**kwargs):
    return MODELS.build(
        dict(
            type='GeometricContextEncoding',
            in_channels=32,
            aspp_channels=4,
            channels=32,
            dilations=(2, 3),
            num_convs=1,
            **kwargs)).double()


def test_branches_of_the_encoding(x):
    """The mean of the image, then what each place says, then neighbours."""
    encoding, branches = build(), []
    encoding.bottleneck.register_forward_pre_hook(
        lambda _, args: branches.extend(args[0].split(4, dim=1)))
    assert encoding(x).shape == (2, 32, 6, 10)
    assert len(branches) == 4 and encoding.channels == 32
    assert (branches[0] == branches[0][:, :, :1, :1]).all()
    distant = x.clone()
    distant[:, :, :, 5:] = 0
    encoding(distant)
    for old, new, first in zip(branches[1:4], branches[5:], (5, 3, 2)):
        assert (old != new).any(2).any(1).any(0).nonzero().min() == first


def test_norms_of_the_encoding():
    for norm_cfg, expected in ((None, [32]), (dict(type='GN',
                                                   num_groups=2), [2] * 7)):
        groups = [
            each.num_groups for each in build(norm_cfg=norm_cfg).modules()
            if isinstance(each, torch.nn.GroupNorm)
        ]
        assert groups == expected
