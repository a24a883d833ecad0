# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Quality estimation from probability maps, in plain torch and numpy."""
from projects.qanet.utils.fusion import check_weights, quality_score
from projects.qanet.utils.paste_window import paste_window
from .paste import PastedPerson, SemanticMap, paste_parsing, paste_person
from .scores import mask_pixel_score, pixel_score

__all__ = [
    'PastedPerson', 'SemanticMap', 'check_weights', 'mask_pixel_score',
    'paste_parsing', 'paste_person', 'paste_window', 'pixel_score',
    'quality_score'
]
