# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What one image's prediction is, in memory and on disk."""
from .boxes import boxes_to_center_scale, pad_boxes

__all__ = ['boxes_to_center_scale', 'pad_boxes']
