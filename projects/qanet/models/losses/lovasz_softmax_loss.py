# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Optional

import numpy as np
import torch
from mmseg.registry import MODELS
from torch import Tensor, nn


@torch.no_grad()
def _lovasz_weights(errors: Tensor, targets: Tensor) -> Tensor:
    """Weight of each error in the Lovasz extension of the Jaccard loss.

    The weights depend on the order of the errors only, so no gradient flows
    through them.

    Args:
        errors (Tensor): Rows of errors, shape (K, P). Negative ones belong to
            ignored pixels, which come last and change no weight.
        targets (Tensor): Where the foreground is, bool, shape (K, P).

    Returns:
        Tensor: Weights, shape (K, P); zeros for a row without foreground.
    """
    order = _descending_order(errors)
    foreground = targets.gather(1, order).to(errors.dtype)
    total = foreground.sum(1, keepdim=True)
    covered = foreground.cumsum(1)
    position = torch.arange(
        1, errors.size(1) + 1, device=errors.device, dtype=errors.dtype)
    # The union: the whole foreground and the background covered so far.
    jaccard = 1 - (total - covered) / (total + position - covered)
    jaccard[:, 1:] -= jaccard[:, :-1].clone()
    return torch.empty_like(errors).scatter_(1, order, jaccard * (total > 0))


def _descending_order(errors: Tensor) -> Tensor:
    """Order of each row from the largest error to the smallest.

    On the host numpy's vectorised sort is several times faster than torch's,
    which would take most of a training step.
    """
    if errors.device.type == 'cpu':
        return torch.from_numpy(np.argsort(-errors.numpy(), axis=1))
    return errors.argsort(dim=1, descending=True)


def lovasz_softmax(probs: Tensor,
                   label: Tensor,
                   ignore_index: int = 255) -> Tensor:
    """Lovasz-softmax, per image and over the classes present (PROTOCOL 2).

    All rows (image, class) are sorted at once, without a loop and without
    looking at values on the host. That holds N x C x H x W errors and their
    int64 order at the same time.

    Args:
        probs (Tensor): Probabilities of shape (N, C, H, W).
        label (Tensor): Labels of shape (N, H, W), int64.
        ignore_index (int): Label that is left out. Defaults to 255.

    Returns:
        Tensor: Loss of each image, shape (N,), the mean over the classes that
        occur in its label; 0 for an image whose pixels are all ignored.
    """
    probs, label = probs.flatten(2), label.flatten(1)
    valid = (label != ignore_index)[:, None]
    classes = torch.arange(probs.size(1), device=label.device)
    targets = (label[:, None] == classes[:, None]) & valid
    present = targets.any(2)

    valid = valid.expand_as(probs).flatten(0, 1)
    rows, targets = probs.flatten(0, 1), targets.flatten(0, 1)
    if probs.device.type == 'cpu':
        # Most classes are absent from a crop. Dropping their rows needs to
        # know how many there are, which is free on the host only.
        kept = present.flatten()
        rows, targets, valid = rows[kept], targets[kept], valid[kept]
    errors = torch.where(targets, 1 - rows, rows)
    weights = _lovasz_weights(errors.detach().masked_fill(~valid, -1), targets)
    losses = (errors * weights * valid).sum(1)

    if probs.device.type == 'cpu':
        losses = losses.new_zeros(present.shape).masked_scatter(
            present, losses)
    return losses.view_as(present).sum(1) / present.sum(1).clamp(min=1)


@MODELS.register_module()
class LovaszSoftmaxLoss(nn.Module):
    """Lovasz-softmax loss of human parsing (PROTOCOL 2).

    The mean over images of the per-image Lovasz-softmax over present classes,
    as ``mmseg.LovaszLoss(per_image=True, reduction='mean')`` computes it,
    but in one piece on the device, and with images of one valid pixel or
    none.

    Args:
        loss_weight (float): Weight of the loss. Defaults to 1.
        loss_name (str): Name of the loss item. Defaults to 'loss_lovasz'.
    """

    def __init__(self,
                 loss_weight: float = 1.0,
                 loss_name: str = 'loss_lovasz') -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self._loss_name = loss_name

    def forward(self,
                cls_score: Tensor,
                label: Tensor,
                weight: Optional[Tensor] = None,
                ignore_index: int = 255,
                **kwargs) -> Tensor:
        """Compute the loss.

        Args:
            cls_score (Tensor): Logits of shape (N, C, H, W).
            label (Tensor): Labels of shape (N, H, W), int64.
            weight (Tensor, optional): Not supported, must be None.
            ignore_index (int): Label that is left out. Defaults to 255.

        Returns:
            Tensor: The loss, a scalar.

        Raises:
            ValueError: If pixel weights are given.
        """
        if weight is not None:
            raise ValueError('LovaszSoftmaxLoss takes no pixel weights')
        probs = cls_score.float().softmax(dim=1)
        losses = lovasz_softmax(probs, label, ignore_index)
        return self.loss_weight * losses.mean()

    @property
    def loss_name(self) -> str:
        """str: Name of the loss item."""
        return self._loss_name
