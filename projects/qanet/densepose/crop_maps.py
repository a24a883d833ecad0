# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the network says of a crop: maps of parts, patches, U and V."""
from typing import Tuple

import torch
from torch import Tensor

from projects.qanet.utils.flips import flip_permutation
from .labels import NUM_PARTS, NUM_PATCHES, PART_FLIP_PAIRS, PATCH_FLIP_PAIRS

#: Channels of the parts, the patches, U and V; U and V have a map for each
#: patch, and one for the background, which means nothing.
CHANNELS = (NUM_PARTS, NUM_PATCHES, NUM_PATCHES, NUM_PATCHES)
NUM_MAPS = sum(CHANNELS)
_PARTS = flip_permutation(NUM_PARTS, PART_FLIP_PAIRS)
_PATCHES = flip_permutation(NUM_PATCHES, PATCH_FLIP_PAIRS)


def split_maps(maps: Tensor) -> Tuple[Tensor, ...]:
    """Parts, patches, U and V of maps (..., 90, H, W)."""
    return maps.split(CHANNELS, dim=-3)


def unmirror_surface(maps: Tensor, tables: Tensor) -> Tensor:
    """The maps of a crop from those of its mirror image.

    Left and right change places, and U and V are looked up where the mirrored
    point of the patch is, in steps of 1/255.

    Args:
        maps (Tensor): Probabilities of parts and patches, U and V, (90, H, W).
        tables (Tensor): U and V of the mirrored point by patch from 1 on, V
            and U, both times 255, (2, 24, 256, 256).

    Returns:
        Tensor: Maps (90, H, W), U and V of the background 0.
    """
    parts, patches, *uv = split_maps(maps.flip(-1))
    # Where a network has diverged, the plain crop tells.
    u, v = ((255 * each[1:].nan_to_num().clamp(0, 1)).long() for each in uv)
    codes = (256 * v + u).flatten(1).expand(2, -1, -1)
    found = tables.flatten(2).gather(2, codes).view(2, *u.shape)
    found = torch.cat([torch.zeros_like(found[:, :1]), found], dim=1)
    return torch.cat([
        parts[_PARTS], patches[_PATCHES],
        found[:, _PATCHES].flatten(0, 1).to(maps)
    ])
