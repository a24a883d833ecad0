# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From the downloads of data sets to the CIHP layout (PROTOCOL 6)."""
from .cihp import convert_cihp
from .single_person import convert_single_person
from .splits import ImageRecord, SplitReport, convert_split

__all__ = [
    'ImageRecord', 'SplitReport', 'convert_cihp', 'convert_single_person',
    'convert_split'
]
