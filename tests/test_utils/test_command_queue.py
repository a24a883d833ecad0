# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from pathlib import Path

import pytest

from projects.qanet.utils.command_queue import Clock, run_queues
from projects.qanet.utils.errors import InputError


class Job:
    """Writes its steps into a file, one process each."""

    def __init__(self, title: str, folder: Path, steps: int, fail: int = -1):
        self.title, self.folder = title, folder
        self.log = folder / title / 'job.log'
        self.steps, self.fail = steps, fail
        self.finished = 0

    def commands(self):
        for k in range(self.steps):
            code = 'import os, sys, pathlib; ' \
                f'pathlib.Path("{self.title}{k}").write_text("x"); ' \
                f'print("Epoch(train) [{k}]  eta: 0:01", ' \
                f'os.environ["OMP_NUM_THREADS"]); sys.exit({k == self.fail})'
            yield f'step {k}', ['-c', code]
            self.finished += 1


def test_all_steps_run_in_order(tmp_path, capsys):
    jobs = [Job(name, tmp_path, 2) for name in 'abc']
    run_queues(jobs, 2, Clock(), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()
                  if p.is_file()) == ['a0', 'a1', 'b0', 'b1', 'c0', 'c1']
    assert [job.finished for job in jobs] == [2, 2, 2]
    log = jobs[0].log.read_text()
    assert log.index('[0]') < log.index('[1]')
    said = capsys.readouterr().out
    assert said.index('a: step 0') < said.index('a: step 1') < \
        said.index('a: done')
    assert said.index('c: step 0') > min(
        said.index('a: done'), said.index('b: done'))


def test_nothing_to_do(tmp_path, capsys):
    run_queues([Job('a', tmp_path, 0)], 1, Clock(), tmp_path)
    assert 'a: done' in capsys.readouterr().out
    assert not (tmp_path / 'a').exists()


def test_a_failure_names_job_step_and_log(tmp_path):
    jobs = [Job('a', tmp_path, 3, fail=1), Job('b', tmp_path, 1)]
    with pytest.raises(InputError, match='a: step 1 failed .*job.log'):
        run_queues(jobs, 1, Clock(), tmp_path)
    assert jobs[0].finished == 1
    assert not (tmp_path / 'a2').exists() and not (tmp_path / 'b0').exists()


def test_progress_is_what_the_running_step_has_logged(tmp_path, capsys):

    class Slow(Job):

        def commands(self):
            yield 'first', ['-c', 'print("Epoch(train) [1]  eta: 0:09")']
            yield 'second', ['-c', 'import time; time.sleep(.6)']

    run_queues([Slow('a', tmp_path, 0)], 1, Clock(), tmp_path, report_every=.1)
    said = capsys.readouterr().out.splitlines()
    second = [line for line in said if 'a: second' in line]
    assert len(second) > 1
    assert not any('Epoch' in line for line in second)
