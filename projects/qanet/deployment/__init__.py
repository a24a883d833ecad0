# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parsers outside torch: ONNX files that carry all that parsing needs.

Nothing here is imported until it is used: ``onnx`` (to export) and
``onnxruntime`` (to run) are optional.
"""
