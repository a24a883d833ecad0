# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import importlib.util
from pathlib import Path

import pytest
import torch

TOOL = Path(__file__).parents[3] / 'tools/analysis_tools/benchmark_qam.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('benchmark_qam', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize('name', [
    'mask-rcnn_r50_fpn_1x_coco_qam.py', 'ms-rcnn_r50_fpn_1x_coco_qam.py',
    'solov2_r50_fpn_1x_coco_qam.py'
])
def test_measures_both_ways(name, factory, tool):
    model = factory.build(factory.config(name))
    image = torch.randn(
        1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    tool.lower_threshold(model, image, 30)
    found = tool.measure(model, image, repeat=2)
    assert found['total'].shape == found['post'].shape == (2, 2)
    assert (found['total'] > found['post']).all() and (found['post'] > 0).all()
    instances = found['instances']
    assert (instances == instances[0, 0]).all() and instances[0, 0] > 0


def test_a_plain_detector_is_refused(factory, tool):
    model = factory.build(
        factory.config('mask-rcnn_r50_fpn_1x_coco_qam.py', plain=True))
    with pytest.raises(tool.InputError, match='no head with QAM'):
        tool.find_heads(model)
