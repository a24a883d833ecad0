# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Metrics for OpenMMLab's evaluator."""
from .parsing_metric import ParsingMetric
from .pixel_threshold_metric import PixelThresholdMetric

__all__ = ['ParsingMetric', 'PixelThresholdMetric']
