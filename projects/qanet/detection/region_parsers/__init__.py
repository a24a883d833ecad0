# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parsers of regions of a whole image, registered with mmdet."""
from .anchors import RatioRoundedAnchorGenerator
from .box_coder import PixelBoxCoder
from .parsing_head import RegionParsingHead
from .parsing_iou_head import ParsingIoUHead
from .parsing_rcnn import RPRCNN, ParsingRCNN
from .parsing_roi_head import ParsingRoIHead
from .semantic_head import GlobalSemanticHead
from .targets import parsing_targets
from .transforms import LoadPersonLabels, PackRegionInputs, ParsingRandomFlip

__all__ = [
    'GlobalSemanticHead', 'LoadPersonLabels', 'PackRegionInputs',
    'ParsingIoUHead', 'ParsingRCNN', 'ParsingRandomFlip', 'ParsingRoIHead',
    'PixelBoxCoder', 'RPRCNN', 'RatioRoundedAnchorGenerator',
    'RegionParsingHead', 'parsing_targets'
]
