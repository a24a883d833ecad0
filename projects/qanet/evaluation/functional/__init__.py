# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Metrics of human parsing on numpy alone: no torch, no OpenMMLab."""
from .annotations import GroundTruthError, ImageInfo, read_annotations
from .average_precision import average_precision
from .evaluator import ParsingEvaluator
from .image_statistics import (METRICS, ImageStatistics, Thresholds,
                               image_statistics, measure_overlaps)
from .matching import (Candidates, match_best_free, match_first_choice,
                       match_reusing)
from .protocols import PROTOCOLS, Protocol, get_protocol
from .report import SUMMARY_KEYS, format_tables, write_metrics
from .scores import PersonScores, fuse_quality, fuse_records, read_scores
from .summary import summarize
from .suppression import suppress_greedily, suppress_released

__all__ = [
    'METRICS', 'PROTOCOLS', 'Candidates', 'GroundTruthError', 'ImageInfo',
    'ImageStatistics', 'ParsingEvaluator', 'SUMMARY_KEYS', 'format_tables',
    'write_metrics', 'fuse_records', 'PersonScores', 'Protocol', 'Thresholds',
    'average_precision', 'fuse_quality', 'get_protocol', 'image_statistics',
    'match_best_free', 'match_first_choice', 'match_reusing',
    'measure_overlaps', 'read_annotations', 'read_scores', 'suppress_greedily',
    'suppress_released', 'summarize'
]
