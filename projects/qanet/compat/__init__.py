# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What makes one plugin fit the OpenMMLab packages that are installed.

Importing it loads neither torch nor mmcv, see ``docs/installation.md``.
"""
from .finder import install_operators

__all__ = ['install_operators']
