# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.


class DataError(ValueError):
    """A file of the data set that cannot be used; its text names it."""
