# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the network says of a crop: maps of parts, patches, U and V."""
from typing import Tuple

import torch
from torch import Tensor

from projects.qanet.utils.flips import flip_permutation
from .labels import NUM_PARTS, NUM_PATCHES, PART_FLIP_PAIRS, PATCH_FLIP_PAIRS
from .symmetry import UVSymmetry

#: Channels of the parts, the patches, U and V; U and V have a map for each
#: patch, and one for the background, which means nothing.
CHANNELS = (NUM_PARTS, NUM_PATCHES, NUM_PATCHES, NUM_PATCHES)
NUM_MAPS = sum(CHANNELS)
_PARTS = flip_permutation(NUM_PARTS, PART_FLIP_PAIRS)
_PATCHES = flip_permutation(NUM_PATCHES, PATCH_FLIP_PAIRS)


def split_maps(maps: Tensor) -> Tuple[Tensor, ...]:
    """Parts, patches, U and V of maps (..., 90, H, W)."""
    return maps.split(CHANNELS, dim=-3)


def unmirror_surface(maps: Tensor, symmetry: UVSymmetry) -> Tensor:
    """The maps of a crop from those of its mirror image.

    Left and right change places, and U and V are looked up where the mirrored
    point of the patch is.

    Args:
        maps (Tensor): Probabilities of parts and patches, U and V, (90, H, W).
        symmetry (:obj:`UVSymmetry`): Knows the mirrored points.

    Returns:
        Tensor: Maps (90, H, W), U and V of the background 0.
    """
    parts, patches, u, v = split_maps(maps.flip(-1))
    # What is not finite cannot be looked up; the plain crop tells of it.
    uv = symmetry.maps(u.nan_to_num(), v.nan_to_num())
    return torch.cat([parts[_PARTS], patches[_PATCHES], *uv])
