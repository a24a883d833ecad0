# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What a user of the inferencer can mend."""


class InputError(ValueError):
    """An input, box or setting that cannot work; the text names it."""
