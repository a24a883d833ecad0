# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
import time
from functools import partial

import pytest

from projects.qanet.utils.errors import InputError
from tools.common.jobs import ROOT, Commands, num_threads


def write(path, *more):
    """Arguments of a command that writes a file, and what it writes there."""
    code = ('import os, sys, pathlib; print(os.environ["OMP_NUM_THREADS"]); '
            f'pathlib.Path({str(path)!r}).write_text(os.getcwd()); ')
    return '-c', code + ''.join(more)


def test_commands_run_in_the_repository(tmp_path, capfd):
    log, commands = tmp_path / 'folder/log.txt', Commands(threads=2)
    commands.run('draw', *write(tmp_path / 'a'), 'an argument')
    assert (tmp_path / 'a').read_text() == str(ROOT)
    title, command, said, done = capfd.readouterr().out.splitlines()
    assert title.endswith('s] draw') and done.endswith('s] draw: done')
    assert command.startswith('  $ python -c import os') and said == '2'
    assert command.endswith('an argument')
    commands.run('one', *write(tmp_path / 'a', 'print("first")'), log=log)
    with pytest.raises(
            InputError,
            match='two: python -c failed with exit '
            r'code 7, see the end of .*folder/log.txt'):
        commands.run(
            'two', *write(tmp_path / 'a', 'sys.exit(7)'), 'x', log=log)
    assert log.read_text().split() == ['2', 'first', '2']
    assert 'first' not in capfd.readouterr().out.replace('"first"', '')


def test_memory_is_kept_with_every_glibc(tmp_path, monkeypatch):
    """The manual of mallopt: 4 MiB x the size of a long at most."""
    monkeypatch.delenv('MALLOC_MMAP_THRESHOLD_', raising=False)
    show = 'print(os.environ["MALLOC_MMAP_THRESHOLD_"])'
    Commands(1).run('', *write(tmp_path / 'a', show), log=tmp_path / 'log')
    assert int((tmp_path / 'log').read_text().split()[1]) <= 4 * 8 << 20


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
    words = dict(
        slow=('-c', 'import time; time.sleep(60)'),
        fails=('-c', 'import sys; sys.exit(1)'),
        late=write(tmp_path / 'late'))
    jobs = [partial(commands.run, name, *words[name]) for name in words]
    start = time.time()
    with pytest.raises(InputError, match='fails: .*exit code 1'):
        commands.run_jobs(jobs, slots=2)
    assert time.time() - start < 30
    time.sleep(.2)
    assert not (tmp_path / 'late').exists()


@pytest.mark.parametrize('said, expected', [('', 3), ('5', 5), ('4,2', 3)])
def test_threads_of_a_process_with_few_cores(said, expected, monkeypatch):
    monkeypatch.setattr(os, 'cpu_count', lambda: 64)
    monkeypatch.setattr(
        os, 'sched_getaffinity', lambda _: {0, 7, 9}, raising=False)
    monkeypatch.setenv('OMP_NUM_THREADS', said)
    assert num_threads() == expected
