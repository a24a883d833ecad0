# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From crop probabilities to an image's labels and scores (PROTOCOL 4)."""
from typing import NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from .canvas import new_canvas
from .pixel_score import confidence_sums, scores_from_sums


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
    canvas = new_canvas(probs_per_aug, boxes_per_aug, image_size, group_sizes)
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
    canvas = new_canvas(probs_per_aug, boxes_per_aug, image_size, group_sizes)
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
