# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Whether pictures can be shown in windows."""
from functools import lru_cache
from typing import Optional

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number, plain_number

# matplotlib's backends that write files; waiting for a key they never end.
_WINDOWLESS = ('agg', 'cairo', 'pdf', 'pgf', 'ps', 'svg', 'template')


@lru_cache()
def _problem(backend: str) -> Optional[str]:
    """Why this backend of matplotlib opens no window, None if it does."""
    from matplotlib import pyplot
    if backend.lower() in _WINDOWLESS:
        return f'matplotlib has the backend {backend}'
    if 'inline' in backend.lower():
        return (f'matplotlib has the backend {backend}; in a notebook show '
                'the pictures that return_vis=True gives')
    try:
        pyplot.close(pyplot.figure())
    except Exception as error:  # each toolkit has errors of its own
        return str(error)
    return None


def check_window(wait_time: float = 0) -> float:
    """Check that mmengine's visualizers can show pictures in windows.

    ``wait_time`` are the seconds that each stays, 0 for ever; returned as a
    number of Python. Raises an InputError if no window can be opened, such as
    without a display, or the time is no finite number of at least 0.
    """
    wait_time = plain_number(wait_time)
    if not (is_number(wait_time) and wait_time >= 0):
        raise InputError('wait_time must be a finite number of seconds >= 0, '
                         f'but got {wait_time!r}')
    from matplotlib import pyplot
    problem = _problem(pyplot.get_backend())
    if problem is not None:
        raise InputError('no window can be opened here, so nothing can be '
                         f'shown (--show, show=True): {problem}')
    return wait_time
