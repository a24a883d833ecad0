# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest
from mmengine.registry import DefaultScope

pytest.importorskip('mmdet.models')

import projects.qanet.detection.region_parsers  # noqa: E402
import projects.qanet.plugin  # noqa: E402, F401


@pytest.fixture(autouse=True)
def mmdet_scope(mmseg_scope):
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield
