# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Weights of the released system, in our names and back."""
from .conversion import (METAINFOS, ConversionReport, convert_released,
                         fill_network, model_config, to_released,
                         training_config, training_data)
from .names import Network, find_network

__all__ = [
    'METAINFOS', 'ConversionReport', 'Network', 'convert_released',
    'fill_network', 'find_network', 'model_config', 'to_released',
    'training_config', 'training_data'
]
