# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import copy

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS

from projects.qanet.utils.errors import InputError
from .released import (GOLDEN, NETWORKS, assert_digest, blobs, digest, fill,
                       normal)

#: Arguments of a head of real size and of a narrow one.
SIZES = dict(
    full=dict(num_classes=20, context=dict(), iou_head=dict()),
    small=dict(
        num_classes=5,
        roi_feat_size=16,
        context=dict(in_channels=48, aspp_channels=32, channels=64),
        iou_head=dict(conv_channels=16, fc_channels=24)))


def build(network, size='small', **kwargs):
    """An untrained head of a network."""
    cfg = copy.deepcopy(dict(SIZES[size], **kwargs))
    cfg['context']['type'] = 'mmseg.GeometricContextEncoding'
    if network == 'rp_rcnn':
        cfg['context']['norm_cfg'] = dict(type='GN', num_groups=32)
        cfg['iou_head']['type'] = 'ParsingIoUHead'
    else:
        del cfg['iou_head']
    return MODELS.build(dict(type='RegionParsingHead', **cfg))


def released(network, size):
    """A head with the released weights, in float64."""
    suffix = '' if size == 'full' else '_small'
    return fill(build(network, size), 'roi_head.mask_head.', network + suffix)


def stages(head):
    """The modules behind the names of the golden stages."""
    context = head.context
    found = dict(
        im_pool=context.image_pool,
        feat_conv=context.bottleneck,
        nonlocal_gn=context.non_local.norm,
        nonlocal_=context.non_local,
        deconv=head.deconv)
    found.update({f'aspp{k}': one for k, one in enumerate(context.branches)})
    found.update({f'after{k}': one for k, one in enumerate(context.convs)})
    if head.iou_head is not None:
        found.update(
            iou_conv0=head.iou_head.convs[0],
            iou_conv1=head.iou_head.convs[1],
            iou_fc1_prerelu=head.iou_head.fcs[0],
            iou_fc2_prerelu=head.iou_head.fcs[2])
    return found


@pytest.mark.parametrize('size', ['full', 'small'])
@pytest.mark.parametrize('network', NETWORKS)
def test_every_stage_is_the_released_one(network, size):
    head = released(network, size)
    seen = {}
    for name, module in stages(head).items():
        module.register_forward_hook(lambda _, __, output, name=name: seen.
                                     update({name.strip('_'): output.clone()}))
    shape = (11, 2, 256, 32, 32) if size == 'full' else (13, 2, 48, 16, 16)
    with torch.no_grad():
        seen['logits'], iou = head(normal(*shape))
    golden = dict(GOLDEN[network][size])
    if network == 'rp_rcnn':
        np.testing.assert_allclose(iou, golden.pop('iou'), rtol=0, atol=1e-8)
    else:
        assert iou is None
    assert seen.keys() == golden.keys()
    for name, expected in golden.items():
        assert_digest(seen[name], expected)
    assert seen['logits'].shape[2] == head.map_size


@pytest.mark.parametrize('network', NETWORKS)
def test_losses(network):
    golden = GOLDEN[network]['loss']
    target = blobs(21, 3, 128, 128)
    logits = 2 * normal(22, 3, 20, 128, 128)
    gain = torch.tensor([1., 3., 6.]).double().view(3, 1, 1, 1)
    logits.scatter_add_(1, target[:, None], gain.expand(3, 1, 128, 128))
    logits.requires_grad_()
    head = build(network, num_classes=20)
    losses = head.loss(logits, torch.full((3, ), .5), target)
    expected = dict(loss_parsing=golden['loss_parsing'])
    if network == 'rp_rcnn':
        true = np.array(golden['parsingiou_targets_float64'])
        expected['loss_parsing_iou'] = (.5 * (.5 - true)**2).mean()
    assert {
        name: value.item()
        for name, value in losses.items()
    } == pytest.approx(expected)
    assert losses['loss_parsing'].item() == pytest.approx(
        golden['loss_parsing'], rel=1e-12)
    losses['loss_parsing'].backward()
    assert_digest(logits.grad, golden['grad_digest'], 1e-12)


