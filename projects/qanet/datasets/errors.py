# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from projects.qanet.utils.errors import InputError


class DataError(InputError):
    """A file of the data set that cannot be used; its text names it."""
