# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Tries the losses of a head on a few drawn logits when it is built."""
import copy
import math
from typing import List

import torch
from mmseg.models.losses import CrossEntropyLoss, FocalLoss, LovaszLoss
from mmseg.models.losses.lovasz_loss import lovasz_hinge
from torch import Tensor, nn

from projects.qanet.utils.errors import InputError


def check_losses(head: nn.Module, losses: List[nn.Module]) -> None:
    """Refuse losses that a head of mmseg cannot compute on its logits.

    Also those that do not look at the weights that a ``sampler`` gives to
    pixels, or at their own ``class_weight``. Each loss is called as mmseg's
    ``BaseDecodeHead.loss_by_feat`` does.
    """
    name = type(head).__name__
    for loss in losses:
        kind = type(loss).__name__
        if head.out_channels == 1 and not _takes_one_logit(loss):
            raise InputError(
                f'{name} has out_channels=1, one logit for a sigmoid, which '
                f'{kind} of these settings does not take: take '
                'CrossEntropyLoss with use_sigmoid=True, LovaszLoss with '
                "loss_type='binary', or leave out_channels out")
        if isinstance(loss, FocalLoss):
            continue  # mmseg's runs on a GPU only, see TrainingGuardHook
        try:
            value = _try_loss(head, loss)
            ignores_classes = (
                getattr(loss, 'class_weight', None) is not None
                and torch.equal(value, _try_loss(head, _reweighted(loss))))
        except Exception as error:  # whatever its formula stumbles over
            raise InputError(
                f'{kind} of these settings cannot be the loss_decode of '
                f'{name}, its first step would fail: {_reason(error)}'
            ) from error
        if ignores_classes:
            raise InputError(f'{kind} of {name} does not look at class_weight '
                             'with these settings: leave it out')
        if head.sampler is not None and not _weighs_pixels(head, loss, value):
            raise InputError(f'{name}: sampler= weighs pixels, which {kind} '
                             'cannot: leave one of them out')


@torch.no_grad()
def _try_loss(head: nn.Module,
              loss: nn.Module,
              weigh_pixels: bool = False) -> Tensor:
    """The loss of drawn logits; half of the pixels may weigh nothing."""
    channels = head.out_channels
    # No side has as many pixels as there are classes: weights of classes
    # must not be taken for weights of columns.
    height, width = channels + 2, channels + 3
    step = torch.arange(2 * channels * height * width)
    logits = (step * .7).sin().view(2, channels, height, width)
    label = step[:2 * height * width].view(2, height, width)
    weight = None
    if weigh_pixels:
        weight = torch.ones(label.shape)
        weight[:, ::2] = 0
    return loss(
        logits,
        label % head.num_classes,
        weight=weight,
        ignore_index=head.ignore_index)


def _reweighted(loss: nn.Module) -> nn.Module:
    """The same with other class weights, proportional to none."""
    loss = copy.deepcopy(loss)
    loss.class_weight = [
        .37 + weight * (2 + math.sin(k))
        for k, weight in enumerate(loss.class_weight)
    ]
    return loss


def _weighs_pixels(head: nn.Module, loss: nn.Module, value: Tensor) -> bool:
    try:
        return not torch.equal(_try_loss(head, loss, True), value)
    except Exception:  # most say so by failing
        return False


def _takes_one_logit(loss: nn.Module) -> bool:
    if isinstance(loss, LovaszLoss):
        return loss.cls_criterion is lovasz_hinge
    return isinstance(loss, CrossEntropyLoss) and loss.use_sigmoid


def _reason(error: Exception) -> str:
    return str(error).partition('\n')[0] or type(error).__name__