def test_regression_reaches_feature_and_logits():
    """Gradients of the re-scoring network are not cut off."""
    golden = GOLDEN['rp_rcnn']['e2e_iou_loss']
    head = released('rp_rcnn', 'full').requires_grad_(False)
    feats = normal(12, 2, 256, 32, 32).requires_grad_()
    kept = {}

    def keep(module, args):
        for name, value in zip(('grad_feat', 'grad_logits'), args):
            value.retain_grad()
            kept[name] = value

    head.iou_head.register_forward_pre_hook(keep)
    _, iou = head(feats)
    loss = head.iou_head.loss_iou(
        iou, torch.tensor(golden['gt'], dtype=torch.double))
    loss.backward()
    assert loss.item() == pytest.approx(golden['loss'], rel=1e-12)
    assert_digest(feats.grad, golden['grad_input'], 1e-12)
    for name, value in kept.items():
        assert_digest(value.grad, golden[name], 1e-12)
        assert digest(value.grad)[1] > 0


def test_target_and_loss_of_the_iou():
    toy = GOLDEN['rp_rcnn']['iou_toy']
    head = build('rp_rcnn').iou_head
    pred = torch.nn.functional.one_hot(torch.tensor([toy['pred']]), 5)
    logits, target = pred.permute(0, 3, 1, 2), torch.tensor([toy['target']])
    loss = head.loss(torch.tensor([.75]), logits, target)
    assert loss == dict(loss_parsing_iou=.5 * (.75 - toy['mean'])**2)
    toy = GOLDEN['rp_rcnn']['l2_toy']
    iou = torch.tensor(toy['pred'], dtype=torch.double)[:, 0].requires_grad_()
    loss = head.loss_iou(iou, torch.tensor(toy['gt']))
    loss.backward()
    assert loss.item() == pytest.approx(toy['loss'])
    np.testing.assert_allclose(iou.grad, np.ravel(toy['grad']), rtol=1e-6)
    assert head.loss_iou(iou, torch.zeros(4)) == 0


def test_ignored_pixels_and_no_region():
    head = build('rp_rcnn')
    logits, iou = head(normal(3, 2, 48, 16, 16).float())
    target = blobs(4, 2, 64, 64, num_classes=5)
    free = head.loss(logits, iou, target)
    # What is ignored may be anything.
    target[:, :20] = 255
    cut = head.loss(logits, iou, target)
    expected = torch.nn.functional.cross_entropy(logits[:, :, 20:],
                                                 target[:, 20:])
    assert cut['loss_parsing'].item() == pytest.approx(2 * expected.item())
    assert cut['loss_parsing_iou'] != free['loss_parsing_iou']
    logits, iou = head(normal(3, 0, 48, 16, 16).float())
    assert logits.shape == (0, 5, 64, 64) and iou.shape == (0, )
    losses = head.loss(logits, iou, target[:0])
    sum(losses.values()).backward()
    assert all(value == 0 for value in losses.values())
    assert all((weight.grad == 0).all() for weight in head.parameters())


def test_other_regions_are_refused():
    message = r'roi_feat_size=16, .* gives \(16, 14\): its output_size'
    with pytest.raises(InputError, match=message):
        build('parsing_rcnn')(torch.zeros(1, 48, 16, 14))


def test_initialization():
    """The last layer is small, the block's norm passes its input on."""
    head = build('rp_rcnn', 'full')
    head.init_weights()
    block, iou_head = head.context.non_local, head.iou_head
    assert (block.norm.weight == 1).all()
    fan_out = 3 * 3 * 128
    for weight, std in ((block.phi.weight, .01), (iou_head.regressor.weight,
                                                  .01),
                        (iou_head.convs[1].conv.weight, (2 / fan_out)**.5),
                        (iou_head.fcs[0].weight, 128**-.5),
                        (head.deconv.weight, (2 / (512 * 16))**.5)):
        assert weight.std().item() == pytest.approx(std, rel=.15)
    assert all((value == 0).all() for name, value in head.named_parameters()
               if name.endswith('.bias'))
