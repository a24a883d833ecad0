# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The one reader of a data set's truth, shared by training and evaluation.

``docs/results_format.md`` lays the files down: a COCO json of persons and
three label maps with a text file for each image. Needs no torch and no
OpenMMLab.
"""
from .annotations import (ImageInfo, PersonInfo, check_noted_classes,
                          load_persons, read_annotations)
from .label_maps import (IGNORE_LABEL, check_label_names, check_label_values,
                         decode_label_map, label_path, read_label_map)
from .label_runs import (LabelRuns, empty_truth, make_label_runs,
                         read_label_runs)

__all__ = [
    'IGNORE_LABEL', 'ImageInfo', 'LabelRuns', 'PersonInfo',
    'check_label_names', 'check_noted_classes', 'check_label_values',
    'decode_label_map', 'empty_truth', 'label_path', 'load_persons',
    'make_label_runs', 'read_annotations', 'read_label_map', 'read_label_runs'
]
