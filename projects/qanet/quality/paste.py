# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From crops to the image, see ``docs/protocol.md``, section 4."""
from functools import reduce
from itertools import islice
from typing import Iterator, NamedTuple, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from projects.qanet.utils.paste_window import Window, paste_window
from .scores import PixelScoreSums, precise_dtype

# Values held at once (64 MiB): a big person is pasted in bands of rows.
MAX_ELEMENTS = 1 << 24


class PastedPerson(NamedTuple):
    """One person in image coordinates."""
    part_map: Tensor  # labels inside the window, uint8, (h, w)
    offset: Tuple[int, int]  # (x, y) of the window's top-left pixel
    instance_scores: Tensor  # pixel scores at T thresholds, float32, (T,)
    category_scores: Tensor  # of the categories, float32, (T, C - 1)
    max_probs: Optional[Tensor] = None  # winning, if kept, float32, (h, w)
    # Dense pose: U and V of the label, times 255, uint8, (2, h, w).
    uv_map: Optional[Tensor] = None


class SemanticMap(NamedTuple):
    """What the whole image says of its pixels, whoever they belong to."""
    probs: Tensor  # probabilities, (C, h, w)
    box: Sequence[float]  # the region that they cover, xyxy in pixels
    weight: float  # of these probabilities beside a person's


def paste_person(probs_per_aug: Sequence[Tensor],
                 boxes_per_aug: Sequence[Sequence[float]],
                 image_size: Tuple[int, int],
                 pixel_score_thrs: Sequence[float] = (0.2, ),
                 label_thr: Optional[float] = None,
                 group_sizes: Optional[Sequence[int]] = None,
                 keep_confidence: bool = False,
                 semantic: Optional[SemanticMap] = None) -> PastedPerson:
    """Paste one person in the window around the augmentations' boxes.

    Each augmentation is sampled with its own box and counts 0 outside, then
    all are averaged. Memory grows with the width of the window only.

    Args:
        probs_per_aug (Sequence[Tensor]): Crop probabilities of each
            augmentation, shape (C, h, w), unmirrored.
        boxes_per_aug (Sequence): Their padded boxes, xyxy in pixels.
        image_size (tuple[int, int]): Width and height of the image.
        pixel_score_thrs (Sequence[float]): ``T`` of the pixel scores.
        label_thr (float, optional): Pixels whose winning probability is
            below it are background. Defaults to 1 / C.
        group_sizes (Sequence[int], optional): Number of consecutive
            augmentations of each model of an ensemble: each is averaged, then
            the models are, all counting the same. Defaults to one model.
        keep_confidence (bool): Keep ``max_probs`` (Figure 2 of the paper).
        semantic (:obj:`SemanticMap`, optional): Where the person has a part,
            add this, weighted, and let the best class win again, as RP R-CNN
            does. Only labels change: sums are no probabilities, so pixel
            scores are those without it.

    Raises:
        ValueError: If the augmentations do not fit each other.
    """
    window, bands = paste_bands(
        probs_per_aug,
        boxes_per_aug,
        image_size,
        group_sizes,
        copies=1 if semantic is None else 2)
    first = probs_per_aug[0]
    num_classes = first.size(0)
    label_thr = 1 / num_classes if label_thr is None else label_thr
    size = (window[3] - window[1], window[2] - window[0])
    part_map = first.new_zeros(size, dtype=torch.uint8)
    confidence = first.new_zeros(size, dtype=torch.float32)
    sums = PixelScoreSums(first, num_classes, pixel_score_thrs)
    for band, probs in bands:
        max_probs, labels = probs.max(dim=0)
        sums.add(max_probs, labels)
        rows = slice(band[1] - window[1], band[3] - window[1])
        labels = labels * (max_probs >= label_thr)
        if semantic is not None:
            other = _sample(semantic.probs, semantic.box, band, 'border')
            other = other.mul_(semantic.weight).add_(probs).argmax(0)
            labels = torch.where(labels > 0, other, labels)
        part_map[rows] = labels
        confidence[rows] = max_probs
    return PastedPerson(part_map, window[:2], *sums.scores(),
                        confidence if keep_confidence else None)


