# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest

from .miniature import Miniature


@pytest.fixture
def mini(tmp_path):
    return Miniature(tmp_path)
