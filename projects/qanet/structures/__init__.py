# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What one image's prediction is, in memory and on disk."""
from .boxes import boxes_to_center_scale, pad_boxes
from .parsing_instances import ParsingInstances
from .results_io import (ResultsDocument, read_results, read_results_document,
                         write_results)

__all__ = [
    'ParsingInstances', 'ResultsDocument', 'boxes_to_center_scale',
    'pad_boxes', 'read_results', 'read_results_document', 'write_results'
]
