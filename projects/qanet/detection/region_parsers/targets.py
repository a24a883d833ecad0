# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the parsing branch learns of a region."""
import torch
from torch import Tensor


def parsing_targets(label_maps: Tensor, boxes: Tensor, persons: Tensor,
                    size: int) -> Tensor:
    """Label maps of regions, each with the pixels of one person.

    Corners are rounded, half to even, and clipped to the map; rows ``y1 .. y2
    - 1`` and columns ``x1 .. x2 - 1``, at least one of each, are resized
    without interpolation: cell ``j`` has the source ``floor(j * extent /
    size)``. No map of the image's size is made.

    Args:
        label_maps (Tensor): An image's maps (2, H, W), uint8: labels (255
            ignored), and for each pixel the index of its person + 1, or 0.
        boxes (Tensor): Regions (P, 4), xyxy in the maps' pixels.
        persons (Tensor): The index of each region's person, (P,), int64.
        size (int): Side of a target.

    Returns:
        Tensor: Targets (P, size, size), int64; pixels of other persons are
        background, 0.
    """
    corners = boxes.round().long()
    limits = boxes.new_tensor(label_maps.shape[:0:-1], dtype=torch.long)
    start = corners[:, :2].clamp(min=0).minimum(limits - 1)
    end = corners[:, 2:].minimum(limits).maximum(start + 1)
    cells = torch.arange(size, device=boxes.device)
    # (P, 2, size): columns, rows
    source = start[..., None] + cells * (end - start)[..., None] // size
    columns, rows = source[:, 0, None, :], source[:, 1, :, None]
    labels, owners = label_maps[:, rows, columns]
    own = owners == persons[:, None, None] + 1
    return labels.long() * own
