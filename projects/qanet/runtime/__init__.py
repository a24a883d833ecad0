# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parsing without torch: numpy, OpenCV and onnxruntime, see docs/runtime.md.

It reads what ``tools/model_converters/export_onnx.py`` writes and gives the
same persons as :class:`projects.qanet.apis.HumanParsingInferencer`.
"""
from .human_parsing_runtime import HumanParsingRuntime

__all__ = ['HumanParsingRuntime']
