# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from dataclasses import replace
from typing import Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.structures import InstanceData
from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.qanet.quality import (PastedPerson, SemanticMap, check_weights,
                                    paste_person)
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
            not clamped.
        group_sizes, label_thr, semantic: See :func:`paste_person`.
    """
    probs: List[Tensor]
    boxes: List[Tensor]
    image_size: Tuple[int, int]
    iou_score: Optional[Tensor]
    group_sizes: Optional[Tuple[int, ...]] = None
    label_thr: Optional[float] = None
    semantic: Optional[SemanticMap] = None

    def paste(self, **kwargs) -> PastedPerson:
        """Paste the person into the image by :func:`paste_person`."""
        probs, boxes, size, _, *options = self
        names = ('group_sizes', 'label_thr', 'semantic')
        return paste_person(probs, boxes, size, **dict(zip(names, options)),
                            **kwargs)


@MODELS.register_module()
class QualityAwareModule(nn.Module):
    """Quality-Aware Module (Section 3.3): from probabilities to persons.

    Pastes the persons of an image, takes their pixel scores and fuses one
    score per person and per part (``docs/protocol.md``, section 5).

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

        Raises:
            InputError: If the network's numbers are not finite.
        """
        thrs = (self.pixel_score_thr, *self.extra_pixel_score_thrs)
        pasted, ious = [], []
        for person in persons:
            pasted.append(person.paste(pixel_score_thrs=thrs))
            iou = person.iou_score
            ious.append(person.probs[0].new_ones(()) if iou is None else iou)
            del person  # or a chunk stayed in memory while the next is parsed
        if not pasted:
            return ParsingInstances.empty(image_size, num_classes, image_id)
        part_maps, _, person_scores, part_scores, _, uv_maps = zip(*pasted)
        has_uv = uv_maps[0] is not None
        scores = (ious, person_scores, part_scores)
        iou_scores, person_scores, part_scores, *maps = _to_host(
            [torch.stack(values).float() for values in scores] +
            [*part_maps, *(uv_maps if has_uv else ())])
        scores = (iou_scores, person_scores, part_scores)
        if not all(np.isfinite(values).all() for values in scores):
            raise InputError(
                f'image {image_id}: the network gives probabilities or IoU '
                'scores that are not finite; it has diverged, or its weights '
                'are damaged')
        instances = ParsingInstances(
            bboxes=proposals.bboxes.cpu(),
            bbox_scores=proposals.scores.cpu(),
            iou_scores=iou_scores.clip(0, 1),
            pixel_scores=person_scores[:, 0],
            part_pixel_scores=part_scores[:, 0],
            scores=np.full_like(person_scores[:, 0], np.nan),
            part_scores=np.full_like(part_scores[:, 0], np.nan),
            labels=np.zeros(len(pasted)),
            part_maps=maps[:len(pasted)],
            offsets=[person.offset for person in pasted],
            image_size=image_size,
            image_id=image_id,
            uv_maps=maps[len(pasted):] if has_uv else None)
        instances.by_thr = {
            thr:
            replace(
                instances,
                pixel_scores=person_scores[:, k],
                part_pixel_scores=part_scores[:, k])
            for k, thr in enumerate(thrs) if k
        }
        return instances.fuse(self.weights)

    def extra_repr(self) -> str:
        """Settings for the printed model."""
        thr = self.pixel_score_thr
        return f'weights={self.weights}, pixel_score_thr={thr}'


def _to_host(tensors: Sequence[Tensor]) -> List[np.ndarray]:
    """Arrays of some float32 and then uint8 tensors, fetched in one copy."""
    flat = [tensor.flatten().view(torch.uint8) for tensor in tensors]
    data = torch.cat(flat).cpu().split([len(part) for part in flat])
    return [
        part.view(tensor.dtype).view(tensor.shape).numpy()
        for part, tensor in zip(data, tensors)
    ]
