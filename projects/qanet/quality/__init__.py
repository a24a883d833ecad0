# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Quality estimation from probability maps, in plain torch.

Needs torch and numpy only: nothing here imports an OpenMMLab package. The
scores take numpy arrays as well as tensors.
"""
from .canvas import paste_window
from .fusion import check_weights, quality_score
from .paste import (PastedConfidence, PastedPerson, paste_confidence,
                    paste_parsing, paste_person)
from .pixel_score import mask_pixel_score, pixel_score

__all__ = [
    'PastedConfidence', 'PastedPerson', 'check_weights', 'mask_pixel_score',
    'paste_confidence', 'paste_parsing', 'paste_person', 'paste_window',
    'pixel_score', 'quality_score'
]
