# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The small detectors of configs/demo train and predict on drawn instances."""
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import set_random_seed

from projects.drawn_people import write_instance_dataset
from projects.drawn_people.scene import CLASSES

pytest.importorskip('mmdet.models')

from mmdet.registry import DATASETS, MODELS  # noqa: E402

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


def test_dataset_reads_masks_and_classes(cfg, root, mmdet_scope):
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert dataset.metainfo['classes'] == CLASSES
    assert len(dataset) == 2
    truth = json.loads((root / 'annotations/instances_train.json').read_text())
    for k, image in enumerate(truth['images']):
        sample = dataset[k]['data_samples']
        mine = [
            a for a in truth['annotations'] if a['image_id'] == image['id']
        ]
        labels = sample.gt_instances.labels.tolist()
        assert labels == [a['category_id'] - 1 for a in mine]
        areas = sample.gt_instances.masks.areas
        shrunk = np.prod(sample.scale_factor)
        for area, annotation in zip(areas, mine):
            assert area == pytest.approx(
                annotation['area'] * shrunk, rel=.15, abs=12)


def test_one_step_of_training_and_one_prediction(cfg, mmdet_scope):
    set_random_seed(0)
    model = MODELS.build(cfg.model).train()
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    batch = pseudo_collate([dataset[0], dataset[1]])
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
    before = {k: v.clone() for k, v in model.named_parameters()}
    log = model.train_step(batch, optimizer)
    log = {key: value.item() for key, value in log.items()}
    assert np.isfinite(log['loss']) and log['loss_mask'] > 0
    moved = [
        k for k, v in model.named_parameters()
        if not torch.equal(v, before[k])
    ]
    assert len(moved) > .9 * len(before)

    # The same weights with QAM, as the study tests them.
    head = cfg.model.get('roi_head', cfg.model).mask_head
    head.type = {
        'FCNMaskHead': 'QualityFCNMaskHead',
        'SOLOV2Head': 'QualitySOLOv2Head'
    }[head.type]
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
