# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""QAM for instance segmentation, registered with mmdet; needs no mmseg."""
from .mask_heads import (QualityCoarseMaskHead, QualityDynamicMaskHead,
                         QualityFCNMaskHead, QualityHTCMaskHead,
                         QualityMaskIoUHead, QualityMaskMixin,
                         QualitySCNetMaskHead)
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
