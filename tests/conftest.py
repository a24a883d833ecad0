# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from pathlib import Path

import pytest
from mmengine.registry import DefaultScope


@pytest.fixture(scope='session')
def data_dir() -> Path:
    """Folder of the small golden cases."""
    return Path(__file__).parent / 'data'


@pytest.fixture(scope='session')
def shared_dir() -> Path:
    """Folder with the full golden cases and the real photos, if present."""
    folder = Path(__file__).parents[2] / 'shared'
    if not folder.is_dir():
        pytest.skip('../shared is absent')
    return folder


@pytest.fixture(autouse=True)
def mmseg_scope():
    """Registries look up types in mmseg, as the configs' default scope says.
    """
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield
