# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from mmseg.registry import MODELS

from projects.qanet.densepose.crop_maps import split_maps
from projects.qanet.models import ParsingIoULoss, parsing_iou
from projects.qanet.testing.parsers import labelled
from projects.qanet.utils.errors import InputError
from .parsers import small_parser


def build(**settings):
    defaults = dict(
        type='UVHead',
        in_channels=[8],
        in_index=[0],
        feature_strides=[4],
        channels=8,
        dropout_ratio=0)
    return MODELS.build(dict(defaults, **settings))


@pytest.mark.parametrize('name, factor', [('quarter', 4), ('half', 2)])
def test_golden_outputs(data_dir, name, factor):
    golden = np.load(data_dir / 'densepose/head_outputs.npz')
    head = build()
    head.load_state_dict(
        {
            f'conv_seg.{key}': torch.from_numpy(golden[key])
            for key in ('weight', 'bias')
        },
        strict=False)
    feature = torch.from_numpy(golden[f'{name}_input'])
    size = tuple(factor * side for side in feature.shape[2:])
    maps = head.predict_by_feat(head.cls_seg(feature),
                                [dict(img_shape=size)]).detach()
    assert maps.shape == (1, 90, *size)
    np.testing.assert_allclose(
        maps[..., ::3, ::2], golden[f'{name}_train'], atol=1e-6)
    found = head.activate(maps)
    np.testing.assert_allclose(
        found[:, :40, ::3, ::2], golden[f'{name}_eval'], atol=1e-6)
    assert torch.equal(found[:, 40:], maps[:, 40:])
    head.index_act = 'softmax'
    np.testing.assert_allclose(
        head.activate(maps)[:, 15:40], maps[:, 15:40].softmax(1), atol=1e-6)


def test_initial_weights():
    """Kaiming, by the outputs, as four deconvolutions of their own."""
    head = build(channels=32, in_channels=[32])
    head.init_weights()
    for weight in split_maps(head.conv_seg.weight):
        assert weight.std().item() == pytest.approx(
            (2 / (32 * 16))**.5, rel=.05)
    assert not head.conv_seg.bias.any()


def batch(patches=(3, 24), size=(64, 48)):
    """Two crops; the second has no points."""
    rows = torch.arange(size[0])[:, None] // 5 % 15
    samples = [labelled(rows.expand(size)), labelled(torch.zeros(size))]
    for sample, count in zip(samples, (len(patches), 0)):
        sample.gt_points = InstanceData(
            xy=torch.tensor([[10.5, 20.], [47., 63.5]])[:count],
            patches=torch.tensor(patches)[:count].long(),
            uv=torch.tensor([[.2, .9], [.6, .1]])[:count])
    inputs = torch.randn(
        2, 3, *size, generator=torch.Generator().manual_seed(1))
    return inputs, samples


@pytest.mark.parametrize('drop_outside', [False, True])
def test_losses_are_those_of_each_map(drop_outside):
    model = small_parser(
        head=dict(
            iou_branch=dict(type='IoUBranch'), drop_outside=drop_outside))
    inputs, samples = batch()
    samples[0].gt_points.xy[1] = torch.tensor([48.5, 20.])
    model.eval()  # the same norms
    losses = model.loss(inputs, samples)
    maps, iou = model(inputs, mode='tensor')
    parts, patches, u, v = split_maps(maps)
    label = torch.stack([each.gt_sem_seg.data[0] for each in samples])
    target = parsing_iou(parts.argmax(1), label, 15)
    where = patches[0, :, 20, 10:12].mean(1)
    background = -patches[..., 0, 0].log_softmax(1)[:, 0]
    outside = torch.zeros(25).log_softmax(0)[24]
    kept = not drop_outside
    expected = dict(
        loss_part=5 * F.cross_entropy(parts, label),
        loss_patch=((195 - kept) * background[0] + 196 * background[1] -
                    where.log_softmax(0)[3] - kept * outside) / 392,
        loss_u=.001 *
        F.smooth_l1_loss(u[0, 3, 20, 10:12].mean(), torch.tensor(.2)),
        loss_v=.001 *
        F.smooth_l1_loss(v[0, 3, 20, 10:12].mean(), torch.tensor(.9)),
        loss_iou=ParsingIoULoss()(iou, target),
        iou_target=target.mean(),
        acc_seg=100. * (parts.argmax(1) == label).float().mean())
    expected['loss_u'] += kept * .001 * .5 * .6**2
    expected['loss_v'] += kept * .001 * .5 * .1**2
    assert set(losses) == {f'decode.{name}' for name in expected}
    for name, value in expected.items():
        torch.testing.assert_close(
            losses[f'decode.{name}'], value, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize('settings', [
    dict(iou_branch=dict(type='IoUBranch')),
    dict(
        context=dict(
            type='GeometricContextEncoding',
            in_channels=16,
            aspp_channels=8,
            channels=32,
            num_convs=1))
])
def test_training_step_reaches_every_weight(settings):
    model = small_parser(head=settings)
    inputs, samples = batch()
    losses = model(
        **model.data_preprocessor(
            dict(inputs=list(inputs), data_samples=samples), True),
        mode='loss')
    model.parse_losses(losses)[0].backward()
    assert all(p.grad is not None for p in model.parameters())
    grad = model.decode_head.conv_seg.weight.grad
    learns = grad.transpose(0, 1).flatten(1).any(1)
    assert learns[:40].all()
    # The maps of patches that nobody has learn nothing.
    assert learns[40:].nonzero()[:, 0].tolist() == [3, 24, 28, 49]


def test_nobody_has_points():
    model = small_parser()
    losses = model.loss(*batch(patches=()))
    assert losses['decode.loss_u'] == losses['decode.loss_v'] == 0
    model.parse_losses(losses)[0].backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize('settings, message', [
    (dict(num_classes=20), 'num_classes must be 15.*got 20'),
    (dict(index_act='relu'), "'sigmoid' or 'softmax', but got 'relu'"),
])
def test_refused(settings, message):
    with pytest.raises(InputError, match=message):
        build(**settings)
