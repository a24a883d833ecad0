# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From crop probabilities to an image's labels and scores (PROTOCOL 4)."""
from typing import Iterator, NamedTuple, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .pixel_score import confidence_sums, scores_from_sums

# Probabilities that are held at once, in elements (64 MiB in float32): a big
# person is pasted in bands of rows.
MAX_ELEMENTS = 1 << 24


class PastedPerson(NamedTuple):
    """One person in image coordinates.

    Attributes:
        part_map (Tensor): Labels inside the window, uint8, shape (h, w).
        offset (tuple[int, int]): Position (x, y) of the window's top-left
            pixel in the image.
        instance_score (Tensor): Instance pixel score, float32 scalar.
        category_scores (Tensor): Category pixel scores, float32, (C - 1,).
        extra_instance_scores (Tensor): Instance pixel scores at K further
            thresholds, float32, (K,).
        extra_category_scores (Tensor): Category pixel scores at them,
            float32, (K, C - 1).
    """
    part_map: Tensor
    offset: Tuple[int, int]
    instance_score: Tensor
    category_scores: Tensor
    extra_instance_scores: Tensor
    extra_category_scores: Tensor


class PastedConfidence(NamedTuple):
    """How sure the network is of one person, in image coordinates.

    Attributes:
        max_probs (Tensor): Winning probability inside the window, float32,
            (h, w).
        part_map (Tensor): Labels inside the window, uint8, (h, w).
        offset (tuple[int, int]): Position (x, y) of the window's top-left
            pixel in the image.
    """
    max_probs: Tensor
    part_map: Tensor
    offset: Tuple[int, int]


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


class _Canvas(NamedTuple):
    """Where one person is pasted, and from what."""
    probs_per_aug: Sequence[Tensor]
    boxes: Tensor
    window: Tuple[int, int, int, int]
    group_sizes: Tuple[int, ...]

    @property
    def num_classes(self) -> int:
        return self.probs_per_aug[0].size(0)

    def new_map(self, dtype: torch.dtype) -> Tensor:
        """An empty map of the window's size."""
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


def _new_canvas(probs_per_aug: Sequence[Tensor],
                boxes_per_aug: Sequence[Sequence[float]],
                image_size: Tuple[int, int],
                group_sizes: Optional[Sequence[int]]) -> _Canvas:
    """Check the augmentations of one person and find their window."""
    boxes = torch.stack([
        torch.as_tensor(box, dtype=torch.float64).cpu()
        for box in boxes_per_aug
    ]) if len(boxes_per_aug) else torch.zeros(0, 4)
    group_sizes = (len(boxes), ) if group_sizes is None else tuple(group_sizes)
    _check_augmentations(probs_per_aug, boxes, group_sizes)
    crop_sizes = [(probs.size(2), probs.size(1)) for probs in probs_per_aug]
    return _Canvas(probs_per_aug, boxes,
                   paste_window(boxes, crop_sizes, image_size), group_sizes)


def paste_person(probs_per_aug: Sequence[Tensor],
                 boxes_per_aug: Sequence[Sequence[float]],
                 image_size: Tuple[int, int],
                 pixel_score_thr: float = 0.2,
                 label_thr: Optional[float] = None,
                 extra_thrs: Sequence[float] = (),
                 group_sizes: Optional[Sequence[int]] = None) -> PastedPerson:
    """Paste one person in the window around the augmentations' boxes.

    Each augmentation is sampled with its own box, then the probabilities are
    averaged; outside its box an augmentation counts 0. Memory grows with the
    width of the window only.

    Args:
        probs_per_aug (Sequence[Tensor]): Crop probabilities of each
            augmentation, shape (C, h, w), unmirrored.
        boxes_per_aug (Sequence): Padded box of each augmentation, xyxy, in
            pixels.
        image_size (tuple[int, int]): Width and height of the image.
        pixel_score_thr (float): ``T`` of the pixel scores. Defaults to 0.2.
        label_thr (float, optional): Pixels whose winning probability is
            below it are background. Defaults to None, which means 1 / C.
        extra_thrs (Sequence[float]): Further ``T`` to score at, from the same
            probabilities. Defaults to ().
        group_sizes (Sequence[int], optional): Number of consecutive
            augmentations of each model of an ensemble: each is averaged, then
            the models are, all counting the same. Defaults to None, one
            model.

    Returns:
        PastedPerson: Labels in the window, its offset, and pixel scores.

    Raises:
        ValueError: If the augmentations do not fit each other.
    """
    canvas = _new_canvas(probs_per_aug, boxes_per_aug, image_size, group_sizes)
    num_classes = canvas.num_classes
    label_thr = 1 / num_classes if label_thr is None else label_thr
    part_map = canvas.new_map(torch.uint8)
    thrs = (pixel_score_thr, *extra_thrs)
    sums = probs_per_aug[0].new_zeros((len(thrs), num_classes),
                                      dtype=torch.float64)
    counts = sums.clone()
    for rows, max_probs, labels in canvas.winners():
        for k, thr in enumerate(thrs):
            band_sums, band_counts = confidence_sums(
                max_probs.view(1, -1), labels.view(1, -1), num_classes, thr)
            sums[k] += band_sums[0]
            counts[k] += band_counts[0]
        part_map[rows] = labels * (max_probs >= label_thr)
    instance, category = scores_from_sums(sums, counts)
    return PastedPerson(part_map, canvas.window[:2], instance[0], category[0],
                        instance[1:], category[1:])


