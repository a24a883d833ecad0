# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from .qanet_head import IoUBranch, QANetHead
from .simple_baseline_head import SimpleBaselineHead

__all__ = ['IoUBranch', 'QANetHead', 'SimpleBaselineHead']
