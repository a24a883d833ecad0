# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Metrics of human parsing on numpy alone: no torch, no OpenMMLab.

:class:`ParsingEvaluator` evaluates a results file against label maps on disk.
The same with arrays, for one image of 4 x 6 pixels (height x width) with one
person, whose head and torso were found almost right:

Examples:
    >>> import numpy as np
    >>> from projects.qanet.evaluation.functional import (
    ...     PersonScores, get_protocol, measure_overlaps, reduce_image,
    ...     summarize)
    >>> from projects.qanet.ground_truth import (ImageInfo, PersonInfo,
    ...                                          make_label_runs)
    >>> from projects.qanet.structures import ParsingInstances
    >>> categories = np.zeros((4, 6), np.uint8)
    >>> categories[0, 1:3], categories[1:, 1:3] = 1, 2
    >>> truth = make_label_runs(categories, categories > 0, categories,
    ...                         {1: 1, 2: 2})
    >>> image = ImageInfo(7, '0007.jpg', width=6, height=4,
    ...                   persons=(PersonInfo(1, is_crowd=False), ))
    >>> found = categories.copy()
    >>> found[3, 2] = 0  # one of six pixels of the torso is missing
    >>> persons = ParsingInstances(
    ...     bboxes=[[1, 0, 3, 4]], bbox_scores=[.9], iou_scores=[.8],
    ...     pixel_scores=[.7], scores=[.8], part_pixel_scores=[[.7, .6]],
    ...     part_scores=[[.8, .7]], labels=[0], part_maps=[found],
    ...     offsets=[[0, 0]], image_size=(6, 4), image_id=7)
    >>> runs = persons.runs()
    >>> overlaps = measure_overlaps(image, truth, runs, num_classes=3)
    >>> overlaps.to_truth.class_ious[0, 0].round(3)
    array([0.941, 1.   , 0.833])
    >>> strict = get_protocol('strict')
    >>> scores = PersonScores.from_instances(persons, runs, '0007.jpg')
    >>> statistics = reduce_image(overlaps, scores, strict)
    >>> values = summarize([statistics], ['background', 'head', 'torso'],
    ...                    strict)
    >>> [round(values[key], 1) for key in ('mIoU', 'APp', 'PCP_90', 'APr')]
    [92.5, 100.0, 50.0, 94.4]
"""
from .evaluator import ParsingEvaluator
from .image_statistics import (METRICS, ImageStatistics, Thresholds,
                               measure_overlaps, reduce_image)
from .protocols import PROTOCOLS, Protocol, get_protocol
from .report import SUMMARY_KEYS, format_tables, format_value, write_metrics
from .scores import PersonScores, read_scores
from .summary import average_precision, summarize
from .suppression import suppress_greedily, suppress_released
from .weight_search import WeightSearch, best_point, weight_grid

__all__ = [
    'ImageStatistics', 'METRICS', 'PROTOCOLS', 'ParsingEvaluator',
    'PersonScores', 'Protocol', 'SUMMARY_KEYS', 'Thresholds', 'WeightSearch',
    'average_precision', 'best_point', 'format_tables', 'format_value',
    'get_protocol', 'measure_overlaps', 'read_scores', 'reduce_image',
    'suppress_greedily', 'suppress_released', 'summarize', 'weight_grid',
    'write_metrics'
]
