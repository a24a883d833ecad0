# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a user can mend. Imports nothing, so every room may use it."""


class InputError(ValueError):
    """Input that cannot work: a file, key or argument, named in the text.

    The command line tools print its text without a traceback.
    """
