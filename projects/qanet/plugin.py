# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Importing this module registers every part of the plugin.

Configs do it with ``custom_imports = dict(imports=['projects.qanet.plugin'],
allow_failed_imports=False)``, see ``configs/_base_/default_runtime.py``.
"""
from projects.qanet import engine, models
from projects.qanet.datasets import (atr, cihp, human_parsing, lip, mhp_v2,
                                     pascal_person_part, transforms)
from projects.qanet.evaluation import metrics
from projects.qanet.utils.checkpoint import allow_mmengine_checkpoints
from projects.qanet.visualization import visualization_hook, visualizer

__all__ = [
    'atr', 'cihp', 'engine', 'human_parsing', 'lip', 'metrics', 'mhp_v2',
    'models', 'pascal_person_part', 'transforms', 'visualization_hook',
    'visualizer'
]

allow_mmengine_checkpoints()
