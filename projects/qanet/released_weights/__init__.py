# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Weights of the released systems, in our names and back."""
from .conversion import (METAINFOS, ConversionReport, convert_released,
                         fill_network, model_config, to_released,
                         training_config, training_data)
from .names import Network, find_network
from .region_parsers import convert_region_parser, region_parser_config

__all__ = [
    'METAINFOS', 'ConversionReport', 'Network', 'convert_region_parser',
    'convert_released', 'fill_network', 'find_network', 'model_config',
    'region_parser_config', 'to_released', 'training_config', 'training_data'
]
