# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Losses of parsing crops, and the target of the IoU branch."""
from typing import Any, Optional, Tuple

import numpy as np
import torch
from mmseg.models.losses import CrossEntropyLoss
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.qanet.utils.errors import InputError


@MODELS.register_module()
class ParsingCrossEntropyLoss(CrossEntropyLoss):
    """Cross-entropy averaged over the pixels that are not ignored.

    Unlike :class:`mmseg.CrossEntropyLoss` with ``avg_non_ignore=True``, whose
    other arguments it has, it keeps the divisor on the device, and a batch
    whose pixels are all ignored costs 0.

    Raises:
        InputError: If ``use_sigmoid`` or ``use_mask`` is set.
    """

    def __init__(self, **kwargs) -> None:
        for name in ('use_sigmoid', 'use_mask'):
            if kwargs.get(name):
                raise InputError('ParsingCrossEntropyLoss is for a softmax, '
                                 f'with {name}=True take CrossEntropyLoss')
        super().__init__(avg_non_ignore=True, **kwargs)

    def forward(self,
                cls_score: Tensor,
                label: Tensor,
                weight: Optional[Tensor] = None,
                avg_factor: Optional[Tensor] = None,
                ignore_index: int = 255,
                **kwargs) -> Tensor:
        """The loss, a scalar, of logits (N, C, H, W) and labels (N, H, W).

        Pixels have weights (N, H, W). The divisor of the sum, ``avg_factor``,
        defaults to the number of pixels that are not ignored, with
        ``class_weight`` to the sum of the weights of their classes.
        """
        if avg_factor is None:
            valid = label != ignore_index
            avg_factor = valid.sum()
            if self.class_weight is not None:
                weights = cls_score.new_tensor(self.class_weight)
                avg_factor = (weights[label.where(valid, 0)] * valid).sum()
        return super().forward(
            cls_score,
            label,
            weight=weight,
            avg_factor=avg_factor,
            ignore_index=ignore_index,
            **kwargs)


def _lovasz_weights(errors: Tensor, targets: Tensor) -> Tensor:
    """Weights in the Lovasz extension of the Jaccard loss, both (K, P)."""
    if errors.device.type == 'cpu':
        # numpy's sort is several times faster than torch's.
        order = torch.from_numpy(np.argsort(-errors.numpy(), axis=1))
    else:
        order = errors.argsort(dim=1, descending=True)
    # Whole numbers: exact, and deterministic on every device.
    foreground = targets.gather(1, order).int()
    total = foreground.sum(1, keepdim=True)
    covered = foreground.cumsum(1, dtype=torch.int32)
    position = torch.arange(
        1, errors.size(1) + 1, device=errors.device, dtype=torch.int32)
    # The union: the whole foreground and the background covered so far.
    jaccard = 1 - (total - covered).to(errors) / (total + position - covered)
    jaccard[:, 1:] -= jaccard[:, :-1].clone()
    return torch.empty_like(errors).scatter_(1, order, jaccard * (total > 0))


def _image_loss(probs: Tensor, label: Tensor, ignore_index: int,
                keep_absent: bool) -> Tuple[Tensor, Tensor]:
    """Loss of one image, a scalar, and its gradient (C, P)."""
    valid = label != ignore_index
    classes = torch.arange(probs.size(0), device=label.device)
    targets = (label == classes[:, None]) & valid
    present = targets.any(1)
    # Most classes are absent from a crop, but leaving them out needs to know
    # how many there are, which is free on the host only.
    rows = slice(None) if keep_absent else present
    targets = targets[rows]
    errors = torch.where(targets, 1 - probs[rows], probs[rows])
    # Errors of -1 come last and change no weight.
    weights = _lovasz_weights(errors.masked_fill(~valid, -1), targets)
    # The weights depend on the order of the errors only: no gradient there.
    weights *= valid / present.sum().clamp(min=1)
    gradient = torch.zeros_like(probs)
    gradient[rows] = torch.where(targets, -weights, weights)
    return (errors * weights).sum(), gradient


