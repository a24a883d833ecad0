# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Long work made of commands that a user would type."""
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from pathlib import Path
from threading import Lock
from typing import Any, Callable, List, Optional, Sequence

from projects.qanet.utils.errors import InputError

#: The repository.
ROOT = Path(__file__).resolve().parents[2]
#: What makes training on a CPU faster, unless it is set to something else.
_ENVIRONMENT = {
    # Threads that spin for long slow down what they wait for; those that
    # never spin wake up late.
    'GOMP_SPINCOUNT': '20000',
    # glibc keeps what a step frees for the next one. It would hand large
    # blocks back, and get them again page by page: thousands of faults in a
    # training step of the demo's parser. Older ones refuse more than 32 MiB
    # for the first of them in silence, and the second alone makes it worse.
    'MALLOC_MMAP_THRESHOLD_': str(32 << 20),
    'MALLOC_TRIM_THRESHOLD_': str(1 << 30),
}


def num_threads() -> int:
    """How many threads the commands may use together.

    ``OMP_NUM_THREADS`` where it is set, else the cores that this process may
    run on, which are fewer than the machine's in many a container.
    """
    said = os.environ.get('OMP_NUM_THREADS', '')
    if said.isdecimal() and int(said):
        return int(said)
    if hasattr(os, 'sched_getaffinity'):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Commands:
    """Runs commands in the repository's root and prints each of them.

    Each may use some threads, by default as many as it likes.
    """

    def __init__(self, threads: Optional[int] = None) -> None:
        self.start = time.time()
        self._env = {**_ENVIRONMENT, **os.environ}
        if threads is not None:
            self._env['OMP_NUM_THREADS'] = str(threads)
        self._begun: List[subprocess.Popen] = []
        self._ended = False
        self._lock = Lock()

    def say(self, text: str) -> None:
        """Print a line at once, after the seconds since the start."""
        print(f'[{time.time() - self.start:4.0f} s] {text}', flush=True)

    def run(self,
            title: str,
            script: str,
            *arguments: Any,
            log: Optional[Path] = None,
            threads: Optional[int] = None) -> None:
        """Run a tool; what it says is appended to ``log``, else shown.

        ``title`` is what it does, ``threads`` how many it may use, by default
        as all commands may. InputError if it fails.
        """
        command = [script, *map(str, arguments)]
        if log is not None:
            log.parent.mkdir(parents=True, exist_ok=True)
        with nullcontext() if log is None else open(log, 'ab') as output:
            with self._lock:
                if self._ended:
                    raise InputError(f'{title}: not begun')
                self.say(f'{title}\n  $ python {" ".join(command)}')
                streams = dict(stdout=output, stderr=output)
                env = dict(self._env)
                if threads is not None:
                    env['OMP_NUM_THREADS'] = str(threads)
                process = subprocess.Popen([sys.executable, *command],
                                           cwd=ROOT,
                                           env=env,
                                           **streams)
                self._begun.append(process)
            try:
                code = process.wait()
            finally:
                process.terminate()  # only where waiting was interrupted
        if code:
            where = f', see the end of {log}' if log else ''
            raise InputError(f'{title}: python {script} failed with exit code '
                             f'{code}{where}')
        self.say(f'{title}: done')

    def run_jobs(self, jobs: Sequence[Callable[[], Any]], slots: int) -> None:
        """Work through jobs, first ones first, as many at a time as slots.

        Each calls :meth:`run` as often as it needs. If a command fails, those
        that run are ended, no other is begun, and InputError is raised.
        """
        with ThreadPoolExecutor(slots) as pool:
            futures = [pool.submit(self._try, job) for job in jobs]
            self._try(lambda: [f.result() for f in as_completed(futures)])

    def _try(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except BaseException:
            with self._lock:
                self._ended = True
                for process in self._begun:
                    process.terminate()
            raise
