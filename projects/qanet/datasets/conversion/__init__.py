# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From downloads of data sets to the CIHP layout (docs/protocol.md, 6)."""
from .pascal_person_part import convert_pascal_person_part
from .png_labels import convert_atr, convert_official, convert_single_person
from .polygons import convert_polygons, suggest_flip_pairs
from .records import (SPLITS, ImageRecord, Split, SplitReport, coco_document,
                      convert_split, convert_splits)

__all__ = [
    'SPLITS', 'ImageRecord', 'Split', 'SplitReport', 'coco_document',
    'convert_atr', 'convert_official', 'convert_pascal_person_part',
    'convert_polygons', 'convert_single_person', 'convert_split',
    'convert_splits', 'suggest_flip_pairs'
]
