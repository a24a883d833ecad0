# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from .crop_settings import CropSettings
from .parser_ensemble import ParserEnsemble
from .person_crops import add_predictions, predict_persons, sizes_of
from .topdown_parser import (AugmentedParser, CascadeTopDownParser,
                             TopDownParser)

__all__ = [
    'AugmentedParser', 'CascadeTopDownParser', 'CropSettings',
    'ParserEnsemble', 'TopDownParser', 'add_predictions', 'predict_persons',
    'sizes_of'
]
