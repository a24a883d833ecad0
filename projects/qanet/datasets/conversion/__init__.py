# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From the downloads of data sets to the CIHP layout.

See ``docs/protocol.md``, section 6. ``official`` and ``pascal_person_part``
know the published data sets, ``single_person`` and ``polygons`` read data of
one's own; they share ``records`` (walk a split, write its json), ``maps``
(label maps) and ``files``.
"""
from .official import convert_official
from .pascal_person_part import convert_pascal_person_part
from .polygons import convert_polygons, suggest_flip_pairs
from .records import (SPLITS, ImageRecord, Split, SplitReport, coco_document,
                      convert_split, convert_splits)
from .single_person import convert_atr, convert_single_person

__all__ = [
    'SPLITS', 'ImageRecord', 'Split', 'SplitReport', 'coco_document',
    'convert_atr', 'convert_official', 'convert_pascal_person_part',
    'convert_polygons', 'convert_single_person', 'convert_split',
    'convert_splits', 'suggest_flip_pairs'
]
