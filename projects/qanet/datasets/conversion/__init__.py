# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From the downloads of data sets to the CIHP layout.

See ``docs/protocol.md``, section 6.
"""
from .atr import convert_atr
from .cihp import convert_cihp
from .class_lists import suggest_flip_pairs
from .lip import convert_lip
from .mhp_v2 import convert_mhp_v2
from .pascal_person_part import convert_pascal_person_part
from .polygons import convert_polygons
from .records import ImageRecord
from .single_person import convert_single_person
from .splits import Split, SplitReport, convert_split, convert_splits

__all__ = [
    'ImageRecord', 'Split', 'SplitReport', 'convert_atr', 'convert_cihp',
    'convert_lip', 'convert_mhp_v2', 'convert_pascal_person_part',
    'convert_polygons', 'convert_single_person', 'convert_split',
    'convert_splits', 'suggest_flip_pairs'
]
