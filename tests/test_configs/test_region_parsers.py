# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Region parsers' configs, narrow: data, a training step, a test, metrics."""
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import DATASETS, METRICS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

import projects.qanet.detection.region_parsers
import projects.qanet.plugin  # noqa: F401
from projects.qanet.testing.layout import write_noise
from .narrowing import narrow_region_parser

CONFIGS = Path(__file__).parents[2] / 'configs'
PUBLISHED = sorted(
    path for folder in ('parsing_rcnn', 'rp_rcnn')
    for path in (CONFIGS / folder).glob('*.py'))
SMALL = sorted((CONFIGS / 'demo').glob('*rcnn*600it*.py'))
DATA = {'cihp': (20, 'CIHP'), 'mhp-v2': (59, 'MHP-v2')}
#: Iterations, those at which the learning rate falls, warm-up, its start.
SCHEDULES = {
    'parsing-rcnn 1x cihp': (45000, [30000, 40000], 500, 1e-2),
    'parsing-rcnn 3x cihp': (135000, [105000, 125000], 500, 1e-2),
    'parsing-rcnn 1x mhp-v2': (24000, [15000, 20000], 500, 1e-2),
    'parsing-rcnn 3x mhp-v2': (72000, [54000, 64000], 500, 1e-2),
    'rp-rcnn 3x cihp': (135000, [105000, 125000], 1000, 1e-4),
    'rp-rcnn 6x cihp': (270000, [240000, 260000], 1000, 1e-4),
    'rp-rcnn 3x mhp-v2': (72000, [54000, 64000], 1000, 1e-4),
    'rp-rcnn 6x mhp-v2': (144000, [126000, 136000], 1000, 1e-4),
}


@pytest.fixture(autouse=True)
def mmdet_scope(mmseg_scope):
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


def narrow_config(path, root):
    """The config with a small network, and its data below ``root``."""
    config = Config.fromfile(path)
    narrow_region_parser(config)
    num_classes = config.model.roi_head.mask_head.num_classes
    for seed, loader in enumerate(
        (config.train_dataloader, config.test_dataloader)):
        dataset = loader.dataset
        dataset.data_root = str(root)
        folder = dataset.data_prefix.img.split('/')[0]
        write_noise(root, folder, dataset.ann_file, num_classes, seed, count=2)
    # The second image is upright.
    for kind in ('Images/0002.jpg', 'Category_ids/0002.png',
                 'Human_ids/0002.png'):
        file = str(root / 'Training' / kind)
        cv2.imwrite(file, cv2.imread(file, cv2.IMREAD_UNCHANGED)[:, :60])
    config.test_evaluator.update(
        ann_file=str(root / dataset.ann_file), data_root=str(root / folder))
    return config


@pytest.mark.parametrize('path', PUBLISHED + SMALL, ids=lambda path: path.stem)
def test_train_test_and_metric(path, tmp_path):
    config = narrow_config(path, tmp_path)
    torch.manual_seed(0)
    np.random.seed(0)
    model = MODELS.build(config.model).train()
    images = DATASETS.build(config.train_dataloader.dataset)
    assert len(images.metainfo['classes']) == model.num_classes
    batch = pseudo_collate([images[0], images[1]])
    sizes = [tuple(image.shape[1:]) for image in batch['inputs']]
    assert sizes == [(96, 123), (112, 96)]
    optimizer = build_optim_wrapper(model, config.optim_wrapper)
    before = {k: v.clone() for k, v in model.named_parameters()}
    losses = model.train_step(batch, optimizer)
    assert all(math.isfinite(value.detach()) for value in losses.values())
    assert losses['loss_parsing'] > math.log(model.num_classes)
    assert ('loss_parsing_iou' in losses) == ('loss_semantic_seg' in losses)
    kept = {
        k
        for k, v in model.named_parameters() if torch.equal(v, before[k])
    }
    frozen = {k for k, v in model.named_parameters() if not v.requires_grad}
    assert kept >= frozen and len(kept - frozen) < .1 * len(before)

    model.eval()
    model.roi_head.test_cfg.update(score_thr=0., max_per_img=3)
    images = DATASETS.build(config.test_dataloader.dataset)
    with torch.no_grad():
        samples = model.test_step(pseudo_collate([images[0], images[1]]))
    assert [sample.pred_instances.image_size
            for sample in samples] == [(90, 70)] * 2
    assert len(samples[0].pred_instances) == 3
    metric = METRICS.build(config.test_evaluator)
    metric.dataset_meta = images.metainfo
    metric.process({}, [sample.to_dict() for sample in samples])
    assert 0 <= metric.evaluate(2)['parsing/mIoU'] <= 100


@pytest.mark.parametrize('path', PUBLISHED, ids=lambda path: path.stem)
def test_names_say_what_is_inside(path):
    """Data of the top-down parsers, the published schedules."""
    config = Config.fromfile(path)
    system, *_, run, name = path.stem.split('_')
    iterations, milestones, warm_up, start = SCHEDULES[
        f'{system} {run.split("-")[1]} {name}']
    linear, steps = config.param_scheduler
    assert config.train_cfg.max_iters == iterations
    assert steps.milestones == milestones
    assert (linear.end, linear.start_factor) == (warm_up, start)
    assert iterations % config.train_cfg.val_interval == 0
    assert config.train_dataloader.batch_size == 2
    assert config.auto_scale_lr.base_batch_size == 8 * 2
    num_classes, folder = DATA[name]
    model = config.model
    assert model.roi_head.mask_head.num_classes == num_classes
    types = {'parsing-rcnn': 'ParsingRCNN', 'rp-rcnn': 'RPRCNN'}
    assert model.type == types[system]
    if model.type == 'RPRCNN':
        assert model.semantic_head.num_classes == num_classes
    parser = Config.fromfile(
        CONFIGS / f'qanet/qanet_r50_fpn_8xb32-140e_{name}-512x384.py')
    for part in ('train', 'val', 'test'):
        ours = config[f'{part}_dataloader'].dataset
        theirs = parser[f'{part}_dataloader'].dataset
        assert ours.type == f'mmseg.{theirs.type}' and ours.whole_images
        assert ours.data_root == theirs.data_root == f'data/{folder}/'
        assert ours.ann_file == theirs.ann_file
        assert ours.data_prefix == theirs.data_prefix
        if part != 'train':
            evaluator = config[f'{part}_evaluator']
            theirs = parser[f'{part}_evaluator']
            assert evaluator.ann_file == theirs.ann_file
            assert evaluator.data_root == theirs.data_root
