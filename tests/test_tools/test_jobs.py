# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import time
from functools import partial

import pytest

from projects.qanet.utils.errors import InputError
from tools.common.jobs import ROOT, Commands


def write(path, *more):
    """Arguments of a command that writes a file, and what it writes there."""
    code = ('import os, sys, pathlib; print(os.environ["OMP_NUM_THREADS"]); '
            f'pathlib.Path({str(path)!r}).write_text(os.getcwd()); ')
    return '-c', code + ''.join(more)


def test_a_command_runs_in_the_repository(tmp_path, capfd):
    Commands(threads=3).run('draw', *write(tmp_path / 'a'), 'an argument')
    assert (tmp_path / 'a').read_text() == str(ROOT)
    said = capfd.readouterr().out.splitlines()
    assert said[0].endswith('s] draw') and said[-1].endswith('s] draw: done')
    assert said[1].startswith('  $ python -c import os')
    assert said[1].endswith('an argument')
    assert said[2] == '3'


def test_a_log_takes_what_the_commands_say(tmp_path, capfd):
    log = tmp_path / 'folder/log.txt'
    commands = Commands(threads=2)
    commands.run('one', *write(tmp_path / 'a', 'print("first")'), log=log)
    with pytest.raises(
            InputError,
            match='two: python -c failed with exit '
            r'code 7, see the end of .*folder/log.txt'):
        commands.run(
            'two', *write(tmp_path / 'a', 'sys.exit(7)'), 'x', log=log)
    assert log.read_text().split() == ['2', 'first', '2']
    assert 'first' not in capfd.readouterr().out.replace('"first"', '')


def test_jobs_run_side_by_side_in_order(tmp_path):
    commands, began = Commands(1), []

    def job(name):
        began.append(name)
        # Each waits for the other: one at a time would never end.
        other = tmp_path / ('b' if name == 'a' else 'a')
        wait = (f'\nimport time\nwhile not os.path.exists({str(other)!r}): '
                'time.sleep(.01)')
        commands.run(name, *write(tmp_path / name, wait), log=tmp_path / 'log')
        commands.run(name, *write(tmp_path / f'{name}2'), log=tmp_path / 'log')

    commands.run_jobs([partial(job, name) for name in 'ab'], slots=2)
    assert began == ['a', 'b']
    assert (tmp_path / 'a2').exists() and (tmp_path / 'b2').exists()


def test_a_failure_ends_the_others(tmp_path):
    commands = Commands(1)
    log = tmp_path / 'log'

    def slow():
        commands.run('slow', '-c', 'import time; time.sleep(60)', log=log)

    def fails():
        commands.run('fails', '-c', 'import sys; sys.exit(1)', log=log)

    def late():
        commands.run('late', *write(tmp_path / 'late'), log=log)

    start = time.time()
    with pytest.raises(InputError, match='fails: .*exit code 1, see .*log'):
        commands.run_jobs([slow, fails, late], slots=2)
    assert time.time() - start < 30
    time.sleep(.2)
    assert not (tmp_path / 'late').exists()
