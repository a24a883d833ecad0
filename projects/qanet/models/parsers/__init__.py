# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from .crop_parser import CropParser
from .parser_ensemble import ParserEnsemble
from .person_parser import PersonParser, PersonProbs
from .topdown_parser import CascadeTopDownParser, TopDownParser

__all__ = [
    'CascadeTopDownParser', 'CropParser', 'ParserEnsemble', 'PersonParser',
    'PersonProbs', 'TopDownParser'
]
