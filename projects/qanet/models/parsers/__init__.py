# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from .topdown_parser import TopDownParser

__all__ = ['TopDownParser']
