# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Metrics of instance-level human parsing (PROTOCOL 7 and 8).

``functional`` and ``dumps``, the challenges' file format, need numpy and
Pillow only; ``metrics`` is for OpenMMLab.
Nothing is imported here, so that the first can be used without the second.
"""
