# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import io
import sys

import pytest

from projects.qanet.utils.errors import InputError
from tools.common import cli


def test_names_that_the_terminal_cannot_show(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding='ascii')
    monkeypatch.setattr(sys, 'stdout', terminal)
    cli.run_tool(lambda: print('\u886b J\u00e4ckchen'))
    terminal.flush()
    assert terminal.buffer.getvalue() == b'\\u886b J\\xe4ckchen\n'


@pytest.mark.parametrize('error, code, text', [
    (InputError('a.json is empty'), 2, 'error: a.json is empty'),
    (OSError('a.json is empty'), 2, 'error: a.json is empty'),
    (InputError(
        'Original Traceback (most recent call last):\n  File "x.py"\n'
        'projects.InputError: a.json is empty'), 2, 'error: a.json is empty'),
    (KeyboardInterrupt(), 130, 'interrupted'),
    (KeyboardInterrupt('3 of 4 done'), 130, '3 of 4 done'),
])
def test_a_tool_ends_with_one_sentence(error, code, text, capsys):

    def fail():
        raise error

    with pytest.raises(SystemExit) as end:
        cli.run_tool(fail)
    assert end.value.code == code
    assert capsys.readouterr().err == f'{text}\n'
