# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From pasted persons on the device to the result of one image."""
from dataclasses import replace
from typing import Dict, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from projects.qanet.quality import PastedPerson
from projects.qanet.structures import ParsingInstances


class ParsedPerson(NamedTuple):
    """One person's result before fusion.

    Attributes:
        pasted (PastedPerson): Part map and pixel scores.
        iou_score (Tensor): Regressed IoU, float32 scalar, not clamped.
    """
    pasted: PastedPerson
    iou_score: Tensor


def assemble_instances(sample: SegDataSample, image_size: Tuple[int, int],
                       parsed: Sequence[ParsedPerson],
                       post_processor: nn.Module,
                       num_classes: int) -> ParsingInstances:
    """Fuse the scores and move one image's result to the host.

    Args:
        sample (SegDataSample): The image's, with ``proposals``.
        image_size (tuple[int, int]): Width and height of the image.
        parsed (Sequence[ParsedPerson]): One for each proposal.
        post_processor (nn.Module): Fuses the scores, see
            :class:`QualityAwareModule`.
        num_classes (int): Number of classes with the background.

    Returns:
        ParsingInstances: The persons in the order of the proposals.
    """
    image_id = sample.metainfo.get('img_id')
    if not parsed:
        return ParsingInstances.empty(image_size, num_classes, image_id)
    proposals = sample.proposals
    iou_scores = torch.stack([person.iou_score for person in parsed])
    pixel_scores = torch.stack(
        [person.pasted.instance_score for person in parsed])
    part_pixel_scores = torch.stack(
        [person.pasted.category_scores for person in parsed])
    iou_scores = iou_scores.clamp(0, 1)
    box_scores = proposals.scores.to(pixel_scores)
    scores, part_scores = post_processor(box_scores, iou_scores, pixel_scores,
                                         part_pixel_scores)
    return ParsingInstances(
        bboxes=proposals.bboxes.float().cpu().numpy(),
        bbox_scores=box_scores.cpu().numpy(),
        iou_scores=iou_scores.cpu().numpy(),
        pixel_scores=pixel_scores.cpu().numpy(),
        part_pixel_scores=part_pixel_scores.cpu().numpy(),
        scores=scores.cpu().numpy(),
        part_scores=part_scores.cpu().numpy(),
        labels=np.zeros(len(parsed), dtype=np.int64),
        part_maps=[p.pasted.part_map.cpu().numpy() for p in parsed],
        offsets=np.array([p.pasted.offset for p in parsed]),
        image_size=image_size,
        image_id=image_id)


def rescore_instances(instances: ParsingInstances,
                      parsed: Sequence[ParsedPerson],
                      post_processor: nn.Module,
                      thrs: Sequence[float]) -> Dict[float, ParsingInstances]:
    """The same persons with the scores at other pixel thresholds.

    Args:
        instances (ParsingInstances): The persons.
        parsed (Sequence[ParsedPerson]): The same, pasted with the K
            thresholds as ``extra_thrs``.
        post_processor (nn.Module): Fuses the scores.
        thrs (Sequence[float]): The K thresholds.

    Returns:
        dict[float, ParsingInstances]: By threshold. Part maps and everything
        else are shared, not copied.
    """
    if not parsed:
        return {thr: instances for thr in thrs}
    pixel_scores = torch.stack(
        [person.pasted.extra_instance_scores for person in parsed])
    part_pixel_scores = torch.stack(
        [person.pasted.extra_category_scores for person in parsed])
    box_scores, iou_scores = (
        torch.from_numpy(scores).to(pixel_scores)
        for scores in (instances.bbox_scores, instances.iou_scores))
    rescored = {}
    for k, thr in enumerate(thrs):
        scores, part_scores = post_processor(box_scores, iou_scores,
                                             pixel_scores[:, k],
                                             part_pixel_scores[:, k])
        rescored[thr] = replace(
            instances,
            pixel_scores=pixel_scores[:, k].cpu().numpy(),
            part_pixel_scores=part_pixel_scores[:, k].cpu().numpy(),
            scores=scores.cpu().numpy(),
            part_scores=part_scores.cpu().numpy())
    return rescored
