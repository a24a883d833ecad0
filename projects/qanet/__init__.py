# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Quality-aware human parsing (QANet, arXiv 2103.05997) for OpenMMLab.

Importing this package loads nothing heavy; import
:mod:`projects.qanet.plugin` to register every part with mmseg and mmdet.
"""
from .compat import install_operators

__version__ = '0.1.0'

install_operators()
