# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Tries the losses of a head on a few drawn logits when it is built."""
import copy
import math
from typing import List, Optional

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
    name, channels = type(head).__name__, head.out_channels
    for loss in losses:
        kind = type(loss).__name__
        if channels == 1 and not _takes_one_logit(loss):
            raise InputError(
                f'{name} has out_channels=1, one logit for a sigmoid, which '
                f'{kind} of these settings does not take: take '
                'CrossEntropyLoss with use_sigmoid=True, LovaszLoss with '
                "loss_type='binary', or leave out_channels out")
        if isinstance(loss, FocalLoss):
            continue  # mmseg's runs on a GPU only, see TrainingGuardHook
        # No side has as many pixels as there are classes: weights of classes
        # must not be taken for weights of columns.
        shape = (2, channels + 2, channels + 3)
        step = torch.arange(2 * channels * shape[1] * shape[2])
        logits = (step * .7).sin().view(2, channels, *shape[1:])
        label = step[:logits[:, 0].numel()].view(shape) % head.num_classes
        halves = torch.ones(shape)
        halves[:, ::2] = 0

        def value(loss: nn.Module = loss,
                  weight: Optional[Tensor] = None) -> Tensor:
            with torch.no_grad():
                return loss(
                    logits,
                    label,
                    weight=weight,
                    ignore_index=head.ignore_index)

        reweighted = None
        try:
            plain = value()
            if getattr(loss, 'class_weight', None) is not None:
                reweighted = copy.deepcopy(loss)
                reweighted.class_weight = [
                    .37 + w * (2 + math.sin(k))  # proportional to no others
                    for k, w in enumerate(loss.class_weight)
                ]
                reweighted = value(reweighted)
        except Exception as error:  # whatever its formula stumbles over
            raise InputError(
                f'{kind} of these settings cannot be the loss_decode of '
                f'{name}, its first step would fail: {_reason(error)}'
            ) from error
        if reweighted is not None and torch.equal(plain, reweighted):
            raise InputError(f'{kind} of {name} does not look at class_weight '
                             'with these settings: leave it out')
        if head.sampler is not None:
            try:
                ignored = torch.equal(value(weight=halves), plain)
            except Exception:
                ignored = True
            if ignored:
                raise InputError(f'{name}: sampler= weighs pixels, which '
                                 f'{kind} cannot: leave one of them out')


def _takes_one_logit(loss: nn.Module) -> bool:
    if isinstance(loss, LovaszLoss):
        return loss.cls_criterion is lovasz_hinge
    return isinstance(loss, CrossEntropyLoss) and loss.use_sigmoid


def _reason(error: Exception) -> str:
    return str(error).partition('\n')[0] or type(error).__name__
