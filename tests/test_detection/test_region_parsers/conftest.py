# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
from mmengine.registry import DefaultScope

import projects.qanet.detection.region_parsers
import projects.qanet.plugin  # noqa: F401


@pytest.fixture(autouse=True)
def mmdet_scope(mmseg_scope):
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield
