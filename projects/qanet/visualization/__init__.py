# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pictures of parsed persons."""
from .visualization_hook import ParsingVisualizationHook
from .visualizer import ParsingVisualizer

__all__ = ['ParsingVisualizationHook', 'ParsingVisualizer']
