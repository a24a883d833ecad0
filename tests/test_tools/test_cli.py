# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import ast
import io
import sys
from pathlib import Path

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


def test_tools_import_operators_before_what_needs_them():
    """mmdet and mmseg's models ask an mmcv for operators when imported."""
    root = Path(__file__).parents[2]
    for path in (*root.glob('tools/**/*.py'), *root.glob('studies/*.py')):
        names = []
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names.append(node.module or '')
        for name in names:
            if name.startswith('projects.qanet'):
                break
            assert (name == 'mmseg.registry' or name.split('.')[0]
                    not in ('mmcv', 'mmdet', 'mmseg', 'mmpretrain')), path
