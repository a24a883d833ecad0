# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from .parsing_data_preprocessor import ParsingDataPreprocessor

__all__ = ['ParsingDataPreprocessor']
