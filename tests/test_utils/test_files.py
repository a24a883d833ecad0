# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os

import pytest

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable


@pytest.mark.parametrize('path, message', [
    ('', "^'' names no file to write$"),
    ('out/a.json/', "^'out/a.json/' names no file to write$"),
    ('folder', '^folder is a folder, not a file to write$'),
    ('file/a.json', '^file/a.json cannot be written: .*'),
])
def test_files_that_cannot_be_written(path, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match=message):
        check_writable(path)
    check_writable('new/a.json')
    assert not os.listdir('new')
