# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Weights of the released system, in our names and back."""
from .conversion import (ConversionReport, convert_released, fill_network,
                         model_config, to_released)
from .names import Network, find_network
from .training_data import METAINFOS, training_config, training_data

__all__ = [
    'METAINFOS', 'ConversionReport', 'Network', 'convert_released',
    'fill_network', 'find_network', 'model_config', 'to_released',
    'training_config', 'training_data'
]
