# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Refuses heads that would fail at the first step, or learn nonsense."""
import copy
import math
from typing import List, Optional

import torch
from mmseg.models.decode_heads import (EncHead, PointHead, SideAdapterCLIPHead,
                                       VPDDepthHead)
from mmseg.models.decode_heads.cascade_decode_head import BaseCascadeDecodeHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.losses import CrossEntropyLoss, FocalLoss, LovaszLoss
from mmseg.models.losses.lovasz_loss import lovasz_hinge
from torch import Tensor, nn

from projects.qanet.models.decode_heads import QANetHead
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number

# Heads that cannot parse a crop, and why.
_REFUSED_HEADS = {
    SideAdapterCLIPHead: 'needs the text encoder of mmseg\'s '
    'MultimodalEncoderDecoder',
    VPDDepthHead: 'predicts depth, not classes'
}


def check_heads(decode_head: nn.Module,
                auxiliary_head: Optional[nn.Module]) -> None:
    """Check the heads of a parser, one each or an ``nn.ModuleList``.

    Raises:
        InputError: If a head cannot parse crops or stands where it cannot be,
            if the heads have different ``num_classes``, or if a loss, its
            ``class_weight``, a sampler or a threshold does not fit its head.
    """
    first, *later = stages = _as_list(decode_head)
    auxiliary = _as_list(auxiliary_head)
    for head in (first, *auxiliary):
        if isinstance(head, BaseCascadeDecodeHead):
            raise InputError(
                f'{_kind(head)} takes the logits of another head: it must be '
                'a later decode_head of a CascadeTopDownParser')
    for head in later:
        if not isinstance(head, BaseCascadeDecodeHead):
            raise InputError(
                f'{_kind(head)} cannot be a later decode_head of a '
                'CascadeTopDownParser: that must be a BaseCascadeDecodeHead, '
                'which takes the logits of the one before, such as OCRHead')
        if isinstance(head, PointHead) and 1 in (getattr(
                first, 'out_channels', None), head.out_channels):
            raise InputError('PointHead compares the logits of two classes: '
                             'leave out out_channels=1 of the decode_heads')
    for head in (*stages, *auxiliary):
        for refused, reason in _REFUSED_HEADS.items():
            if isinstance(head, refused):
                raise InputError(f'{_kind(head)} cannot be the head of a '
                                 f'top-down parser: it {reason}')
    for head in stages:
        _check_head(head, stages[-1].num_classes)
    for head in auxiliary:
        # One with a loss of its own may learn other maps, as STDCHead edges.
        if _has_plain_losses(head) or isinstance(head, EncHead):
            _check_head(head, stages[-1].num_classes)


def _has_plain_losses(head: nn.Module) -> bool:
    """Whether ``loss_decode`` gets logits, labels and weights of pixels."""
    loss = getattr(type(head), 'loss_by_feat', None)
    return loss in (BaseDecodeHead.loss_by_feat, QANetHead.loss_by_feat)


def _as_list(modules: Optional[nn.Module]) -> List[nn.Module]:
    if isinstance(modules, nn.ModuleList):
        return list(modules)
    return [] if modules is None else [modules]


def _kind(module: nn.Module) -> str:
    return type(module).__name__


def _check_head(head: nn.Module, num_classes: int) -> None:
    name = _kind(head)
    if head.num_classes != num_classes:
        raise InputError(
            f'{name} has num_classes={head.num_classes}, the last decode_head '
            f'has {num_classes}: all heads must have the same')
    count, unit = num_classes, 'classes'
    if getattr(head, 'out_channels', None) == 1:
        count, unit = 1, 'logit'
        _check_one_logit(head, name)
    for loss in _as_list(getattr(head, 'loss_decode', None)):
        weights = getattr(loss, 'class_weight', None)
        if hasattr(weights, '__len__') and len(weights) != count:
            raise InputError(
                f'{name}: class_weight of {_kind(loss)} has {len(weights)} '
                f'numbers, but the head has {count} {unit}')
        if _has_plain_losses(head):
            _check_loss(head, loss)


def _check_one_logit(head: nn.Module, name: str) -> None:
    if head.num_classes != 2:
        raise InputError(f'{name} has out_channels=1, one logit for a sigmoid,'
                         ' so num_classes must be 2, but got '
                         f'{head.num_classes}')
    if not is_number(head.threshold) or not 0 < head.threshold < 1:
        raise InputError(f'{name}: threshold must be in (0, 1), but got '
                         f'{head.threshold!r}')
    if head.sampler is not None:
        raise InputError(f'{name} has out_channels=1, but a sampler compares '
                         'the logits of several classes: leave out one of '
                         'them')


def _check_loss(head: nn.Module, loss: nn.Module) -> None:
    """Try a loss on drawn logits, as ``BaseDecodeHead`` calls it."""
    name, kind = _kind(head), _kind(loss)
    if head.out_channels == 1 and not _takes_one_logit(loss):
        raise InputError(
            f'{name} has out_channels=1, one logit for a sigmoid, which '
            f'{kind} of these settings does not take: take '
            'CrossEntropyLoss with use_sigmoid=True, LovaszLoss with '
            "loss_type='binary', or leave out_channels out")
    if isinstance(loss, FocalLoss):
        return  # mmseg's runs on a GPU only, see TrainingGuardHook
    try:
        value = _try_loss(head, loss)
        ignores_classes = (
            getattr(loss, 'class_weight', None) is not None
            and torch.equal(value, _try_loss(head, _reweighted(loss))))
    except Exception as error:  # whatever its formula stumbles over
        reason = str(error).partition('\n')[0] or type(error).__name__
        raise InputError(
            f'{kind} of these settings cannot be the loss_decode of {name}, '
            f'its first step would fail: {reason}') from error
    if ignores_classes:
        raise InputError(f'{kind} of {name} does not look at class_weight '
                         'with these settings: leave it out')
    if head.sampler is not None and not _weighs_pixels(head, loss, value):
        raise InputError(f'{name}: sampler= weighs pixels, which {kind} '
                         'cannot: leave one of them out')


def _takes_one_logit(loss: nn.Module) -> bool:
    if isinstance(loss, LovaszLoss):
        return loss.cls_criterion is lovasz_hinge
    return isinstance(loss, CrossEntropyLoss) and loss.use_sigmoid


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
    weight = (label // width % 2).float() if weigh_pixels else None
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
