# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Importing this module registers the visualizer and its hook."""
from .visualization_hook import ParsingVisualizationHook
from .visualizer import ParsingVisualizer

__all__ = ['ParsingVisualizationHook', 'ParsingVisualizer']
