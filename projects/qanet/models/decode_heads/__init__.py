# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from .qanet_head import IoUBranch, QANetHead

__all__ = ['IoUBranch', 'QANetHead']
