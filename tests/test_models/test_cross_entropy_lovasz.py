# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from projects.qanet.models import (CrossEntropyLovaszLoss, LovaszSoftmaxLoss,
                                   parsing_iou, parsing_terms)
from projects.qanet.models.cross_entropy_lovasz import _bin_slopes
from projects.qanet.testing.parsers import labelled
from .test_qanet_head import BRANCH, FEATURES, LABEL, build_head


def case(ignored=0., channels_last=False):
    generator = torch.Generator().manual_seed(3)
    logits = 3 * torch.randn(3, 7, 23, 31, generator=generator)
    label = torch.randint(0, 5, (3, 23, 31), generator=generator)
    label[0].clamp_(max=2)
    label[torch.rand(3, 23, 31, generator=generator) < ignored] = 255
    if ignored:
        label[1] = 255
    if channels_last:
        logits = logits.to(memory_format=torch.channels_last)
    return logits.requires_grad_(), label


def one_by_one(logits, label):
    """Each term by the parts that sort, or by torch."""
    valid, pred = label != 255, logits.argmax(1)
    entropy = F.cross_entropy(logits, label, ignore_index=255)
    accuracy = 100 * ((pred == label) & valid).sum() / valid.sum()
    return (entropy, LovaszSoftmaxLoss()(logits, label),
            parsing_iou(pred, label, logits.size(1)), accuracy)


@pytest.mark.parametrize('channels_last', [False, True])
@pytest.mark.parametrize('ignored', [0., .3])
def test_equals_the_losses_one_by_one(ignored, channels_last):
    logits, label = case(ignored, channels_last)
    found = parsing_terms(logits, label, bins=1 << 16)
    expected = one_by_one(logits, label)
    torch.testing.assert_close(tuple(found), expected)
    for a, b in ((1, 0), (.3, 2)):
        gradient, reference = (
            torch.autograd.grad(
                a * terms[0] + b * terms[1], logits, retain_graph=True)[0]
            for terms in (found, expected))
        assert gradient.stride() == logits.stride()
        assert (gradient - reference).norm() < 2e-4 * reference.norm()


@pytest.mark.parametrize('bins', [2, 16, 256])
def test_few_bins_are_wrong_by_their_width_at_most(bins):
    logits, label = case(.3)
    found = parsing_terms(logits, label, bins=bins).lovasz
    difference = abs(found - one_by_one(logits, label)[1])
    assert 0 < difference < 1 / bins


@pytest.mark.parametrize('num_classes', [255, 256, 300])
def test_many_classes_and_labels_of_a_byte(num_classes):
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(2, num_classes, 5, 9, generator=generator)
    right = torch.rand(2, 5, 9, generator=generator) < .5
    label = logits.argmax(1).where(right, 3) % 250
    terms = parsing_terms(logits, label.byte(), bins=1 << 16)
    torch.testing.assert_close(tuple(terms), one_by_one(logits, label))


def test_slopes_of_counted_pixels():
    """Two bins, three pixels of the class and two of others.

    By falling error (bin 1, then 0): an own and two others, then two own. The
    union grows to 3 + 2; in the first bin an own pixel costs 1 / 4.
    """
    other, own = [0, 2], [1, 2]  # by bin of p: own ones err by 1 - p
    slopes = _bin_slopes(torch.tensor([[other, own]]).double())
    jaccard = 1 - 2 / 5
    expected = [[0, (jaccard - 1 / 4) / 2], [-1 / 4, -(1 - jaccard) / 2]]
    np.testing.assert_allclose(slopes[0][:, [1]], np.array(expected)[:, [1]])
    np.testing.assert_allclose(slopes[0, 1, 0], -1 / 4)


def test_golden(data_dir):
    golden = dict(np.load(data_dir / 'losses/losses_image1_20x128x96.npz'))
    index = int(golden['image'])
    logits = torch.from_numpy(golden['logits'])[None].requires_grad_()
    label = torch.from_numpy(golden['targets'][index]).long()[None]
    terms = CrossEntropyLovaszLoss().terms(logits, label, 255)
    np.testing.assert_allclose(
        terms.lovasz.item(), golden['lovasz_per_image'][index], rtol=1e-6)
    np.testing.assert_allclose(
        terms.iou[0], golden['iou_targets'][index], rtol=1e-6)
    ((terms.cross_entropy + terms.lovasz) / 4).backward()
    found, expected = logits.grad[0, :, ::4, ::4], golden['grad_total']
    assert np.linalg.norm(found - expected) < 3e-4 * np.linalg.norm(expected)


def test_head_logs_the_losses_apart():
    loss = dict(type='CrossEntropyLovaszLoss', ce_weight=2., lovasz_weight=.5)
    single = [
        dict(type='ParsingCrossEntropyLoss', loss_weight=2.),
        dict(type='LovaszSoftmaxLoss', loss_weight=.5)
    ]
    fused = build_head(iou_branch=BRANCH, loss_decode=loss)
    plain = build_head(iou_branch=BRANCH, loss_decode=single)
    plain.load_state_dict(fused.state_dict())
    samples = list(map(labelled, LABEL))
    losses, expected = (
        head.loss(FEATURES, samples, None) for head in (fused, plain))
    assert list(losses) == list(expected)
    torch.testing.assert_close(losses, expected)
    # In heads of others it is one number.
    theirs = build_head('FPNHead', loss_decode=loss)
    theirs.load_state_dict(plain.state_dict(), strict=False)
    torch.testing.assert_close(
        theirs.loss(FEATURES, samples, None)['loss_parsing'],
        expected['loss_ce'] + expected['loss_lovasz'])


def test_diverged_and_wrongly_used():
    logits, label = case()
    terms = parsing_terms(logits * torch.nan, label)
    assert terms.cross_entropy.isnan() and terms.lovasz.isnan()
    with pytest.raises(ValueError, match='no pixel weights'):
        CrossEntropyLovaszLoss()(logits, label, weight=torch.ones(3, 23, 31))
    with pytest.raises(ValueError, match='bins must be a whole number from 2'):
        CrossEntropyLovaszLoss(bins=1)
    sampler = dict(type='OHEMPixelSampler', thresh=.3, min_kept=10)
    head = build_head(
        sampler=sampler, loss_decode=dict(type='CrossEntropyLovaszLoss'))
    with pytest.raises(ValueError, match='no pixel weights'):
        head.loss(FEATURES, list(map(labelled, LABEL)), None)
