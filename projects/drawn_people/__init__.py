# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Drawn people: data sets that need no download."""
from .dataset import write_dataset, write_instance_dataset
from .densepose_dataset import write_densepose_dataset
from .scene import Scene, draw_scene

__all__ = [
    'Scene', 'draw_scene', 'write_dataset', 'write_densepose_dataset',
    'write_instance_dataset'
]
