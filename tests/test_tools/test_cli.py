# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""How tools end, and that the tests' ``run_tool`` is like a process."""
import io
import os
import sys

import numpy as np
import pytest

from projects.qanet.utils.errors import InputError
from tools.common import cli

TOOL = """
import logging, os, random, sys
import numpy, torch
from mmengine.logging import MMLogger
from projects.qanet.utils.errors import InputError
from tools.common.cli import run_tool

def main():
    print(sys.argv[1:], os.getcwd(), MMLogger.check_instance_created('tool'))
    os.environ['OF_A_TOOL'] = '1'
    sys.path.insert(0, 'of a tool')
    MMLogger.get_instance('tool')
    logging.warning('look out')
    numpy.random.seed(0), torch.manual_seed(0), random.seed(0)
    if sys.argv[1:] == ['bad']:
        raise InputError('bad is no word')
    sys.exit(sys.argv[1] if sys.argv[1:] else 0)

run_tool(main)
"""


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


def test_tools_in_this_process_leave_it_alone(tmp_path, run_tool):
    path = tmp_path / 'tool.py'
    path.write_text(TOOL)
    state = sys.argv, sys.path[:], dict(os.environ), os.getcwd()
    numbers = np.random.get_state()[1].tolist()
    for words, code, error in (((), 0, ''), (('bad', ), 2,
                                             'error: bad is no word\n'),
                               (('word', ), 1, 'word\n')):
        done = run_tool(path, *words, cwd=tmp_path, code=code)
        # No instance of the run before is left.
        assert done.stdout == f'{list(words)} {tmp_path} False\n'
        assert done.stderr.endswith('look out\n' + error)
    assert state == (sys.argv, sys.path, dict(os.environ), os.getcwd())
    assert np.random.get_state()[1].tolist() == numbers
