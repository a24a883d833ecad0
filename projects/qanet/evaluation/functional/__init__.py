# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Metrics of human parsing on numpy alone: no torch, no OpenMMLab.

:class:`ParsingEvaluator` evaluates a results file against label maps on disk.
With arrays: :func:`measure_overlaps` and :func:`reduce_image` for each image,
then :func:`summarize` or, for intervals, :func:`bootstrap_metrics`.
"""
from .bootstrap import bootstrap_metrics, draw_counts, percentile_interval
from .evaluator import ParsingEvaluator
from .image_statistics import (METRICS, ImageStatistics, Thresholds,
                               measure_overlaps, reduce_image)
from .protocols import (PROTOCOLS, Protocol, get_protocol, suppress_greedily,
                        suppress_released)
from .report import SUMMARY_KEYS, format_tables, format_value, write_metrics
from .scores import PersonScores, read_scores
from .summary import average_precision, summarize, summarize_samples
from .weight_search import WeightSearch, best_point, weight_grid

__all__ = [
    'ImageStatistics', 'METRICS', 'PROTOCOLS', 'ParsingEvaluator',
    'PersonScores', 'Protocol', 'SUMMARY_KEYS', 'Thresholds', 'WeightSearch',
    'average_precision', 'best_point', 'bootstrap_metrics', 'draw_counts',
    'format_tables', 'format_value', 'get_protocol', 'measure_overlaps',
    'percentile_interval', 'read_scores', 'reduce_image', 'summarize',
    'summarize_samples', 'suppress_greedily', 'suppress_released',
    'weight_grid', 'write_metrics'
]
