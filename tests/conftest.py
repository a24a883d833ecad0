# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import contextlib
import io
import logging
import os
import random
import runpy
import signal
import sys
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, Optional
from unittest import mock

import cv2
import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.registry import DefaultScope
from mmengine.utils import ManagerMixin

import projects.qanet  # noqa: F401, operators for an mmcv that has none

ROOT = Path(__file__).resolve().parents[1]


class Finished(NamedTuple):
    """How a tool ended, named as in :class:`subprocess.CompletedProcess`."""
    returncode: int
    stdout: str
    stderr: str


def subclasses(base: type) -> Iterator[type]:
    for cls in base.__subclasses__():
        yield cls
        yield from subclasses(cls)


@contextlib.contextmanager
def like_a_process(path: Path, argv: list, cwd: Path) -> Iterator[None]:
    """What tools and mmengine's runner change for the rest of a process."""
    root, cudnn = logging.getLogger(), torch.backends.cudnn
    undo = [(signal.signal, signal.SIGTERM, signal.getsignal(signal.SIGTERM)),
            (root.setLevel, root.level), (os.chdir, os.getcwd()),
            (random.setstate, random.getstate()),
            (np.random.set_state, np.random.get_state()),
            (torch.set_rng_state, torch.get_rng_state()),
            (torch.set_num_threads, torch.get_num_threads()),
            (cv2.setNumThreads, cv2.getNumThreads()),
            (setattr, cudnn, 'benchmark', cudnn.benchmark),
            (setattr, cudnn, 'deterministic', cudnn.deterministic)]
    patches = [
        mock.patch.object(root, 'handlers', []),  # warnings go to stderr
        mock.patch.object(sys, 'argv', [str(path), *map(str, argv)]),
        mock.patch.object(sys, 'path', [str(path.parent), *sys.path]),
        mock.patch.dict(os.environ),
        warnings.catch_warnings(),
        # Loggers, message hubs, visualizers, default scopes.
        *(mock.patch.object(cls, '_instance_dict', OrderedDict())
          for cls in subclasses(ManagerMixin))
    ]
    with contextlib.ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        for function, *state in undo:
            stack.callback(function, *state)
        os.chdir(cwd)
        root.setLevel(logging.WARNING)
        yield


@pytest.fixture(scope='session')
def run_tool() -> Callable[..., Finished]:
    """A function that runs a tool in this process, as ``python TOOL`` would.

    It runs in ``cwd`` and insists on the exit code ``code``, None for any. An
    exception that the tool does not handle comes through.
    """

    def run(path: str,
            *argv: Any,
            cwd: Path = ROOT,
            code: Optional[int] = 0) -> Finished:
        out, err, found = io.StringIO(), io.StringIO(), 0
        with like_a_process(ROOT / path, argv,
                            cwd), contextlib.redirect_stdout(
                                out), contextlib.redirect_stderr(err):
            try:
                runpy.run_path(str(ROOT / path), run_name='__main__')
            except SystemExit as end:
                found = end.code or 0
                if not isinstance(found, int):
                    print(found, file=sys.stderr)
                    found = 1
        if code is not None and found != code:
            pytest.fail(f'{path} ended with exit code {found}:\n'
                        f'{out.getvalue()[-3000:]}\n{err.getvalue()[-3000:]}')
        return Finished(found, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope='session')
def data_dir() -> Path:
    """Folder of the small golden cases."""
    return Path(__file__).parent / 'data'


class Call:
    """Becomes the result of a call when it is unpickled."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.call = function, args

    def __reduce__(self) -> tuple:
        return self.call

    def __call__(self) -> None:
        """pickle insists that a function can be called."""


@pytest.fixture(params=['mkdir', 'getattr'])
def booby_trap(request: Any, tmp_path: Path) -> Iterator[Call]:
    """An object that makes a folder, ``sprung``, unless nobody unpickles it.

    One calls a function, the other walks there from a class that checkpoints
    hold, with getattr alone.
    """
    mkdir: Any = os.mkdir
    if request.param == 'getattr':
        init = Call(getattr, HistoryBuffer, '__init__')
        names = Call(getattr, init, '__globals__')
        builtins = Call(Call(getattr, names, 'get'), '__builtins__')
        importer = Call(Call(getattr, builtins, 'get'), '__import__')
        mkdir = Call(getattr, Call(importer, 'os'), 'mkdir')
    yield Call(mkdir, str(tmp_path / 'sprung'))
    assert not (tmp_path / 'sprung').exists()


@pytest.fixture(autouse=True)
def mmseg_scope():
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield
