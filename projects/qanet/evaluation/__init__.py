# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Metrics of instance-level human parsing.

``docs/protocol.md``, sections 7 and 8, defines them. ``functional`` and
``dumps``, the challenges' file format, need no torch; ``metrics`` is for
OpenMMLab. Nothing is imported here, so that the first can be used without
the second.
"""
