# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Importing this module registers the parts of dense pose."""
from .dataset import DensePoseCocoDataset
from .metric import DensePoseMetric
from .transforms import (DensePoseAffine, LoadDensePose, PackDensePoseInputs,
                         RandomDensePoseFlip)

__all__ = [
    'DensePoseAffine', 'DensePoseCocoDataset', 'DensePoseMetric',
    'LoadDensePose', 'PackDensePoseInputs', 'RandomDensePoseFlip'
]
