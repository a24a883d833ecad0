# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Where a person is pasted: a window of the image, a band of rows at a time.
"""
from typing import Iterator, NamedTuple, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

# Probabilities that are held at once, in elements (64 MiB in float32): a big
# person is pasted in bands of rows.
MAX_ELEMENTS = 1 << 24


def paste_window(boxes: Tensor, crop_sizes: Sequence[Tuple[int, int]],
                 image_size: Tuple[int, int]) -> Tuple[int, int, int, int]:
    """The pixels that the crops of one person reach.

    Bilinear sampling with zero padding reaches half a crop pixel over the
    crop's border, so the window covers every box plus that.

    Args:
        boxes (Tensor): Padded boxes of the augmentations, xyxy, (A, 4).
        crop_sizes (Sequence[tuple[int, int]]): Width and height of the crop
            of each augmentation.
        image_size (tuple[int, int]): Width and height of the image.

    Returns:
        tuple[int, int, int, int]: Window (x1, y1, x2, y2), the ends not
        included, clipped to the image. It is empty (x1 == x2 or y1 == y2)
        when no box meets the image.
    """
    boxes = boxes.double().cpu()
    half = 0.5 * (boxes[:, 2:] - boxes[:, :2]) / torch.tensor(
        crop_sizes, dtype=torch.float64)
    limit = torch.tensor(image_size)
    start = (boxes[:, :2] - half).amin(0).floor().long()
    end = (boxes[:, 2:] + half).amax(0).ceil().long()
    start = torch.minimum(start.clamp(min=0), limit)
    end = torch.maximum(torch.minimum(end, limit), start)
    return (*start.tolist(), *end.tolist())


def _sampling_grid(start: int, end: int, low: float, high: float,
                   like: Tensor) -> Tensor:
    """Pixel centres of [start, end) in the crop's coordinates of [-1, 1]."""
    centers = torch.arange(
        start, end, dtype=torch.float64, device=like.device) + 0.5
    return ((centers - low) / (high - low) * 2 - 1).to(like.dtype)


def _sample(probs: Tensor, box: Sequence[float], window: Tuple[int, int, int,
                                                               int]) -> Tensor:
    """Sample crop probabilities (C, h, w) in a window of the image."""
    x1, y1, x2, y2 = window
    grid_x = _sampling_grid(x1, x2, box[0], box[2], probs)
    grid_y = _sampling_grid(y1, y2, box[1], box[3], probs)
    grid = torch.stack(
        [grid_x.expand(y2 - y1, -1), grid_y[:, None].expand(-1, x2 - x1)], -1)
    return F.grid_sample(
        probs[None], grid[None], padding_mode='zeros', align_corners=False)[0]


def _check_augmentations(probs_per_aug: Sequence[Tensor], boxes: Tensor,
                         group_sizes: Sequence[int]) -> None:
    if len(probs_per_aug) == 0 or len(probs_per_aug) != len(boxes):
        raise ValueError(
            'each augmentation needs its probabilities and its box, but got '
            f'{len(probs_per_aug)} probability maps and {len(boxes)} boxes')
    channels = {probs.size(0) for probs in probs_per_aug}
    if len(channels) > 1:
        raise ValueError('all augmentations must have the same number of '
                         f'classes, but got {sorted(channels)}')
    if bool((boxes[:, 2:] <= boxes[:, :2]).any()):
        raise ValueError(
            f'boxes must have a positive size, but got {boxes.tolist()}')
    if min(group_sizes, default=0) < 1 or sum(group_sizes) != len(boxes):
        raise ValueError('group_sizes must be positive and sum up to the '
                         f'{len(boxes)} augmentations, but got {group_sizes}')


class Canvas(NamedTuple):
    """Where one person is pasted, and from what; see :func:`new_canvas`.

    Attributes:
        probs_per_aug (Sequence[Tensor]): Crop probabilities (C, h, w).
        boxes (Tensor): Their padded boxes, xyxy, in pixels, float64, (A, 4).
        window (tuple[int, int, int, int]): Pixels that are pasted, (x1, y1,
            x2, y2), the ends not included.
        group_sizes (tuple[int, ...]): Consecutive augmentations of each model.
    """
    probs_per_aug: Sequence[Tensor]
    boxes: Tensor
    window: Tuple[int, int, int, int]
    group_sizes: Tuple[int, ...]

    @property
    def num_classes(self) -> int:
        """Number of classes C with the background."""
        return self.probs_per_aug[0].size(0)

    def new_map(self, dtype: torch.dtype) -> Tensor:
        """A map of the window's size, zeros of shape (h, w)."""
        x1, y1, x2, y2 = self.window
        return self.probs_per_aug[0].new_zeros((y2 - y1, x2 - x1), dtype=dtype)

    def winners(self) -> Iterator[Tuple[slice, Tensor, Tensor]]:
        """Average the augmentations, a band of rows at a time.

        Yields:
            tuple[slice, Tensor, Tensor]: Rows of the window, the winning
            probability of their pixels and the winning class, (rows, w).
        """
        x1, y1, x2, y2 = self.window
        if x1 == x2:
            return
        rows = max(1, MAX_ELEMENTS // (self.num_classes * (x2 - x1)))
        for top in range(y1, y2, rows):
            band = (x1, top, x2, min(top + rows, y2))
            yield (slice(top - y1,
                         band[3] - y1), *self._average(band).max(dim=0))

    def _average(self, band: Tuple[int, int, int, int]) -> Tensor:
        """Mean over the groups of the mean of each, (C, rows, w)."""
        total, first = None, 0
        for size in self.group_sizes:
            mean = self._sum(band, slice(first, first + size)).div_(size)
            total = mean if total is None else total.add_(mean)
            first += size
        return total.div_(len(self.group_sizes))

    def _sum(self, band: Tuple[int, int, int, int], group: slice) -> Tensor:
        """Sum of the augmentations of one group, (C, rows, w)."""
        boxes = self.boxes[group].tolist()
        total = None
        for probs, box in zip(self.probs_per_aug[group], boxes):
            sampled = _sample(probs, box, band)
            total = sampled if total is None else total.add_(sampled)
        return total


def new_canvas(probs_per_aug: Sequence[Tensor],
               boxes_per_aug: Sequence[Sequence[float]],
               image_size: Tuple[int, int],
               group_sizes: Optional[Sequence[int]]) -> Canvas:
    """Check the augmentations of one person and find their window.

    Args:
        probs_per_aug (Sequence[Tensor]): Crop probabilities (C, h, w).
        boxes_per_aug (Sequence): Padded box of each, xyxy, in pixels.
        image_size (tuple[int, int]): Width and height of the image.
        group_sizes (Sequence[int], optional): Number of consecutive
            augmentations of each model, or None for one model.

    Returns:
        Canvas: Nothing is sampled yet.

    Raises:
        ValueError: If the augmentations do not fit each other.
    """
    boxes = torch.stack([
        torch.as_tensor(box, dtype=torch.float64).cpu()
        for box in boxes_per_aug
    ]) if len(boxes_per_aug) else torch.zeros(0, 4)
    group_sizes = (len(boxes), ) if group_sizes is None else tuple(group_sizes)
    _check_augmentations(probs_per_aug, boxes, group_sizes)
    crop_sizes = [(probs.size(2), probs.size(1)) for probs in probs_per_aug]
    return Canvas(probs_per_aug, boxes,
                  paste_window(boxes, crop_sizes, image_size), group_sizes)
