# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import io
import sys

import pytest

from projects.qanet.utils.errors import InputError
from tools.common.cli import run_tool


def test_names_that_the_terminal_cannot_show(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), encoding='ascii')
    monkeypatch.setattr(sys, 'stdout', terminal)
    run_tool(lambda: print('\u886b J\u00e4ckchen'))
    terminal.flush()
    assert terminal.buffer.getvalue() == b'\\u886b J\\xe4ckchen\n'


def test_what_a_user_can_mend_is_one_sentence(capsys):

    def fail():
        raise InputError('a.json is empty')

    with pytest.raises(SystemExit) as end:
        run_tool(fail)
    assert end.value.code == 2
    assert capsys.readouterr().err == 'error: a.json is empty\n'


@pytest.mark.parametrize('text', ['interrupted', 'interrupted, 3 of 4 done'])
def test_ctrl_c_is_one_line(capsys, text):

    def stop():
        raise KeyboardInterrupt(*[text] * (text != 'interrupted'))

    with pytest.raises(SystemExit) as end:
        run_tool(stop)
    assert end.value.code == 130
    assert capsys.readouterr().err == f'{text}\n'