def paste_confidence(
        probs_per_aug: Sequence[Tensor],
        boxes_per_aug: Sequence[Sequence[float]],
        image_size: Tuple[int, int],
        label_thr: Optional[float] = None,
        group_sizes: Optional[Sequence[int]] = None) -> PastedConfidence:
    """Paste one person and keep the winning probability of each pixel.

    What the pixel scores are made of (Figure 2 of the paper).

    Args:
        probs_per_aug (Sequence[Tensor]): Crop probabilities of each
            augmentation, shape (C, h, w), unmirrored.
        boxes_per_aug (Sequence): Padded box of each augmentation, xyxy, in
            pixels.
        image_size (tuple[int, int]): Width and height of the image.
        label_thr (float, optional): Pixels whose winning probability is
            below it are background. Defaults to None, which means 1 / C.
        group_sizes (Sequence[int], optional): As in :func:`paste_person`.

    Returns:
        PastedConfidence: Of the window around the boxes.

    Raises:
        ValueError: If the augmentations do not fit each other.
    """
    canvas = _new_canvas(probs_per_aug, boxes_per_aug, image_size, group_sizes)
    label_thr = 1 / canvas.num_classes if label_thr is None else label_thr
    confidence = canvas.new_map(torch.float32)
    part_map = canvas.new_map(torch.uint8)
    for rows, max_probs, labels in canvas.winners():
        confidence[rows] = max_probs.float()
        part_map[rows] = labels * (max_probs >= label_thr)
    return PastedConfidence(confidence, part_map, canvas.window[:2])


def paste_parsing(
        probs_per_aug: Sequence[Tensor],
        boxes_per_aug: Sequence[Sequence[float]],
        image_size: Tuple[int, int],
        pixel_score_thr: float = 0.2) -> Tuple[Tensor, Tensor, Tensor]:
    """Paste one person into a label map of the whole image (PROTOCOL 4).

    The convenient form of :func:`paste_person`.

    Args:
        probs_per_aug (Sequence[Tensor]): Crop probabilities of each
            augmentation, shape (C, h, w), unmirrored.
        boxes_per_aug (Sequence): Padded box of each augmentation, xyxy, in
            pixels, four numbers each.
        image_size (tuple[int, int]): Width and height of the image.
        pixel_score_thr (float): ``T`` of the pixel scores. Defaults to 0.2.

    Returns:
        tuple[Tensor, Tensor, Tensor]: Labels (H, W) uint8, the instance pixel
        score (a scalar) and category pixel scores (C - 1,), both float32.

    Raises:
        ValueError: If the augmentations do not fit each other.
    """
    probs_per_aug = [torch.as_tensor(probs) for probs in probs_per_aug]
    person = paste_person(probs_per_aug, boxes_per_aug, image_size,
                          pixel_score_thr)
    labels = person.part_map.new_zeros((image_size[1], image_size[0]))
    (x, y), (height, width) = person.offset, person.part_map.shape
    labels[y:y + height, x:x + width] = person.part_map
    return labels, person.instance_score, person.category_scores
