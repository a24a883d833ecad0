# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Importing this module registers the metric."""
from .metric import DensePoseMetric

__all__ = ['DensePoseMetric']
