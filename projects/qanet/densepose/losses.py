# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Losses of dense pose at annotated points."""
from typing import NamedTuple, Union

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from mmseg.utils import SampleList
from torch import Tensor, nn

from projects.qanet.utils.errors import InputError
from .labels import MAX_POINTS


class BatchPoints(NamedTuple):
    """The annotated points of a batch of crops, P in all."""
    xy: Tensor  # pixel indices in the crop, which may lie outside, (P, 2)
    patches: Tensor  # patches 1..24, (P,) int64
    uv: Tensor  # coordinates in [0, 1] on the patch, (P, 2)
    owners: Tensor  # position of each point's crop, (P,) int64

    @classmethod
    def collect(cls, data_samples: SampleList) -> 'BatchPoints':
        """Those of ``gt_points``, crop by crop.

        More than ``MAX_POINTS`` of one crop raise an InputError.
        """
        points = [sample.gt_points for sample in data_samples]
        counts = [len(each.patches) for each in points]
        if max(counts) > MAX_POINTS:
            index = counts.index(max(counts))
            raise InputError(
                f'data sample {index} has {counts[index]} points in '
                f'gt_points, a person has at most {MAX_POINTS}')
        xy, patches, uv = (
            torch.cat([each[name] for each in points])
            for name in ('xy', 'patches', 'uv'))
        owners = torch.arange(len(counts)).repeat_interleave(
            torch.tensor(counts))
        return cls(xy, patches, uv, owners.to(patches.device))

    def inside(self, height: int, width: int) -> 'BatchPoints':
        """Those that maps of this size can be sampled at."""
        chosen = _is_inside(self.xy, height, width)
        return BatchPoints(*(values[chosen] for values in self))


def _is_inside(xy: Tensor, height: int, width: int) -> Tensor:
    """Whether points (P, 2) are at most a pixel from one of the maps'."""
    return ((xy >= -1) & (xy <= xy.new_tensor((width, height)))).all(1)


def sample_points(
    feat: Tensor,
    xy: Tensor,
    owners: Tensor,
    channels: Union[Tensor, slice] = slice(None)) -> Tensor:
    """Sample maps at points, bilinearly.

    Coordinates are indices: a whole number is the centre of a pixel. From -1
    to the number of pixels they are clamped to the outermost centres; beyond,
    the value is 0 and has no gradient.

    Args:
        feat (Tensor): Maps (N, C, H, W).
        xy (Tensor): Points (P, 2) in pixels.
        owners (Tensor): Which of the N each point belongs to, (P,) int64.
        channels (Tensor): The one channel to sample at each point, (P,) int64.
            Defaults to all.

    Returns:
        Tensor: Values (P, C), or (P,) of one channel each.
    """
    height, width = feat.shape[2:]
    limits = xy.new_tensor((width - 1, height - 1))
    clamped = xy.clamp(min=0).minimum(limits)
    first = clamped.floor()
    (x, y), (right, lower) = first.long().T, (clamped - first).T
    next_x, next_y = (first + 1).minimum(limits).long().T
    inside = _is_inside(xy, height, width)
    value = 0
    for rows, columns, weight in ((y, x, (1 - right) * (1 - lower)),
                                  (y, next_x, right * (1 - lower)),
                                  (next_y, x, (1 - right) * lower),
                                  (next_y, next_x, right * lower)):
        corner = feat[owners, channels, rows, columns]
        weight = (weight * inside).to(corner.dtype)
        value = value + corner * weight.view(-1, *[1] * (corner.dim() - 1))
    return value


@MODELS.register_module()
class DensePosePatchLoss(nn.Module):
    """Cross-entropy of the patches at annotated points.

    Args:
        pad_points (bool): As released, each crop has ``MAX_POINTS`` points:
            those that are missing are background at its top left pixel, the
            only background that the patches learn. False takes the mean over
            the annotated points.
        loss_weight (float): Factor on the loss.
    """

    def __init__(self,
                 pad_points: bool = True,
                 loss_weight: float = 1.0) -> None:
        super().__init__()
        self.pad_points = pad_points
        self.loss_weight = loss_weight

    def forward(self, logits: Tensor, points: BatchPoints) -> Tensor:
        """The loss, a scalar, of logits (N, 25, H, W); 0 without a point."""
        sampled = sample_points(logits, points.xy, points.owners)
        loss = F.cross_entropy(sampled, points.patches, reduction='sum')
        divisor = max(len(points.patches), 1)
        if self.pad_points:
            missing = logits.new_full((len(logits), ), MAX_POINTS)
            missing.index_add_(0, points.owners,
                               -torch.ones_like(sampled[:, 0]))
            background = logits[:, :, 0, 0].log_softmax(1)[:, 0]
            loss = loss - (missing * background).sum()
            divisor = MAX_POINTS * len(logits)
        return self.loss_weight * loss / divisor


@MODELS.register_module()
class DensePoseUVLoss(nn.Module):
    """Smooth L1 of U or V at annotated points, in the map of their patch.

    Errors from 1 on are linear. It is the sum over the points, so it grows
    with the batch, which ``loss_weight`` must outweigh.
    """

    def __init__(self, loss_weight: float = .001) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, maps: Tensor, points: BatchPoints,
                target: Tensor) -> Tensor:
        """The loss, a scalar, of maps (N, 25, H, W) and coordinates (P,)."""
        sampled = sample_points(maps, points.xy, points.owners, points.patches)
        return self.loss_weight * F.smooth_l1_loss(
            sampled, target, reduction='sum')
