# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Importing this module registers the data set and its transforms."""
from .dataset import DensePoseCocoDataset
from .transforms import (DensePoseAffine, LoadDensePose, PackDensePoseInputs,
                         RandomDensePoseFlip)

__all__ = [
    'DensePoseAffine', 'DensePoseCocoDataset', 'LoadDensePose',
    'PackDensePoseInputs', 'RandomDensePoseFlip'
]
