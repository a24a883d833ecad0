# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Evaluation of dense pose on numpy alone: no torch, no OpenMMLab.

:class:`DensePoseEvaluator` evaluates a results file, or the records of each
image, against the annotations of COCO DensePose.
"""
from .accumulate import format_metrics
from .evaluator import MODES, DensePoseEvaluator
from .matching import ImageStatistics
from .pdist import convert_distances
from .similarity import MASK_RESIZES
from .surface import Surface

__all__ = [
    'DensePoseEvaluator', 'ImageStatistics', 'MASK_RESIZES', 'MODES',
    'Surface', 'convert_distances', 'format_metrics'
]
