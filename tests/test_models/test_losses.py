# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmseg.models.losses import CrossEntropyLoss, LovaszLoss
from torch.nn import functional as F

from projects.qanet.models import (LovaszSoftmaxLoss, ParsingCrossEntropyLoss,
                                   ParsingIoULoss)
from projects.qanet.models.losses import (_LovaszSoftmax, lovasz_softmax,
                                          parsing_iou)


def test_golden(data_dir):
    golden = dict(np.load(data_dir / 'losses/losses_image1_20x128x96.npz'))
    index = int(golden['image'])
    logits = torch.from_numpy(golden['logits'])[None].requires_grad_()
    label = torch.from_numpy(golden['targets'][index]).long()[None]
    lovasz = LovaszSoftmaxLoss()(logits, label)
    np.testing.assert_allclose(
        lovasz.item(), golden['lovasz_per_image'][index], rtol=1e-5)
    # The golden total is a mean over four images of equal size.
    total = (ParsingCrossEntropyLoss()(logits, label) + lovasz) / 4
    total.backward()
    np.testing.assert_allclose(
        logits.grad[0, :, ::4, ::4], golden['grad_total'], atol=1e-8)

    target = parsing_iou(logits.argmax(1), label, 20)
    np.testing.assert_allclose(
        target[0], golden['iou_targets'][index], rtol=1e-6)
    pred = torch.from_numpy(golden['iou_pred']).requires_grad_()
    loss = ParsingIoULoss()(pred, torch.tensor(golden['iou_targets']).float())
    loss.backward()
    np.testing.assert_allclose(loss.item(), golden['iou_loss'], rtol=1e-5)
    np.testing.assert_allclose(pred.grad, golden['iou_loss_grad'])


def test_iou_loss_of_persons_without_target():
    pred = torch.tensor([.3, .7, -.2], requires_grad=True)
    loss = ParsingIoULoss(loss_weight=3.)(pred, torch.tensor([.5, 0., .2]))
    gradient, = torch.autograd.grad(loss, pred)
    assert loss.item() == pytest.approx(3 * .5 * (.2**2 + .4**2) / 2)
    np.testing.assert_allclose(gradient, [-.3, 0, -.6], atol=1e-6)
    assert ParsingIoULoss()(pred, torch.zeros(3)) == 0


def random_case(ignored=0.):
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(3, 6, 9, 14, generator=generator)
    label = torch.randint(0, 4, (3, 9, 14), generator=generator)
    label[torch.rand(3, 9, 14, generator=generator) < ignored] = 255
    return logits, label


@pytest.mark.parametrize('ignored', [0., .3])
def test_lovasz_equals_mmseg(ignored):
    """Also where absent classes are sorted, as on a device."""
    logits, label = random_case(ignored)
    one, two, three = (logits.clone().requires_grad_() for _ in range(3))
    loss = LovaszSoftmaxLoss(loss_weight=2.)(one, label, ignore_index=255)
    probs = two.softmax(1)
    on_device = 2 * _LovaszSoftmax.apply(probs, label, 255, True).mean()
    expected = LovaszLoss(
        per_image=True, loss_weight=2.)(
            three, label, ignore_index=255)
    expected.backward()
    for found, inputs in ((loss, one), (on_device, two)):
        torch.testing.assert_close(found, expected)
        found.backward()
        torch.testing.assert_close(inputs.grad, three.grad)


def test_lovasz_with_one_valid_pixel_and_with_none():
    logits, label = random_case()
    logits.requires_grad_()
    label[:2] = 255
    label[0, 3, 5] = 2
    losses = lovasz_softmax(logits.softmax(1), label)
    # One pixel: the union is that pixel, the loss is its error.
    torch.testing.assert_close(losses[0], 1 - logits.softmax(1)[0, 2, 3, 5])
    assert losses[1] == 0
    losses.sum().backward()
    assert logits.grad.isfinite().all() and not logits.grad[1].any()


def test_wrong_uses():
    logits, label = random_case()
    with pytest.raises(ValueError, match='no pixel weights'):
        LovaszSoftmaxLoss()(logits, label, weight=torch.ones(3, 9, 14))
    with pytest.raises(ValueError, match='use_sigmoid=True take CrossEnt'):
        ParsingCrossEntropyLoss(use_sigmoid=True)


@pytest.mark.parametrize('weight', [None, [.5, 1., 4., 2., .1, 3.]])
def test_cross_entropy_with_class_weights_equals_mmseg_and_torch(weight):
    logits, label = random_case()
    loss = ParsingCrossEntropyLoss(class_weight=weight)
    theirs = CrossEntropyLoss(class_weight=weight)
    torch.testing.assert_close(loss(logits, label), theirs(logits, label))
    # mmseg's cannot have ignored pixels and class weights at once.
    logits, label = random_case(.3)
    tensor = None if weight is None else torch.tensor(weight)
    torch.testing.assert_close(
        loss(logits, label),
        F.cross_entropy(logits, label, tensor, ignore_index=255))
    assert loss(logits, torch.full_like(label, 255)) == 0


def test_parsing_iou_is_of_the_classes_that_occur():
    pred = torch.tensor([[[0, 1, 2, 1]]])
    label = torch.tensor([[[0, 1, 1, 255]]])
    # 1 of the background, 1/2 and 0 of two classes.
    assert parsing_iou(pred, label, 6).item() == pytest.approx(.5)
