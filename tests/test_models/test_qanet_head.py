# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
import torch
from mmseg.registry import MODELS
from torch.nn import functional as F

from projects.qanet.models import IoUBranch
from projects.qanet.testing.parsers import labelled


def head_config(**kwargs):
    return dict(
        type='QANetHead',
        in_channels=[4, 6],
        in_index=[0, 1],
        feature_strides=[4, 8],
        channels=8,
        num_classes=5,
        dropout_ratio=0,
        **kwargs)


def features(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(2, 4, 16, 12, generator=generator),
            torch.randn(2, 6, 8, 6, generator=generator))


def random_label():
    generator = torch.Generator().manual_seed(2)
    return torch.randint(0, 5, (2, 64, 48), generator=generator)


def test_iou_branch_layers():
    """1x1 conv, pooling, two 1x1 convs, a scalar; no sigmoid, no norm."""
    torch.manual_seed(1)
    branch = IoUBranch(8, conv_channels=5, fc_channels=(7, 6))
    x = torch.randn(3, 8, 4, 6)
    y = torch.relu(
        torch.einsum('oi,nihw->nohw', branch.conv.weight[:, :, 0, 0], x) +
        branch.conv.bias[:, None, None])
    y = y.sum((2, 3)) / 24
    for layer in branch.fcs:
        y = torch.relu(y @ layer.weight[:, :, 0, 0].T + layer.bias)
    expected = y @ branch.regressor.weight.T + branch.regressor.bias
    torch.testing.assert_close(branch(x), expected[:, 0])
    branch.regressor.bias.data.fill_(-3.)
    assert (branch(x) < 0).all()


def test_new_iou_branch_is_silent():
    """At first it hands almost no gradient to the shared feature."""
    branch = IoUBranch(8)
    branch.init_weights()
    feature = torch.randn(2, 8, 4, 6, requires_grad=True)
    branch(feature).sum().backward()
    assert feature.grad.abs().max() < 1e-2


def test_without_iou_branch_it_is_semantic_fpn():
    config = head_config()
    plain = MODELS.build({**config, 'type': 'FPNHead'})
    head = MODELS.build(config)
    head.load_state_dict(plain.state_dict(), strict=True)
    logits, iou = head.forward_with_iou(features())
    assert iou is None
    torch.testing.assert_close(logits, plain(features()))
    torch.testing.assert_close(head(features()), logits)


def test_predict_gives_logits_only():
    """So that mmseg.EncoderDecoder can use the head."""
    head = MODELS.build(head_config(iou_branch=dict(type='IoUBranch'))).eval()
    logits, iou = head.forward_with_iou(features())
    assert iou.shape == (2, )
    resized = head.predict(features(), [dict(img_shape=(64, 48))], None)
    torch.testing.assert_close(
        resized,
        F.interpolate(
            logits, size=(64, 48), mode='bilinear', align_corners=False))


def test_losses_at_label_resolution():
    head = MODELS.build(
        head_config(
            iou_branch=dict(type='IoUBranch'),
            loss_decode=[
                dict(type='ParsingCrossEntropyLoss', loss_weight=2.),
                dict(type='LovaszSoftmaxLoss')
            ]))
    label = random_label()
    losses = head.loss(features(), list(map(labelled, label)), None)
    ignored = [labelled(torch.full_like(item, 255)) for item in label]
    assert not any(head.loss(features(), ignored, None).values())
    logits, iou = head.forward_with_iou(features())
    logits = F.interpolate(logits, size=(64, 48), mode='bilinear')
    torch.testing.assert_close(losses['loss_ce'],
                               2 * F.cross_entropy(logits, label))
    pred = logits.argmax(1)
    torch.testing.assert_close(losses['acc_seg'],
                               100 * (pred == label).float().mean())
    targets = []
    for p, t in zip(pred, label):
        ious = [((p == c) & (t == c)).sum() / ((p == c) | (t == c)).sum()
                for c in range(5) if ((p == c) | (t == c)).any()]
        targets.append(sum(ious) / len(ious))
    torch.testing.assert_close(
        losses['loss_iou'], 0.5 * (iou - torch.stack(targets)).square().mean())


def test_sampler_chooses_the_pixels_that_count():
    """Online hard example mining, an argument of every mmseg head."""
    head = MODELS.build(
        head_config(
            sampler=dict(type='OHEMPixelSampler', thresh=.3, min_kept=10),
            loss_decode=dict(type='ParsingCrossEntropyLoss')))
    label = random_label()
    loss = head.loss(features(), list(map(labelled, label)), None)['loss_ce']
    logits = F.interpolate(head(features()), size=(64, 48), mode='bilinear')
    costs = F.cross_entropy(logits, label, reduction='none')
    hard = costs > -torch.log(torch.tensor(.3))
    assert 0 < hard.sum() < hard.numel()
    torch.testing.assert_close(loss, (costs * hard).sum() / hard.numel())


def test_one_logit_is_compared_with_the_threshold():
    """Accuracy and IoU target of two classes told apart by a sigmoid."""
    config = head_config(
        out_channels=1,
        threshold=.3,
        iou_branch=dict(type='IoUBranch'),
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True))
    head = MODELS.build({**config, 'num_classes': 2})
    # Sigmoids .4 and .2: foreground above, background below.
    probs = torch.tensor([[.4, .4, .2], [.2, .2, .2]]).view(1, 1, 2, 3)
    sample = labelled(torch.tensor([[1, 0, 0], [0, 1, 255]]))
    losses = head.loss_by_feat(
        torch.logit(probs), [sample], iou=torch.zeros(1))
    assert losses['acc_seg'].item() == pytest.approx(60)
    # IoU of the background 2 of 4, of the foreground 1 of 3.
    assert losses['iou_target'].item() == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert losses['loss_ce'] > 0
