# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From the maps of regions to the image, as the released systems paste."""
import torch.nn.functional as F
from torch import Tensor

#: The released systems take the best class whatever its probability is.
LABEL_THR = 0.


def pad_maps(maps: Tensor) -> Tensor:
    """Maps (..., S, S) with a border of one cell of zeros."""
    return F.pad(maps, (1, 1, 1, 1))


def paste_boxes(bboxes: Tensor, map_size: int) -> Tensor:
    """Where maps of :func:`pad_maps` lie in the image.

    A box grows about its centre by the two cells that padding adds to
    ``map_size`` of them. Its corners are truncated toward zero, and the last
    pixel belongs to it, so it is at least one pixel wide and high. Pasting a
    padded map there bilinearly is the released rule, which resizes the map to
    so many pixels.

    Args:
        bboxes (Tensor): Boxes (N, 4), xyxy in pixels of the image.
        map_size (int): Height and width S of a map, without the border.

    Returns:
        Tensor: Boxes (N, 4), xyxy in pixels, whole numbers, ends not included.
    """
    centers = (bboxes[:, :2] + bboxes[:, 2:]) / 2
    halves = (bboxes[:, 2:] - bboxes[:, :2]) / 2 * (map_size + 2) / map_size
    starts = (centers - halves).trunc()
    ends = (centers + halves).trunc().maximum(starts) + 1
    return F.pad(starts, (0, 2)) + F.pad(ends, (2, 0))
