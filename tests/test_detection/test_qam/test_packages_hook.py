# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from importlib.util import find_spec
from pathlib import Path

import pytest
from mmdet.registry import HOOKS
from mmengine.config import Config
from mmengine.runner import Runner

from projects.qanet.utils.errors import InputError

LVIS = Path(__file__).parents[3] / (
    'configs/qam/mask-rcnn_r50_fpn_sample1e-3_ms-1x_lvis-v1_qam.py')


def test_missing_and_present_packages():
    HOOKS.build(
        dict(type='RequirePackagesHook', packages=dict(json='comes along')))
    with pytest.raises(InputError, match='no_such_package.*pip install it'):
        HOOKS.build(
            dict(
                type='RequirePackagesHook',
                packages=dict(json='', no_such_package='pip install it')))


@pytest.mark.skipif(
    find_spec('lvis') is not None, reason='the package lvis is installed')
def test_lvis_config_stops_early(tmp_path):
    """Before annotations are looked for; the tools print the one sentence."""
    config = Config.fromfile(LVIS)
    config.work_dir = str(tmp_path)
    config.model.backbone.update(depth=18, init_cfg=None)
    config.model.neck.in_channels = [64, 128, 256, 512]
    with pytest.raises(InputError, match='lvis, which is not installed: pip'):
        Runner.from_cfg(config)
