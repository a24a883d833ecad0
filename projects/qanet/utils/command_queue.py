# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Long commands side by side: each job's in order, a few jobs at a time."""
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Iterator, List, Optional, Protocol, Sequence, Tuple

from .errors import InputError
from .steps import tool_environment


class CommandQueue(Protocol):
    """What one job must offer.

    Attributes:
        title (str): Its name in messages.
        log (Path): File to which the output of its commands is appended.
    """
    title: str
    log: Path

    def commands(self) -> Iterator[Tuple[str, List[Any]]]:
        """Its commands; one is asked for when the last has succeeded.

        Yields:
            tuple[str, list]: What it does, and the arguments for Python.
        """


class Clock:
    """Prints lines with the time since the start."""

    def __init__(self) -> None:
        self.start = time.time()

    def say(self, text: str) -> None:
        """Print a line at once.

        Args:
            text (str): The line; the seconds since the start precede it.
        """
        print(f'[{time.time() - self.start:5.0f} s] {text}', flush=True)


class _Worker:
    """Works through the commands of one job, one process at a time."""

    def __init__(self, job: CommandQueue, clock: Clock, threads: int,
                 cwd: Path) -> None:
        self.job, self.clock, self.cwd = job, clock, cwd
        self.env = tool_environment(OMP_NUM_THREADS=str(threads))
        self.commands = job.commands()
        self.process: Optional[subprocess.Popen] = None
        self.advance()

    def advance(self) -> bool:
        """Start the next command; False when nothing is left."""
        self.step, arguments = next(self.commands, ('', []))
        self.clock.say(f'{self.job.title}: {self.step or "done"}')
        if not self.step:
            return False
        self.job.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.job.log, 'a', encoding='utf-8') as log:
            self.begin = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                cwd=self.cwd,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT)
        return True

    def poll(self) -> bool:
        """Whether there is still something to do; raises InputError."""
        if not self.step:
            return False
        code = self.process.poll()
        if code:
            raise InputError(f'{self.job.title}: {self.step} failed with '
                             f'exit code {code}, see the end of '
                             f'{self.job.log}')
        return code is None or self.advance()

    def progress(self) -> str:
        """The last thing that mmengine has logged about its progress."""
        with open(self.job.log, 'rb') as log:
            log.seek(self.begin)
            tail = log.read()[-5000:].decode(errors='replace')
        found = re.findall(r'Epoch\(\w+\) .*?eta: \S+', tail)
        return f'{self.job.title}: {self.step} {found[-1] if found else ""}'

    def stop(self) -> None:
        """End the process if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


def run_queues(jobs: Sequence[CommandQueue],
               slots: int,
               clock: Clock,
               cwd: Path,
               report_every: float = 30.) -> None:
    """Run the commands of all jobs.

    Each process gets its share of the cores. Progress is said regularly.

    Args:
        jobs (Sequence[CommandQueue]): The jobs, first ones first.
        slots (int): How many jobs at a time.
        clock (Clock): For messages.
        cwd (Path): Folder in which the commands run.
        report_every (float): Seconds between two reports. Defaults to 30.

    Raises:
        InputError: If a command fails; those that run are ended.
    """
    threads = max(1, (os.cpu_count() or 1) // slots)
    waiting = list(jobs)
    workers: List[_Worker] = []
    said = time.time()
    try:
        while waiting or workers:
            while waiting and len(workers) < slots:
                workers.append(_Worker(waiting.pop(0), clock, threads, cwd))
            # No comprehension: if one raises, all must still be known.
            for worker in list(workers):
                if not worker.poll():
                    workers.remove(worker)
            time.sleep(.1)
            if time.time() - said > report_every:
                said = time.time()
                for worker in workers:
                    clock.say(worker.progress())
    finally:
        for worker in workers:
            worker.stop()
