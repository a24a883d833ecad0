# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From crops to the image: patches, U and V of a person."""
from typing import Optional, Sequence, Tuple

import torch
from torch import Tensor

from projects.qanet.models import PersonProbs
from projects.qanet.quality import PastedPerson
from projects.qanet.quality.paste import paste_bands
from projects.qanet.quality.scores import PixelScoreSums
from .crop_maps import split_maps
from .labels import NUM_PATCHES


def paste_surface(maps_per_aug: Sequence[Tensor],
                  boxes_per_aug: Sequence[Sequence[float]],
                  image_size: Tuple[int, int],
                  pixel_score_thrs: Sequence[float] = (0.9, ),
                  group_sizes: Optional[Sequence[int]] = None) -> PastedPerson:
    """Paste one person's dense pose in the window around the boxes.

    All maps are sampled and averaged as :func:`paste_person` does it. A pixel
    has the best patch, however sure it is, if the best part is none but the
    background; U and V are the patch's, cut to [0, 1]. Pixel scores are means
    of the best patch's probability over all pixels with a part, those whose
    best patch is the background among them.

    Args:
        maps_per_aug (Sequence[Tensor]): Maps (90, h, w) of each augmentation,
            see :func:`split_maps`, unmirrored.
        boxes_per_aug, image_size, group_sizes: See :func:`paste_person`.
        pixel_score_thrs (Sequence[float]): ``T`` of the pixel scores.

    Returns:
        PastedPerson: Its labels are patches, and it has a ``uv_map``.

    Raises:
        ValueError: If the augmentations do not fit each other.
    """
    window, bands = paste_bands(maps_per_aug, boxes_per_aug, image_size,
                                group_sizes)
    first = maps_per_aug[0]
    width, height = window[2] - window[0], window[3] - window[1]
    patch_map = first.new_zeros((height, width), dtype=torch.uint8)
    uv_map = first.new_zeros((2, height, width), dtype=torch.uint8)
    sums = PixelScoreSums(first, NUM_PATCHES, pixel_score_thrs)
    for band, maps in bands:
        parts, patches, *uv = split_maps(maps)
        has_part = parts[1:].amax(0) > parts[0]
        max_probs, labels = patches.max(dim=0)
        # No threshold lets the pixels without a part count.
        sums.add(max_probs.where(has_part, -1), labels)
        labels = labels * has_part
        uv = torch.cat([each.gather(0, labels[None]) for each in uv])
        # What is not finite must not hide: it makes the scores so.
        sums.totals += 0 * (parts.sum() + max_probs.sum() + uv.sum())
        rows = slice(band[1] - window[1], band[3] - window[1])
        patch_map[rows] = labels
        uv_map[:, rows] = 255 * uv.clamp(0, 1) * (labels > 0)
    return PastedPerson(patch_map, window[:2], *sums.scores(), uv_map=uv_map)


class PersonSurface(PersonProbs):
    """What a network says of one person's surface, before pasting.

    ``probs`` are maps (90, h, w), see :func:`paste_surface`.
    """
    __slots__ = ()

    def paste(self, **kwargs) -> PastedPerson:
        """Paste the person into the image by :func:`paste_surface`."""
        return paste_surface(
            self.probs,
            self.boxes,
            self.image_size,
            group_sizes=self.group_sizes,
            **kwargs)
