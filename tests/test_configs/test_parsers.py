# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parsers' configs, narrow: data, a training step, a test, metrics."""
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.optim import build_optim_wrapper
from mmseg.registry import DATASETS, MODELS

import projects.qanet.plugin  # noqa: F401
from projects.qanet.testing.layout import write_noise
from .narrowing import narrow_parser

CONFIGS = Path(__file__).parents[2] / 'configs'
PARSERS = sorted(
    str(path.relative_to(CONFIGS))
    for folder in ('qanet', 'simple_baseline', 'ablation')
    for path in (CONFIGS / folder).glob('*.py'))
OTHERS = sorted(
    str(path.relative_to(CONFIGS))
    for pattern in ('mixing/*cihp*.py', 'demo/qanet*.py')
    for path in CONFIGS.glob(pattern))
BACKBONES = dict(
    r50_fpn='ResNetV1c', r101_fpn='ResNetV1d', **{'hrnet-w48': 'HRNet'})
CLASSES = {'cihp': 20, 'mhp-v2': 59, 'ppp': 7, 'lip': 20}
CROP = (64, 96)  # width, height


def narrow_config(name, root):
    """The config with a small network, and its data below ``root``."""
    config = Config.fromfile(CONFIGS / name)
    narrow_parser(config, CROP)
    num_classes = config.model.decode_head.num_classes
    for seed, loader in enumerate(
        (config.train_dataloader, config.test_dataloader)):
        dataset = loader.dataset
        dataset.data_root = str(root)
        folder = dataset.data_prefix.img.split('/')[0]
        write_noise(root, folder, dataset.ann_file, num_classes, seed)
    ann_file = root / config.test_dataloader.dataset.ann_file
    config.test_evaluator.update(
        ann_file=str(ann_file), data_root=str(root / folder))
    return config


@pytest.mark.parametrize('name', PARSERS)
def test_train_test_and_metric(name, tmp_path):
    config = narrow_config(name, tmp_path)
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    model.train()
    dataset = DATASETS.build(config.train_dataloader.dataset)
    classes = dataset.metainfo['classes']
    assert len(classes) == model.num_classes
    np.random.seed(0)
    batch = pseudo_collate([dataset[0], dataset[1]])
    assert batch['inputs'][0].shape == (3, CROP[1], CROP[0])
    optimizer = build_optim_wrapper(model, config.optim_wrapper)
    weight = next(p for p in model.backbone.parameters() if p.dim() == 4)
    before = weight.detach().clone()
    losses = model.train_step(batch, optimizer)
    assert all(math.isfinite(value.detach()) for value in losses.values())
    # Nothing learnt: about ln C, more with weights that are still wild.
    assert losses['decode.loss_ce'] > 0.3 * math.log(len(classes))
    assert not torch.equal(weight, before)

    model.eval()
    images = DATASETS.build(config.test_dataloader.dataset)
    with torch.no_grad():
        samples = model.test_step(pseudo_collate([images[0]]))
    persons = samples[0].pred_instances
    assert persons.bboxes.tolist() == [[5, 6, 35, 66], [45, 10, 85, 60]]
    assert persons.image_size == (90, 70)
    evaluator = Evaluator(config.test_evaluator)
    evaluator.dataset_meta = images.metainfo
    evaluator.process(samples)
    metrics = evaluator.evaluate(1)
    assert 0 <= metrics['parsing/mIoU'] <= 100
    one_person = any(f'_{data}-' in name for data in ('lip', 'atr'))
    assert ('parsing/APr' in metrics) == (not one_person)


@pytest.mark.parametrize('dataset,num_classes', CLASSES.items())
@pytest.mark.parametrize('model,backbone', BACKBONES.items())
def test_fixed_names_say_what_is_inside(model, backbone, dataset, num_classes):
    config = Config.fromfile(
        CONFIGS / f'qanet/qanet_{model}_8xb32-140e_{dataset}-512x384.py')
    assert config.model.backbone.type.split('.')[-1] == backbone
    assert config.model.decode_head.num_classes == num_classes
    assert config.model.test_cfg.crop_size == (384, 512)
    assert config.train_dataloader.batch_size == 32
    assert config.train_cfg.max_epochs == 140
    assert config.auto_scale_lr.base_batch_size == 8 * 32
    assert config.optim_wrapper.optimizer == dict(type='Adam', lr=2e-3)


@pytest.mark.parametrize('dataset,num_classes', CLASSES.items())
def test_larger_crops_have_the_released_widths(dataset, num_classes):
    """Section 1 of docs/protocol.md."""
    config = Config.fromfile(
        CONFIGS / f'qanet/qanet_hrnet-w48_8xb32-140e_{dataset}-544x416.py')
    head = config.model.decode_head
    assert head.num_classes == num_classes and head.channels == 384
    assert head.in_channels == [48, 96, 192, 384]
    assert head.iou_branch.conv_channels == 384


@pytest.mark.parametrize('name', PARSERS + OTHERS)
def test_training_and_testing_see_the_same_crops(name):
    config = Config.fromfile(CONFIGS / name)
    height, width = map(int, Path(name).stem.split('-')[-1].split('x'))
    pipeline = config.train_dataloader.dataset.pipeline
    steps = {step.type: step for step in pipeline}
    test_cfg = config.model.test_cfg
    assert test_cfg.crop_size == (width, height)
    assert steps['GetParsingBox'].crop_size == (width, height)
    assert steps['TopDownAffine'].crop_size == (width, height)
    recipe = 'synthetic' not in name and not name.startswith('demo')
    assert test_cfg.padding == (1.25 if recipe else 1.0)
    assert steps['GetParsingBox'].padding == test_cfg.padding
    # Persons of several images fill the network.
    assert config.val_dataloader.batch_size == 8
    assert config.test_dataloader.batch_size == 8
    assert config.model.test_cfg.max_instances_per_batch == 32
    assert not config.env_cfg.cudnn_benchmark


@pytest.mark.parametrize('name, weights, iou, lovasz, head', [
    ('qanet/qanet_r50_fpn_*_cihp-512x384', (1., .5, 3.), 1, 1, 'QANet'),
    ('ablation/qanet-no-qam_*-512x384', (1., 1., 0.), 1, 1, 'QANet'),
    ('ablation/sfpn-lovasz-iou_*-256x192', (1., 1., 0.), 1, 1, 'QANet'),
    ('ablation/sfpn-lovasz_*-256x192', (1., 0., 0.), 0, 1, 'QANet'),
    ('ablation/sfpn_*-256x192', (1., 0., 0.), 0, 0, 'QANet'),
    ('simple_baseline/*r50_*_cihp-256x192',
     (1., 0., 0.), 0, 0, 'SimpleBaseline'),
])
def test_table_3_removes_one_thing_at_a_time(name, weights, iou, lovasz, head):
    path, = CONFIGS.glob(f'{name}.py')
    model = Config.fromfile(path).model
    assert model.post_processor.weights == weights
    assert bool(model.decode_head.get('iou_branch')) == bool(iou)
    assert ('Lovasz' in str(model.decode_head.loss_decode)) == bool(lovasz)
    assert model.decode_head.type == f'{head}Head'
