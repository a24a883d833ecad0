# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""All in mmdet's scope and its files; modules are imported by name."""
