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


@pytest.fixture(autouse=True)
def agg():
    _problem.cache_clear()
    before = pyplot.get_backend()
    pyplot.switch_backend('Agg')
    ParsingVisualizer.get_instance('windows')
    yield
    pyplot.switch_backend(before)
    _problem.cache_clear()


@pytest.mark.parametrize('show', [
    lambda: check_window(),
    lambda: ParsingVisualizationHook(draw=True, show=True),
    lambda: ParsingVisualizer().add_datasample(
        'a', np.zeros((9, 12, 3), np.uint8), show=True)
])
def test_without_a_display_nobody_waits_for_ever(show):
    with pytest.raises(InputError, match=f'{NO_WINDOW}matplotlib has the '):
        show()
    ParsingVisualizationHook(show=True)


def test_a_toolkit_that_cannot_start(monkeypatch):
    monkeypatch.setattr(pyplot, 'get_backend', lambda: 'TkAgg')

    def fail():
        raise ImportError('Cannot load backend')

    monkeypatch.setattr(pyplot, 'figure', fail)
    with pytest.raises(InputError, match=f'{NO_WINDOW}Cannot load backend$'):
        check_window()
    _problem.cache_clear()
    monkeypatch.undo()
    monkeypatch.setattr(pyplot, 'get_backend', lambda: 'TkAgg')
    check_window(2)
    assert not pyplot.get_fignums()


@pytest.mark.parametrize('time', [-1, np.nan, np.inf, '2', None])
def test_times(time):
    with pytest.raises(InputError, match='^wait_time must be a finite number'):
        check_window(time)


@pytest.mark.parametrize('time', [np.int64(2), np.float32(2), np.array(2)])
def test_times_of_numpy(monkeypatch, time):
    monkeypatch.setattr(pyplot, 'get_backend', lambda: 'TkAgg')
    assert check_window(time) == 2 and not hasattr(check_window(time), 'ndim')


@pytest.mark.parametrize(
    'name', ['inline', 'module://matplotlib_inline.backend_inline'])
def test_in_a_notebook_there_is_another_way(monkeypatch, name):
    monkeypatch.setattr(pyplot, 'get_backend', lambda: name)
    with pytest.raises(
            InputError,
            match=f'{NO_WINDOW}matplotlib has the backend {name}; in a '
            'notebook show the pictures that return_vis=True gives$'):
        check_window()
