# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from matplotlib import pyplot

from projects.qanet.utils.errors import InputError
from projects.qanet.visualization import (ParsingVisualizationHook,
                                          ParsingVisualizer)
from projects.qanet.visualization.windows import _problem, check_window

NO_WINDOW = ('^no window can be opened here, so nothing can be shown '
             r'\(--show, show=True\): ')


@pytest.fixture
def backend(monkeypatch):
    """A function that pretends to a backend of matplotlib."""
    _problem.cache_clear()
    ParsingVisualizer.get_instance('windows')
    yield lambda name: monkeypatch.setattr(pyplot, 'get_backend', lambda: name)
    _problem.cache_clear()


@pytest.mark.parametrize('show', [
    check_window, lambda: ParsingVisualizationHook(draw=True, show=True),
    lambda: ParsingVisualizer().add_datasample(
        'a', np.zeros((9, 12, 3), np.uint8), show=True)
])
def test_without_a_display_nobody_waits_for_ever(backend, show):
    for name, text in (('Agg', ''),
                       ('module://x.backend_inline', '; in a '
                        'notebook show .* return_vis=True gives')):
        backend(name)
        with pytest.raises(
                InputError,
                match=f'{NO_WINDOW}matplotlib has the backend {name}{text}$'):
            show()
    ParsingVisualizationHook(show=True)


def test_a_toolkit_that_cannot_start(backend, monkeypatch):

    def fail():
        raise ImportError('Cannot load backend')

    backend('TkAgg')
    with monkeypatch.context() as patch:
        patch.setattr(pyplot, 'figure', fail)
        with pytest.raises(InputError, match=f'{NO_WINDOW}Cannot load'):
            check_window()
    _problem.cache_clear()
    check_window(2)
    assert not pyplot.get_fignums()


def test_times(backend):
    backend('TkAgg')
    for time in (-1, np.nan, np.inf, '2', None):
        with pytest.raises(InputError, match='^wait_time must be a finite'):
            check_window(time)
    for time in (np.int64(2), np.float32(2), np.array(2)):
        assert type(check_window(time)) in (int, float)
        assert check_window(time) == 2
