# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
import torch
from mmseg.registry import MODELS
from torch.nn import functional as F

from projects.qanet.models import IoUBranch, parsing_iou
from projects.qanet.testing.parsers import labelled

CE = dict(type='ParsingCrossEntropyLoss', loss_weight=2.)
BRANCH = dict(type='IoUBranch')
GENERATOR = torch.Generator().manual_seed(2)
FEATURES = (torch.randn(2, 4, 16, 12, generator=GENERATOR),
            torch.randn(2, 6, 8, 6, generator=GENERATOR))
LABEL = torch.randint(0, 5, (2, 64, 48), generator=GENERATOR)


def build_head(kind='QANetHead', num_classes=5, **settings):
    return MODELS.build(
        dict(
            type=kind,
            in_channels=[4, 6],
            in_index=[0, 1],
            feature_strides=[4, 8],
            channels=8,
            num_classes=num_classes,
            dropout_ratio=0,
            **settings))


def enlarge(logits):
    return F.interpolate(logits, size=(64, 48), mode='bilinear')


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
    # A new one hands almost no gradient to the shared feature.
    branch.init_weights()
    x.requires_grad_()
    branch(x).sum().backward()
    assert x.grad.abs().max() < 1e-2


def test_it_is_a_semantic_fpn_with_a_branch():
    plain = build_head('FPNHead')
    for branch in (None, BRANCH):
        head = build_head(iou_branch=branch)
        head.load_state_dict(plain.state_dict(), strict=branch is None)
        logits, iou = head.forward_with_iou(FEATURES)
        assert iou is None if branch is None else iou.shape == (2, )
        torch.testing.assert_close(logits, plain(FEATURES))
        # As mmseg.EncoderDecoder uses it.
        resized = head.predict(FEATURES, [dict(img_shape=(64, 48))], None)
        torch.testing.assert_close(resized, enlarge(logits))


def test_losses_at_label_resolution():
    head = build_head(
        iou_branch=BRANCH, loss_decode=[CE, dict(type='LovaszSoftmaxLoss')])
    losses = head.loss(FEATURES, list(map(labelled, LABEL)), None)
    ignored = [labelled(torch.full_like(item, 255)) for item in LABEL]
    assert not any(head.loss(FEATURES, ignored, None).values())
    logits, iou = head.forward_with_iou(FEATURES)
    logits = enlarge(logits)
    pred = logits.argmax(1)
    target = parsing_iou(pred, LABEL, 5)
    for name, expected in (('loss_ce', 2 * F.cross_entropy(logits, LABEL)),
                           ('acc_seg', 100 * (pred == LABEL).float().mean()),
                           ('iou_target', target.mean()),
                           ('loss_iou', .5 * (iou - target).square().mean())):
        torch.testing.assert_close(losses[name], expected)


def test_sampler_chooses_the_pixels_that_count():
    sampler = dict(type='OHEMPixelSampler', thresh=.3, min_kept=10)
    head = build_head(sampler=sampler, loss_decode=CE)
    loss = head.loss(FEATURES, list(map(labelled, LABEL)), None)['loss_ce']
    costs = F.cross_entropy(enlarge(head(FEATURES)), LABEL, reduction='none')
    hard = costs > -torch.log(torch.tensor(.3))
    assert 0 < hard.sum() < hard.numel()
    torch.testing.assert_close(loss, 2 * (costs * hard).sum() / hard.numel())


def test_one_logit_is_compared_with_the_threshold():
    """Accuracy and IoU target of two classes told apart by a sigmoid."""
    head = build_head(
        num_classes=2,
        out_channels=1,
        threshold=.3,
        iou_branch=BRANCH,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True))
    # Sigmoids .4 and .2: foreground above, background below.
    probs = torch.tensor([[.4, .4, .2], [.2, .2, .2]]).view(1, 1, 2, 3)
    sample = labelled(torch.tensor([[1, 0, 0], [0, 1, 255]]))
    losses = head.loss_by_feat(probs.logit(), [sample], iou=torch.zeros(1))
    assert losses['acc_seg'].item() == pytest.approx(60)
    # IoU of the background 2 of 4, of the foreground 1 of 3.
    assert losses['iou_target'].item() == pytest.approx((1 / 2 + 1 / 3) / 2)
