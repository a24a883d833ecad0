# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The person detectors, narrow: one training step, one image."""
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData

from .narrowing import WIDTHS, drop_downloads

CONFIGS = Path(__file__).parents[2] / 'configs/fcos'
DATA = {'cihp': 'CIHP', 'mhp-v2': 'MHP-v2', 'ppp': 'PASCAL-Person-Part'}


@pytest.fixture(autouse=True)
def mmdet_scope(mmseg_scope):
    """These configs are mmdet's."""
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def load(name):
    return Config.fromfile(CONFIGS / f'fcos_r50_fpn_8xb2-1x_{name}-person.py')


def image_and_boxes():
    """One image of 96 x 64 (w x h) with two persons."""
    shapes = ('img_shape', 'ori_shape', 'pad_shape', 'batch_input_shape')
    sample = DetDataSample(
        metainfo=dict.fromkeys(shapes, (64, 96)) | dict(scale_factor=(1., 1.)))
    sample.gt_instances = InstanceData(
        bboxes=torch.tensor([[4., 5., 40., 60.], [50., 10., 90., 50.]]),
        labels=torch.zeros(2, dtype=torch.long))
    image = np.random.default_rng(0).integers(0, 256, (3, 64, 96), np.uint8)
    return dict(inputs=[torch.from_numpy(image)], data_samples=[sample])


def test_training_step_and_image():
    config = load('cihp')
    drop_downloads(config.model)
    config.model.backbone.base_channels = 8
    config.model.neck.in_channels = [4 * width for width in WIDTHS]
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.train()
    optimizer = build_optim_wrapper(model, config.optim_wrapper)
    losses = model.train_step(image_and_boxes(), optimizer)
    assert all(math.isfinite(value.detach()) for value in losses.values())
    model.eval()
    with torch.no_grad():
        sample, = model.test_step(image_and_boxes())
    assert set(sample.pred_instances.labels.tolist()) <= {0}


@pytest.mark.parametrize('name', DATA)
def test_data_are_those_of_the_parser(name):
    """Paths of detector and parser must not drift apart."""
    parser = Config.fromfile(
        CONFIGS / f'../qanet/qanet_r50_fpn_8xb32-140e_{name}-512x384.py')
    config = load(name)
    assert config.model.bbox_head.num_classes == 1
    for part in ('train', 'val', 'test'):
        ours = config[f'{part}_dataloader'].dataset
        theirs = parser[f'{part}_dataloader'].dataset
        assert ours.metainfo.classes == ('person', )
        assert ours.data_root == theirs.data_root == f'data/{DATA[name]}/'
        assert ours.ann_file == theirs.ann_file
        assert ours.data_prefix.img.rstrip('/') == theirs.data_prefix.img
    for part in ('val', 'test'):
        assert (config[f'{part}_evaluator'].ann_file ==
                parser[f'{part}_evaluator'].ann_file)
