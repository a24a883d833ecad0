# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Refuses heads that would fail at the first step, or learn nonsense."""
from typing import List, Optional

from mmseg.models.decode_heads import (EncHead, PointHead, SideAdapterCLIPHead,
                                       VPDDepthHead)
from mmseg.models.decode_heads.cascade_decode_head import BaseCascadeDecodeHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import nn

from projects.qanet.models.decode_heads import QANetHead
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number
from .loss_checks import check_losses

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
                f'{type(head).__name__} takes the logits of another head: it '
                'must be a later decode_head of a CascadeTopDownParser')
    for head in later:
        if not isinstance(head, BaseCascadeDecodeHead):
            raise InputError(
                f'{type(head).__name__} cannot be a later decode_head of a '
                'CascadeTopDownParser: that must be a BaseCascadeDecodeHead, '
                'which takes the logits of the one before, such as OCRHead')
        if isinstance(head, PointHead) and 1 in (getattr(
                first, 'out_channels', None), head.out_channels):
            raise InputError('PointHead compares the logits of two classes: '
                             'leave out out_channels=1 of the decode_heads')
    for head in (*stages, *auxiliary):
        for refused, reason in _REFUSED_HEADS.items():
            if isinstance(head, refused):
                raise InputError(f'{type(head).__name__} cannot be the head '
                                 f'of a top-down parser: it {reason}')
    # An auxiliary head with a loss of its own may learn other maps, as
    # STDCHead does edges.
    for head in (*stages, *filter(_learns_labels, auxiliary)):
        _check_head(head, stages[-1].num_classes)


def _learns_labels(head: nn.Module) -> bool:
    return _has_plain_losses(head) or isinstance(head, EncHead)


def _has_plain_losses(head: nn.Module) -> bool:
    """Whether ``loss_decode`` gets logits, labels and weights of pixels."""
    loss = getattr(type(head), 'loss_by_feat', None)
    return loss in (BaseDecodeHead.loss_by_feat, QANetHead.loss_by_feat)


def _as_list(modules: Optional[nn.Module]) -> List[nn.Module]:
    if isinstance(modules, nn.ModuleList):
        return list(modules)
    return [] if modules is None else [modules]


def _check_head(head: nn.Module, num_classes: int) -> None:
    name = type(head).__name__
    if head.num_classes != num_classes:
        raise InputError(
            f'{name} has num_classes={head.num_classes}, the last decode_head '
            f'has {num_classes}: all heads must have the same')
    count, unit = num_classes, 'classes'
    if getattr(head, 'out_channels', None) == 1:
        _check_one_logit(head, name)
        count, unit = 1, 'logit'
    losses = _as_list(getattr(head, 'loss_decode', None))
    for loss in losses:
        weights = getattr(loss, 'class_weight', None)
        if hasattr(weights, '__len__') and len(weights) != count:
            raise InputError(
                f'{name}: class_weight of {type(loss).__name__} has '
                f'{len(weights)} numbers, but the head has {count} {unit}')
    if _has_plain_losses(head):
        check_losses(head, losses)


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
