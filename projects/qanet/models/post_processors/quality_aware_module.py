# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from dataclasses import replace
from functools import partial
from typing import Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.structures import InstanceData
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.qanet.quality import PastedPerson, check_weights, paste_person
from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError


class PersonProbs(NamedTuple):
    """What a network says about one person, before pasting.

    Attributes:
        probs (list[Tensor]): Probabilities (C, h, w) of each augmentation,
            unmirrored.
        boxes (list[Tensor]): Padded box of each augmentation, xyxy, in
            pixels, (4,), on the host.
        image_size (tuple[int, int]): Width and height of the image.
        iou_score (Tensor, optional): Scalar, the mean over the augmentations,
            not clamped; None if nothing regresses it.
        group_sizes (tuple[int, ...], optional): See :func:`paste_person`.
    """
    probs: List[Tensor]
    boxes: List[Tensor]
    image_size: Tuple[int, int]
    iou_score: Optional[Tensor]
    group_sizes: Optional[Tuple[int, ...]] = None

    def paste(self, **kwargs) -> PastedPerson:
        """Paste the person into the image by :func:`paste_person`."""
        return paste_person(
            self.probs,
            self.boxes,
            self.image_size,
            group_sizes=self.group_sizes,
            **kwargs)


@MODELS.register_module()
class QualityAwareModule(nn.Module):
    """Quality-Aware Module (Section 3.3): from probabilities to persons.

    Pastes the persons of an image, takes their pixel scores and fuses one
    score per person and per part. It has no parameters, so it works with any
    trained network. See ``docs/protocol.md``, section 5.

    Args:
        weights (Sequence[float]): Exponents of the box, IoU and pixel score.
        pixel_score_thr (float): Only pixels whose winning probability
            reaches it count for the pixel scores (``T``).
        extra_pixel_score_thrs (Sequence[float]): Further ``T`` to score all
            persons at in the same pass, to compare them.

    Raises:
        InputError: If a weight is negative, all are zero, or a threshold is
            outside [0, 1].
    """

    def __init__(
        self,
        weights: Sequence[float] = (1., 1., 1.),
        pixel_score_thr: float = 0.2,
        extra_pixel_score_thrs: Sequence[float] = ()
    ) -> None:
        super().__init__()
        for thr in (pixel_score_thr, *extra_pixel_score_thrs):
            if not 0 <= thr <= 1:
                raise InputError('pixel_score_thr must be in [0, 1], but got '
                                 f'{thr}')
        self.weights = check_weights(weights)
        self.pixel_score_thr = pixel_score_thr
        self.extra_pixel_score_thrs = tuple(extra_pixel_score_thrs)

    def forward(self,
                persons: Iterable[PersonProbs],
                proposals: InstanceData,
                image_size: Tuple[int, int],
                num_classes: int,
                image_id: Optional[int] = None) -> ParsingInstances:
        """Paste, score and fuse the persons of one image.

        Args:
            persons (Iterable[PersonProbs]): One for each proposal, taken one
                by one, so a generator may free those before.
            proposals (:obj:`InstanceData`): The N persons' ``bboxes``, (N,
                4), unpadded, xyxy in pixels, and ``scores``, (N,).
            image_size (tuple[int, int]): Width and height of the image.
            num_classes (int): Number of classes with the background.
            image_id (int, optional): The image's id.

        Returns:
            ParsingInstances: The persons in the order of the proposals.

        Raises:
            InputError: If the network's numbers are not finite.
        """
        thrs = (self.pixel_score_thr, *self.extra_pixel_score_thrs)
        # map() lets go of a person, and with the last one of a chunk of the
        # whole chunk, before the next is parsed.
        pasted = list(map(partial(_paste, thrs=thrs), persons))
        if not pasted:
            return ParsingInstances.empty(image_size, num_classes, image_id)
        ious, scores, part_maps = _to_host(pasted)
        if not (np.isfinite(ious).all() and np.isfinite(scores).all()):
            raise InputError(
                f'image {image_id}: the network gives probabilities or IoU '
                'scores that are not finite; it has diverged, or its weights '
                'are damaged')
        unknown = np.full(scores.shape[::2], np.nan)
        instances = ParsingInstances(
            bboxes=proposals.bboxes.cpu(),
            bbox_scores=proposals.scores.cpu(),
            iou_scores=ious.clip(0, 1),
            pixel_scores=scores[:, 0, 0],
            part_pixel_scores=scores[:, 0, 1:],
            scores=unknown[:, 0],
            part_scores=unknown[:, 1:],
            labels=np.zeros(len(pasted)),
            part_maps=part_maps,
            offsets=[person.offset for person, _ in pasted],
            image_size=image_size,
            image_id=image_id)
        instances.by_thr = {
            thr:
            replace(
                instances,
                pixel_scores=scores[:, k, 0],
                part_pixel_scores=scores[:, k, 1:])
            for k, thr in enumerate(thrs) if k
        }
        return instances.fuse(self.weights)

    def extra_repr(self) -> str:
        """Settings for the printed model."""
        return (f'weights={self.weights}, '
                f'pixel_score_thr={self.pixel_score_thr}')


def _paste(person: PersonProbs,
           thrs: Sequence[float]) -> Tuple[PastedPerson, Tensor]:
    """Paste one person; without a regressed IoU its score is 1."""
    iou_score = person.iou_score
    if iou_score is None:
        iou_score = person.probs[0].new_ones(())
    return person.paste(pixel_score_thrs=thrs), iou_score


def _to_host(
    pasted: Sequence[Tuple[PastedPerson, Tensor]]
) -> Tuple[np.ndarray, np.ndarray, List[np.ndarray]]:
    """IoU scores (N,), pixel scores (N, T, C), part maps, in one copy.

    The pixel scores at T thresholds: the person's, then its C - 1 parts'.
    """
    scores = torch.stack([
        torch.cat([person.instance_scores[:, None], person.category_scores], 1)
        for person, _ in pasted
    ])
    ious = torch.stack([iou.float() for _, iou in pasted])
    numbers = torch.cat([ious, scores.flatten()])
    data = torch.cat([
        numbers.view(torch.uint8),
        *(person.part_map.flatten() for person, _ in pasted)
    ]).cpu().numpy()
    split = 4 * len(numbers)
    numbers = data[:split].view(np.float32)
    shapes = [tuple(person.part_map.shape) for person, _ in pasted]
    ends = np.cumsum([height * width for height, width in shapes])
    maps = np.split(data[split:], ends[:-1])
    return (numbers[:len(ious)], numbers[len(ious):].reshape(scores.shape),
            [part_map.reshape(shape) for part_map, shape in zip(maps, shapes)])
