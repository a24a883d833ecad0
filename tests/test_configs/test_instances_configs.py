# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The small detectors of configs/demo train and predict on drawn instances."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import set_random_seed

from projects.drawn_people import write_instance_dataset
from projects.drawn_people.scene import CLASSES

CONFIGS = Path(__file__).parents[2] / 'configs/demo'
NAMES = ('mask-rcnn_r18_fpn_1xb4-8e_synthetic-instances.py',
         'solov2_r18_fpn_1xb4-8e_synthetic-instances.py')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp('instances')
    write_instance_dataset(out, 2, 1, seed=1, size=(160, 110))
    return out


@pytest.fixture
def mmdet_scope():
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture(params=NAMES)
def cfg(request, root):
    cfg = Config.fromfile(CONFIGS / request.param)
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.dataset.data_root = f'{root}/'
        for step in loader.dataset.pipeline:
            if step.type == 'Resize':
                step.scale = (128, 96)
    return cfg


def test_one_step_of_training_and_one_prediction(cfg, mmdet_scope):
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert dataset.metainfo['classes'] == CLASSES
    assert len(dataset) == 2
    set_random_seed(0)
    model = MODELS.build(cfg.model).train()
    batch = pseudo_collate([dataset[0], dataset[1]])
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
    before = {k: v.clone() for k, v in model.named_parameters()}
    log = model.train_step(batch, optimizer)
    assert np.isfinite(log['loss'].item()) and log['loss_mask'] > 0
    kept = [torch.equal(v, before[k]) for k, v in model.named_parameters()]
    assert sum(kept) < .1 * len(before)

    # The same weights with QAM, as the study tests them.
    head = cfg.model.get('roi_head', cfg.model).mask_head
    head.type = f'Quality{head.type}'.replace('SOLOV2', 'SOLOv2')
    rcnn = cfg.model.test_cfg.get('rcnn', cfg.model.test_cfg)
    # An untrained network is sure of nothing.
    rcnn.update(score_thr=0., max_per_img=5)
    if 'filter_thr' in rcnn:
        rcnn.update(filter_thr=0., mask_thr=.1)
    tested = MODELS.build(cfg.model).eval()
    tested.load_state_dict(model.state_dict())
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    with torch.no_grad():
        sample, = tested.test_step(pseudo_collate([dataset[0]]))
    found = sample.pred_instances
    assert 1 <= len(found) <= 5
    assert found.masks.shape[1:] == sample.ori_shape
    assert torch.equal(found.scores, found.scores.sort(descending=True)[0])
    fused = (found.bbox_scores * found.pixel_scores).sqrt()
    assert torch.allclose(found.scores, fused, atol=1e-6)
