# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Importing this module registers the parts of dense pose."""
from .dataset import DensePoseCocoDataset
from .losses import DensePosePatchLoss, DensePoseUVLoss
from .metric import DensePoseMetric
from .parser import DensePoseParser
from .transforms import (DensePoseAffine, LoadDensePose, PackDensePoseInputs,
                         RandomDensePoseFlip)
from .uv_head import UVHead
from .visualizer import DensePoseVisualizer

__all__ = [
    'DensePoseAffine', 'DensePoseCocoDataset', 'DensePoseMetric',
    'DensePoseParser', 'DensePosePatchLoss', 'DensePoseUVLoss',
    'DensePoseVisualizer', 'LoadDensePose', 'PackDensePoseInputs',
    'RandomDensePoseFlip', 'UVHead'
]
