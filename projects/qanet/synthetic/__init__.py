# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Drawn people: a data set that needs no download (layout of CIHP)."""
from .dataset import write_dataset, write_scene
from .scene import SyntheticScene, draw_scene

__all__ = ['SyntheticScene', 'draw_scene', 'write_dataset', 'write_scene']
