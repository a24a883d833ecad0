# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import runpy
import sys

import pytest

from .miniature import Miniature


@pytest.fixture
def mini(tmp_path):
    return Miniature(tmp_path)


@pytest.fixture
def run_tool(request, monkeypatch):
    """Run a converter with a command line; its exit code."""

    def run(name, *arguments):
        path = request.config.rootpath / f'tools/dataset_converters/{name}.py'
        monkeypatch.setattr(sys, 'path', list(sys.path))
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, arguments)])
        try:
            runpy.run_path(str(path), run_name='__main__')
        except SystemExit as error:
            return error.code
        return 0

    return run