class _LovaszSoftmax(torch.autograd.Function):
    """Image by image, so that only one image's rows are sorted at a time."""

    @staticmethod
    def forward(ctx: Any, probs: Tensor, label: Tensor, ignore_index: int,
                keep_absent: bool) -> Tensor:
        losses, gradients = zip(
            *(_image_loss(*image, ignore_index, keep_absent)
              for image in zip(probs.flatten(2), label.flatten(1))))
        ctx.save_for_backward(torch.stack(gradients).view_as(probs))
        return torch.stack(losses)

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple:
        gradients, = ctx.saved_tensors
        return gradients * grad_output[:, None, None, None], None, None, None


def lovasz_softmax(probs: Tensor,
                   label: Tensor,
                   ignore_index: int = 255) -> Tensor:
    """Lovasz-softmax, per image and over the classes present.

    See ``docs/protocol.md``, section 2. It never waits for a device.

    Args:
        probs (Tensor): Probabilities of shape (N, C, H, W).
        label (Tensor): Labels of shape (N, H, W), int64.
        ignore_index (int): Label that is left out.

    Returns:
        Tensor: Loss of each image, (N,), the mean over the classes in its
        label; 0 where every pixel is ignored.
    """
    on_device = probs.device.type != 'cpu'
    return _LovaszSoftmax.apply(probs, label, ignore_index, on_device)


@MODELS.register_module()
class LovaszSoftmaxLoss(nn.Module):
    """Lovasz-softmax loss of human parsing (Section 3.4).

    As ``mmseg.LovaszLoss(per_image=True, reduction='mean')`` computes it, but
    without waiting for the device, and with images of one valid pixel or none.
    """

    def __init__(self,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_lovasz') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(self,
                cls_score: Tensor,
                label: Tensor,
                weight: Optional[Tensor] = None,
                ignore_index: int = 255,
                **kwargs) -> Tensor:
        """The loss, a scalar, of logits (N, C, H, W) and labels (N, H, W).

        Pixel weights raise an InputError.
        """
        if weight is not None:
            raise InputError('LovaszSoftmaxLoss takes no pixel weights: leave '
                             'out the sampler of its head')
        probs = cls_score.float().softmax(dim=1)
        return self.loss_weight * lovasz_softmax(probs, label,
                                                 ignore_index).mean()


@torch.no_grad()
def parsing_iou(pred: Tensor,
                label: Tensor,
                num_classes: int,
                ignore_index: int = 255) -> Tensor:
    """Mean IoU of each crop, the target of the IoU branch.

    See ``docs/protocol.md``, section 2.

    Args:
        pred, label (Tensor): Labels of shape (N, H, W), int64.
        num_classes (int): Number of classes with the background.
        ignore_index (int): Label that is left out.

    Returns:
        Tensor: Mean over the classes that occur in either, background
        included, float32, shape (N,); 0 where every pixel is ignored.
    """
    pred, label = pred.flatten(1), label.flatten(1)
    valid = label != ignore_index
    label = label.where(valid, 0)  # counts 0, like all that is ignored

    def histogram(values: Tensor, counted: Tensor) -> Tensor:
        counts = torch.zeros(len(values), num_classes, device=values.device)
        return counts.scatter_add_(1, values, counted.float())

    intersection = histogram(label, valid & (pred == label))
    union = histogram(pred, valid) + histogram(label, valid) - intersection
    occurring = (union > 0).sum(1).clamp(min=1)
    return (intersection / union.clamp(min=1)).sum(1) / occurring


@MODELS.register_module()
class ParsingIoULoss(nn.Module):
    """Regression of a crop's mean IoU.

    ``0.5 * (pred - target)^2``, averaged over persons whose target is above
    0; 0 if there is none (``docs/protocol.md``, section 2).
    """

    def __init__(self,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_iou') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.loss_name = loss_name

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """The loss, a scalar, of regressed and true (float32) IoUs, (N,)."""
        counted = (target > 0).float()
        errors = 0.5 * (pred.view(-1) - target).square() * counted
        return self.loss_weight * errors.sum() / counted.sum().clamp(min=1)
