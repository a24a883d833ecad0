# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parsing R-CNN and RP R-CNN, registered with mmdet."""
from .transforms import LoadPersonLabels, PackRegionInputs, ParsingRandomFlip

__all__ = ['LoadPersonLabels', 'PackRegionInputs', 'ParsingRandomFlip']
