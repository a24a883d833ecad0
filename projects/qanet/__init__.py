# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Quality-aware human parsing (QANet, arXiv 2103.05997) for OpenMMLab."""
from .compat import install_operators

__version__ = '0.1.0'

install_operators()
