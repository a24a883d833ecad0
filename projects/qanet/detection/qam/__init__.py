# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""QAM for instance segmentation, registered with mmdet.

Configs import it with ``custom_imports =
dict(imports=['projects.qanet.detection.qam'], allow_failed_imports=False)``.
It needs mmdet, and nothing of mmseg.
"""
from .mask_heads import (QualityCoarseMaskHead, QualityDynamicMaskHead,
                         QualityFCNMaskHead, QualityHTCMaskHead,
                         QualityMaskMixin, QualitySCNetMaskHead)
from .mask_iou_head import QualityMaskIoUHead
from .metrics import QualityCocoMetric, QualityLVISMetric, QualityMetricMixin
from .settings import MaskQuality
from .solo_heads import (QualityDecoupledSOLOHead,
                         QualityDecoupledSOLOLightHead, QualitySOLOHead,
                         QualitySOLOMixin, QualitySOLOv2Head)

__all__ = [
    'MaskQuality', 'QualityCoarseMaskHead', 'QualityCocoMetric',
    'QualityDecoupledSOLOHead', 'QualityDecoupledSOLOLightHead',
    'QualityDynamicMaskHead', 'QualityFCNMaskHead', 'QualityHTCMaskHead',
    'QualityLVISMetric', 'QualityMaskIoUHead', 'QualityMaskMixin',
    'QualityMetricMixin', 'QualitySCNetMaskHead', 'QualitySOLOHead',
    'QualitySOLOMixin', 'QualitySOLOv2Head'
]
