# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Any, Dict, Iterator, List, Optional, Tuple

import torch
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.task_modules import SamplingResult
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import InstanceList
from torch import Tensor

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_whole
from .targets import parsing_targets


@MODELS.register_module()
class ParsingRoIHead(StandardRoIHead):
    """Boxes as in Faster R-CNN, and a parsing branch for its persons.

    ``mask_head`` is a :class:`RegionParsingHead`, ``mask_roi_extractor`` its
    own extractor (proposals separation sampling of Parsing R-CNN: boxes of
    any size are taken from the finest level).

    Args:
        max_parsing_rois (int): Positive proposals of an image that the
            parsing branch learns from, chosen at random.
        max_instances_per_batch (int): Persons in the parsing branch at once,
            in testing.
        args, kwargs: Those of :class:`mmdet.StandardRoIHead`.

    Raises an InputError if a number is not whole or below 1.
    """

    def __init__(self,
                 *args: Any,
                 max_parsing_rois: int = 16,
                 max_instances_per_batch: int = 4,
                 **kwargs: Any) -> None:
        numbers = dict(
            max_parsing_rois=max_parsing_rois,
            max_instances_per_batch=max_instances_per_batch)
        for name, value in numbers.items():
            if not is_whole(value, 1):
                raise InputError(f'{type(self).__name__}: {name} must be a '
                                 f'whole number from 1, but got {value!r}')
        super().__init__(*args, **kwargs)
        self.max_parsing_rois = max_parsing_rois
        self.max_instances_per_batch = max_instances_per_batch

    def loss(self, x: Tuple[Tensor, ...], rpn_results_list: InstanceList,
             batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """Losses of boxes and parsing, by name.

        Samples have ``gt_instances`` and the label maps of
        :func:`parsing_targets`, of the images' (padded) size, as
        ``gt_sem_seg.sem_seg``; an InputError if they have none, or of another
        size.
        """
        for sample in batch_data_samples:
            if 'gt_sem_seg' not in sample:
                raise InputError(
                    f'{sample.metainfo.get("img_path")} has no label maps '
                    '(gt_sem_seg): the training pipeline needs '
                    'LoadPersonLabels and PackRegionInputs')
            _check_size(sample)
            sample.gt_instances.set_field(
                sample.gt_sem_seg.sem_seg, 'label_maps', field_type='metainfo')
        return super().loss(x, rpn_results_list, batch_data_samples)

    def mask_loss(self, x: Tuple[Tensor, ...],
                  sampling_results: List[SamplingResult], bbox_feats: Tensor,
                  batch_gt_instances: InstanceList) -> Dict[str, dict]:
        """Losses of the parsing branch as ``loss_mask``.

        Without a positive proposal they are zero, and reach every weight.
        """
        boxes, targets = [], []
        for result, persons in zip(sampling_results, batch_gt_instances):
            priors = result.pos_priors
            chosen = torch.randperm(len(priors), device=priors.device)
            chosen = chosen[:self.max_parsing_rois]
            boxes.append(priors[chosen])
            targets.append(
                parsing_targets(persons.label_maps, boxes[-1],
                                result.pos_assigned_gt_inds[chosen],
                                self.mask_head.map_size))
        logits, iou = self._mask_forward(x, bbox2roi(boxes))['mask_preds']
        losses = self.mask_head.loss(logits, iou, torch.cat(targets))
        return dict(loss_mask=losses)

    def predict_parsing(
        self, x: Tuple[Tensor, ...], results_list: InstanceList
    ) -> Iterator[Tuple[Tensor, Optional[Tensor]]]:
        """Parse the persons of all images, some at a time.

        Args:
            x (tuple[Tensor]): Levels of the pyramid, (N, C, h_i, w_i).
            results_list (list[:obj:`InstanceData`]): Per image the persons'
                ``bboxes`` (P, 4), xyxy in pixels of the network's input.

        Returns:
            Iterator: For each person probabilities (C, S, S), float32, and
            the IoU score, a scalar, not clamped, or None.
        """
        for index, result in enumerate(results_list):
            for boxes in result.bboxes.split(self.max_instances_per_batch):
                rois = torch.cat(
                    [boxes.new_full((len(boxes), 1), index), boxes], 1)
                logits, iou = self._mask_forward(x, rois)['mask_preds']
                probs = logits.float().softmax(1)
                del logits
                scores = [None] * len(probs) if iou is None else iou
                yield from zip(probs, scores)
                del probs  # before the next ones are there


def _check_size(sample: DetDataSample) -> None:
    """Refuse label maps that were left behind when an image was resized."""
    size, meta = tuple(sample.gt_sem_seg.sem_seg.shape[1:]), sample.metainfo
    allowed = [
        tuple(meta[key][:2]) for key in ('img_shape', 'batch_input_shape')
        if key in meta
    ]
    if allowed and size not in allowed:
        raise InputError(
            f'{meta.get("img_path")}: the label maps have (height, width) = '
            f'{size}, the image {allowed[0]}: transforms of whole batches, '
            'such as BatchSyncRandomResize, do not resize them')
