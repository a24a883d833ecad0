# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parsers as ONNX files; onnx and onnxruntime are imported when used."""
