# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Everything in mmdet's scope, and what reads and writes its files.

Each module is imported by name: most need no mmdet, some no torch.
"""