def paste_bands(
        maps_per_aug: Sequence[Tensor],
        boxes_per_aug: Sequence[Sequence[float]],
        image_size: Tuple[int, int],
        group_sizes: Optional[Sequence[int]] = None,
        copies: int = 1) -> Tuple[Window, Iterator[Tuple[Window, Tensor]]]:
    """Paste maps of any kind, a band of rows at a time.

    Args:
        maps_per_aug, boxes_per_aug, image_size, group_sizes: See
            :func:`paste_person`.
        copies (int): How often the caller holds the maps of a band at once.

    Returns:
        tuple: The window around the augmentations' boxes, and an iterator of
        its bands from top to bottom: their windows and averaged maps (C,
        rows, w), as long as memory allows. None if no box meets the image.

    Raises:
        ValueError: If the augmentations do not fit each other.
    """
    if group_sizes is None:
        group_sizes = (len(boxes_per_aug), )
    boxes = _check_augmentations(maps_per_aug, boxes_per_aug, group_sizes)
    crop_sizes = [(maps.size(2), maps.size(1)) for maps in maps_per_aug]
    window = paste_window(boxes, crop_sizes, image_size)
    depth = copies * maps_per_aug[0].size(0)
    return window, ((band,
                     _average(maps_per_aug, boxes.tolist(), band, group_sizes))
                    for band in _bands(window, depth))


def paste_parsing(
        probs_per_aug: Sequence[Tensor],
        boxes_per_aug: Sequence[Sequence[float]],
        image_size: Tuple[int, int],
        pixel_score_thr: float = 0.2) -> Tuple[Tensor, Tensor, Tensor]:
    """Paste one person into a label map, as :func:`paste_person` says.

    The probabilities may be arrays, too.

    Returns:
        tuple[Tensor, Tensor, Tensor]: Labels (H, W) uint8, the instance pixel
        score (a scalar) and category pixel scores (C - 1,), both float32.
    """
    probs_per_aug = [torch.as_tensor(probs) for probs in probs_per_aug]
    person = paste_person(probs_per_aug, boxes_per_aug, image_size,
                          (pixel_score_thr, ))
    labels = person.part_map.new_zeros((image_size[1], image_size[0]))
    (x, y), (height, width) = person.offset, person.part_map.shape
    labels[y:y + height, x:x + width] = person.part_map
    return labels, person.instance_scores[0], person.category_scores[0]


def _check_augmentations(probs_per_aug: Sequence[Tensor],
                         boxes_per_aug: Sequence[Sequence[float]],
                         group_sizes: Sequence[int]) -> Tensor:
    if not 0 < len(probs_per_aug) == len(boxes_per_aug):
        raise ValueError(
            'each augmentation needs its probabilities and its box, but got '
            f'{len(probs_per_aug)} probability maps and {len(boxes_per_aug)} '
            'boxes')
    boxes = torch.stack([
        torch.as_tensor(box, dtype=torch.float64).cpu()
        for box in boxes_per_aug
    ])
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
    return boxes


def _bands(window: Window, depth: int) -> Iterator[Window]:
    """Cut a window into bands of rows that fit into memory, depth-fold."""
    x1, y1, x2, y2 = window
    if x1 < x2:
        rows = max(1, MAX_ELEMENTS // (depth * (x2 - x1)))
        for top in range(y1, y2, rows):
            yield x1, top, x2, min(top + rows, y2)


def _average(probs_per_aug: Sequence[Tensor], boxes: Sequence[Sequence[float]],
             band: Window, group_sizes: Sequence[int]) -> Tensor:
    """Mean over the groups of the mean of each, (C, rows, w), in place."""
    sampled = (_sample(*pair, band) for pair in zip(probs_per_aug, boxes))
    means = (
        reduce(Tensor.add_, islice(sampled, size)).div_(size)
        for size in group_sizes)
    return reduce(Tensor.add_, means).div_(len(group_sizes))


def _sample(probs: Tensor,
            box: Sequence[float],
            window: Window,
            padding_mode: str = 'zeros') -> Tensor:
    """Sample crop probabilities (C, h, w) in a window of the image."""
    like = dict(dtype=precise_dtype(probs.device), device=probs.device)
    axes = []  # pixel centres in the crop's coordinates of [-1, 1]
    for k in range(2):
        centers = torch.arange(window[k], window[k + 2], **like) + 0.5
        scaled = (centers - box[k]) / (box[k + 2] - box[k]) * 2 - 1
        axes.append(scaled.to(probs.dtype))
    grid = torch.stack(torch.meshgrid(*axes, indexing='xy'), -1)
    return F.grid_sample(
        probs[None],
        grid[None],
        padding_mode=padding_mode,
        align_corners=False)[0]
