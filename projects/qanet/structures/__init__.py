# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What one image's prediction is, in memory and on disk."""
from .boxes import boxes_to_center_scale, pad_boxes
from .parsing_instances import ParsingInstances
from .results_io import ResultsFormatError, read_results, write_results

__all__ = [
    'ParsingInstances', 'ResultsFormatError', 'boxes_to_center_scale',
    'pad_boxes', 'read_results', 'write_results'
]
