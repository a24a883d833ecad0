# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Mask heads of two-stage detectors that score their masks, weight-free."""
from typing import Any, List, Sequence

import torch
from mmdet.models.roi_heads.mask_heads import (CoarseMaskHead, DynamicMaskHead,
                                               FCNMaskHead, HTCMaskHead,
                                               MaskIoUHead, SCNetMaskHead)
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from projects.qanet.utils.errors import InputError
from .settings import QualityHead


class QualityMaskMixin(QualityHead):
    """Quality scores for any head that predicts as ``FCNMaskHead`` does.

    Probabilities are those on the RoI's own grid (28x28 in Mask R-CNN).
    Instances are put in order before their masks are pasted, and only the
    channel of each one's class is handed on: masks stay what they were, bit by
    bit. Where nothing at all was found in a batch, mmdet does not call the
    mask head, and the results lack the additional fields.
    """

    def predict_by_feat(self,
                        mask_preds: Sequence[Tensor],
                        results_list: List[InstanceData],
                        batch_img_metas: List[dict],
                        rcnn_test_cfg: Any,
                        rescale: bool = False,
                        activate_map: bool = False) -> List[InstanceData]:
        """Score the instances, then predict their masks as the plain head.

        Per image ``mask_preds`` are logits (N, C, h, w), or (N, 1, h, w) if
        class-agnostic; with ``activate_map`` probabilities. Adds ``masks`` and
        the fields of :meth:`MaskQuality.store`.
        """
        if self.quality is not None and results_list:
            scored = (self._score(preds, results, activate_map)
                      for preds, results in zip(mask_preds, results_list))
            mask_preds, results_list = map(list, zip(*scored))
        return super().predict_by_feat(mask_preds, results_list,
                                       batch_img_metas, rcnn_test_cfg, rescale,
                                       activate_map)

    def _score(self, preds: Tensor, results: InstanceData,
               activated: bool) -> tuple:
        """One image's predictions (N, 1, h, w) and results in order."""
        if preds.size(1) > 1:
            rows = torch.arange(len(preds), device=preds.device)
            preds = preds[rows, results.labels][:, None]
        probs = preds[:, 0] if activated else preds[:, 0].sigmoid()
        order = self.quality.store(results, results.scores,
                                   self.quality.pixel_scores(probs))
        if order is None:
            return preds, results
        return preds[order], results[order]

    def _predict_by_feat_single(self, mask_preds: Tensor, bboxes: Tensor,
                                labels: Tensor, *args: Any,
                                **kwargs: Any) -> Tensor:
        """Paste; one channel means that the class was chosen already."""
        if mask_preds.size(1) == 1:
            labels = torch.zeros_like(labels)
        return super()._predict_by_feat_single(mask_preds, bboxes, labels,
                                               *args, **kwargs)


@MODELS.register_module()
class QualityFCNMaskHead(QualityMaskMixin, FCNMaskHead):
    """Mask head of Mask R-CNN, Cascade Mask R-CNN and their like with QAM.

    Before a mask IoU head it takes ``quality=dict(weights=None)``: that head,
    plain or :class:`QualityMaskIoUHead`, expects the instances in the order
    that the detector gave them.
    """


@MODELS.register_module()
class QualityHTCMaskHead(QualityMaskMixin, HTCMaskHead):
    """Mask head of Hybrid Task Cascade with QAM; the last stage decides."""


@MODELS.register_module()
class QualitySCNetMaskHead(QualityMaskMixin, SCNetMaskHead):
    """Mask head of SCNet with QAM."""


@MODELS.register_module()
class QualityDynamicMaskHead(QualityMaskMixin, DynamicMaskHead):
    """Mask head of QueryInst with QAM; the last stage decides."""


@MODELS.register_module()
class QualityCoarseMaskHead(QualityMaskMixin, CoarseMaskHead):
    """Mask head of PointRend with QAM, which scores the refined masks."""


@MODELS.register_module()
class QualityMaskIoUHead(QualityHead, MaskIoUHead):
    """IoU head of Mask Scoring R-CNN: its output is Equation 1's IoU score.

    The plain head multiplies it into the score; nothing counts twice here. The
    pixel score comes from a :class:`QualityFCNMaskHead` with
    ``quality=dict(weights=None)``, where ``mode`` and ``thr`` are said, too.
    ``quality`` has ``weights``, (1., 1., 1.) unless said, and ``score_key``.
    """
    has_iou = True

    def predict_by_feat(
            self, mask_iou_preds: Sequence[Tensor],
            results_list: List[InstanceData]) -> List[InstanceData]:
        """Fuse the scores of each image and sort its instances by them.

        Per image ``mask_iou_preds`` has the predicted IoU for each class, (N,
        C). Adds the fields of :meth:`MaskQuality.store`. Raises an InputError
        if the mask head before has no pixel score, or has sorted already.
        """
        if self.quality is None:
            return super().predict_by_feat(mask_iou_preds, results_list)
        fused = []
        for preds, results in zip(mask_iou_preds, results_list):
            if 'pixel_scores' not in results or 'bbox_scores' in results:
                raise InputError('QualityMaskIoUHead needs a mask_head with '
                                 "type='QualityFCNMaskHead' and "
                                 'quality=dict(weights=None)')
            ious = preds.gather(1, results.labels[:, None])[:, 0]
            order = self.quality.store(results, results.scores,
                                       results.pixel_scores, ious)
            fused.append(results if order is None else results[order])
        return fused
