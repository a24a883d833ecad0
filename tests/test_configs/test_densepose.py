# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Configs of dense pose, narrow: data, a training step, a test."""
import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmseg.registry import DATASETS, MODELS
from pycocotools import mask as mask_utils

import projects.qanet.plugin  # noqa: F401
from .narrowing import narrow_parser

CONFIGS = Path(__file__).parents[2] / 'configs'
BACKBONES = dict(
    r50_fpn='ResNetV1c',
    r101_fpn='mmpretrain.ResNetV1d',
    **{'hrnet-w48': 'mmpretrain.HRNet'})
CROP = (64, 96)  # width, height


def read(name):
    return Config.fromfile(CONFIGS /
                           f'densepose/densepose-qanet_{name}_8xb32-140e_'
                           'coco-512x384.py')


@pytest.mark.parametrize('name, backbone', BACKBONES.items())
def test_fixed_names_say_what_is_inside(name, backbone):
    config = read(name)
    model, head = config.model, config.model.decode_head
    assert model.backbone.type == backbone
    assert model.type == 'DensePoseParser' and head.type == 'UVHead'
    assert model.symmetry_file == config.symmetry_file
    assert model.test_cfg.crop_size == config.crop_size == (384, 512)
    assert model.test_cfg.padding == config.padding == 1.25
    assert model.test_cfg.flip
    assert model.post_processor == dict(
        type='QualityAwareModule', weights=(1., 1., 0.), pixel_score_thr=0.9)
    # The defaults of the release, nothing left of the parsers' losses.
    assert head.loss_decode == dict(
        type='ParsingCrossEntropyLoss', loss_weight=5., loss_name='loss_part')
    assert head.loss_patch.loss_weight == 1
    assert head.loss_uv.loss_weight == .001
    assert config.train_dataloader.batch_size == 32
    assert config.train_cfg.max_epochs == 140
    steps = [step.type for step in config.train_dataloader.dataset.pipeline]
    assert steps[-2:] == ['DensePoseAffine', 'PackDensePoseInputs']


def write_persons(root, folder, ann_file):
    """An image of 90 x 70 px (w x h) with two persons, one without points."""
    rng = np.random.default_rng(0)
    (root / folder).mkdir(parents=True)
    (root / ann_file).parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(
        str(root / folder / '1.png'),
        rng.integers(0, 256, (70, 90, 3), np.uint8))
    mask = mask_utils.encode(np.asfortranarray(np.ones((256, 256), np.uint8)))
    mask['counts'] = mask['counts'].decode()
    person = dict(
        image_id=1,
        category_id=1,
        iscrowd=0,
        area=900.,
        dp_masks=[mask] + [[]] * 13)
    values = np.linspace(.05, .95, 5).tolist()
    points = dict(
        dp_I=[1., 2., 3., 4., 24.],
        dp_x=[255 * x for x in values],
        dp_y=[255 * x for x in values],
        dp_U=values,
        dp_V=values[::-1])
    document = dict(
        images=[dict(id=1, file_name='1.png', width=90, height=70)],
        annotations=[
            dict(person, id=11, bbox=[5, 6, 30, 60], **points),
            dict(person, id=12, bbox=[45, 10, 40, 50])
        ])
    (root / ann_file).write_text(json.dumps(document))


@pytest.mark.parametrize('name', BACKBONES)
def test_train_and_test(name, tmp_path):
    config = read(name)
    narrow_parser(config, CROP)
    tables = np.random.default_rng(0).random((2, 24, 256, 256), np.float32)
    np.save(tmp_path / 'symmetry.npy', tables)
    config.model.symmetry_file = str(tmp_path / 'symmetry.npy')
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.data_root = str(tmp_path)
        loader.dataset.serialize_data = False
        write_persons(tmp_path, loader.dataset.data_prefix.img,
                      loader.dataset.ann_file)
        for step in loader.dataset.pipeline:
            if 'symmetry_file' in step:
                step.symmetry_file = config.model.symmetry_file
    torch.manual_seed(0)
    np.random.seed(0)
    model = MODELS.build(config.model)
    dataset = DATASETS.build(config.train_dataloader.dataset)
    assert len(dataset.metainfo['classes']) == model.num_classes == 25
    batch = pseudo_collate([dataset[0], dataset[1]])
    assert [len(sample.gt_points)
            for sample in batch['data_samples']] == [5, 0]
    losses = model.train().train_step(
        batch, build_optim_wrapper(model, config.optim_wrapper))
    names = {'part', 'patch', 'u', 'v', 'iou'}
    assert {f'decode.loss_{name}' for name in names} < set(losses)
    assert all(math.isfinite(value.detach()) for value in losses.values())

    images = DATASETS.build(config.test_dataloader.dataset)
    with torch.no_grad():
        sample, = model.eval().test_step(pseudo_collate([images[0]]))
    persons = sample.pred_instances
    assert persons.bboxes.tolist() == [[5, 6, 35, 66], [45, 10, 85, 60]]
    assert persons.num_classes == 25 and len(persons.uv_maps) == 2
