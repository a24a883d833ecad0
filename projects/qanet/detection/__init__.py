# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Everything in mmdet's scope. Imports mmdet only where it is used."""
from .person_detector import PersonDetector

__all__ = ['PersonDetector']
