# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Mask Scoring R-CNN's IoU head as the IoU score of Equation 1."""
from typing import Any, Dict, List, Optional, Sequence

from mmdet.models.roi_heads.mask_heads import MaskIoUHead
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor

from projects.qanet.utils.errors import InputError
from .settings import MaskQuality


@MODELS.register_module()
class QualityMaskIoUHead(MaskIoUHead):
    """Fuses box score, predicted mask IoU and pixel score.

    The plain head multiplies the predicted IoU into the score. Here it is
    the IoU score of Equation 1 instead, so nothing counts twice. The pixel
    score comes from a :class:`QualityFCNMaskHead` with
    ``quality=dict(weights=None)``, which scores but leaves fusion and order
    to this head; ``mode`` and ``thr`` are said there.

    ``quality`` has ``weights`` and ``score_key`` of :class:`MaskQuality`, with
    weights (1., 1., 1.) unless said; None multiplies as the plain head. Raises
    an InputError if it is not allowed.
    """

    def __init__(self,
                 *args: Any,
                 quality: Optional[Dict[str, Any]] = dict(),
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if quality is not None:
            quality = dict(dict(weights=(1., 1., 1.)), **quality)
            for key in {'mode', 'thr'} & set(quality):
                raise InputError(f'quality: {key} belongs to the mask head, '
                                 'which computes the pixel score')
            if quality['weights'] is None:
                raise InputError('quality: weights of the mask IoU head must '
                                 'be three numbers, no head fuses after it')
        self.quality = MaskQuality.from_config(quality, has_iou=True)

    def predict_by_feat(
            self, mask_iou_preds: Sequence[Tensor],
            results_list: List[InstanceData]) -> List[InstanceData]:
        """Fuse the scores of each image and sort its instances by them.

        Per image ``mask_iou_preds`` has the predicted IoU for each class, (N,
        C), rows as in the results. Adds the fields of
        :meth:`MaskQuality.store`. Raises an InputError if the mask head before
        has no pixel score, or has fused and sorted already.
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
