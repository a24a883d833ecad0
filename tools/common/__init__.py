# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the command line tools share; not part of the installed package."""
