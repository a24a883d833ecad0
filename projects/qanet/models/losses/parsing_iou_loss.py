# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import torch
from mmseg.registry import MODELS
from torch import Tensor, nn


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
        """The loss, a scalar, of regressed and true IoUs, (N,)."""
        counted = (target > 0).float()
        errors = 0.5 * (pred.float().view(-1) - target).square() * counted
        return self.loss_weight * errors.sum() / counted.sum().clamp(min=1)
