# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest

from projects.qanet.testing.layout import TinyCIHP


@pytest.fixture
def tiny_cihp(tmp_path):
    return TinyCIHP(tmp_path)
