# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Every mixed config, narrow: one training step, one image."""
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.structures import PixelData
from mmseg.datasets.transforms import GenerateEdge
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

import projects.qanet.plugin  # noqa: F401
from projects.qanet.structures import pad_boxes
from projects.qanet.testing.parsers import (BOXES, image_and_sample, labelled,
                                            predict)
from projects.qanet.utils.configs import read_config
from .narrowing import HRNET, WIDTHS, drop_downloads

FOLDER = Path(__file__).parents[2] / 'configs' / 'mixing'
CROP = (64, 96)  # width, height, multiples of HRNet's coarsest stride

SUFFIX = '_8xb32-140e_cihp-512x384'
RESNET = dict(depth=18, base_channels=8)
UPER = dict(in_channels=WIDTHS, channels=8)
OCR = dict(in_channels=WIDTHS, channels=16)
PYRAMID = dict(
    neck=dict(in_channels=WIDTHS, out_channels=16),
    decode_head=dict(in_channels=[16] * 4, channels=16))
MINED = dict(min_kept=100)
CONVNEXT = dict(_delete_=True, depths=[1] * 4, channels=WIDTHS)
SWIN = dict(
    _delete_=True, embed_dims=8, depths=[2, 1, 1, 1], num_heads=[1, 2, 4, 8])
# What makes the model of each config small.
NARROW = {
    'upernet_r50':
    dict(backbone=RESNET, decode_head=UPER),
    'upernet_r50_aux':
    dict(
        backbone=RESNET,
        decode_head=UPER,
        auxiliary_head=dict(in_channels=32, channels=8)),
    'ocrnet_hrnet-w48':
    dict(
        backbone=dict(extra=HRNET),
        decode_head={
            '0': OCR,
            '1': dict(OCR, ocr_channels=8)
        }),
    'segformer_mit-b0':
    dict(
        backbone=dict(embed_dims=8, num_layers=[1] * 4),
        decode_head=dict(in_channels=[8, 16, 40, 64], channels=8)),
    'pidnet-s':
    dict(
        backbone=dict(channels=4, ppm_channels=8),
        decode_head=dict(
            in_channels=16, channels=16, loss_decode={
                '1': MINED,
                '3': MINED
            })),
    'qanet_convnext-tiny_fpn':
    dict(PYRAMID, backbone=dict(arch=CONVNEXT)),
    'qanet_swin-tiny_fpn':
    dict(PYRAMID, backbone=dict(arch=SWIN)),
}
WITH_IOU = [name for name in NARROW if name.startswith('qanet_')]


def narrow_config(name, options):
    config = read_config(FOLDER / f'{name}.py')
    drop_downloads(config.model)
    # Merging changes what is merged.
    config.merge_from_dict(dict(model=deepcopy(options)))
    return config


def build(config):
    torch.manual_seed(0)
    return revert_sync_batchnorm(MODELS.build(config.model))


def parser_config(name):
    return narrow_config(name + SUFFIX,
                         dict(NARROW[name], test_cfg=dict(crop_size=CROP)))


def train_step(model, config, num_classes=20):
    """Terms of the loss on two crops of blocks, some pixels ignored."""
    rng = np.random.default_rng(0)
    batch = dict(inputs=[], data_samples=[])
    for _ in range(2):
        label = rng.integers(0, num_classes, (3, 4))
        label = np.kron(label, np.ones((CROP[1] // 3, CROP[0] // 4), int))
        label[:2] = 255
        image = rng.integers(0, 256, (3, CROP[1], CROP[0]), np.uint8)
        sample = labelled(torch.from_numpy(label))
        edges = GenerateEdge()(dict(img_shape=label.shape,
                                    gt_seg_map=label))['gt_edge_map']
        sample.gt_edge_map = PixelData(data=torch.from_numpy(edges[None]))
        batch['inputs'].append(torch.from_numpy(image))
        batch['data_samples'].append(sample)
    model.train()
    gradients = []
    weight = next(p for p in model.backbone.parameters() if p.dim() == 4)
    weight.register_hook(gradients.append)
    losses = model.train_step(batch,
                              build_optim_wrapper(model, config.optim_wrapper))
    gradient, = gradients
    assert gradient.isfinite().all() and gradient.abs().max() > 0
    losses = {name: float(value.detach()) for name, value in losses.items()}
    assert losses.pop('loss') == pytest.approx(
        sum(value for key, value in losses.items() if '.loss_' in key))
    losses = {key: losses[key] for key in losses if 'acc_seg' not in key}
    assert np.isfinite(list(losses.values())).all()
    return losses


@pytest.mark.parametrize('name', NARROW)
def test_training_step(name):
    config = parser_config(name)
    losses = train_step(build(config), config)
    kind = name.split('_')[0]
    expected = {'decode.loss_ce', 'decode.loss_lovasz'}
    if name in WITH_IOU:
        expected |= {'decode.loss_iou', 'decode.iou_target'}
    elif kind == 'ocrnet':
        expected = {
            'decode_0.loss_ce', 'decode_1.loss_ce', 'decode_1.loss_lovasz'
        }
    elif kind == 'pidnet-s':
        expected = {
            f'decode.loss_{part}'
            for part in ('sem_p', 'sem_i', 'bd', 'sem_bd')
        }
    if name.endswith('_aux'):
        expected.add('aux.loss_ce')
        # 20 classes, nothing learnt: about 0.4 x ln 20.
        assert losses['aux.loss_ce'] == pytest.approx(.4 * np.log(20), rel=.4)
    assert set(losses) == expected


@pytest.mark.parametrize('name', NARROW)
def test_prediction(name):
    model = build(parser_config(name)).eval()
    head = model.decode_head
    head = head[-1] if isinstance(head, nn.ModuleList) else head
    with torch.no_grad():  # an untrained network, but a decided one
        head.conv_seg.weight.mul_(10 / head.conv_seg.weight.std())
        result, = predict(
            model, [image_and_sample(3, (97, 71), BOXES[:2], ((14, 15), ))])
    persons = result.pred_instances
    assert persons.image_size == (97, 71) and len(persons) == 2
    assert persons.num_classes == 20
    assert persons.bboxes.tolist() == BOXES[:2]
    for k, (x1, y1, x2, y2) in enumerate(pad_boxes(np.array(BOXES[:2]), CROP)):
        part_map = persons.part_map(k)
        assert part_map.shape == (71, 97) and part_map.any()
        rows, columns = np.nonzero(part_map)
        assert x1 - 1 < columns.min() and columns.max() < x2 + 1
        assert y1 - 1 < rows.min() and rows.max() < y2 + 1
    box, iou, pixel = (persons.bbox_scores, persons.iou_scores,
                       persons.pixel_scores)
    assert (pixel > .2).all()
    if name in WITH_IOU:
        assert ((0 <= iou) & (iou < 1)).all()
        expected = (box * iou**.5 * pixel**3)**(1 / 4.5)
    else:
        assert iou.tolist() == [1, 1]
        expected = (box * pixel**3)**(1 / 4)
    np.testing.assert_allclose(persons.scores, expected, rtol=1e-5)


@pytest.mark.parametrize(
    'name',
    # UPerHead's pooling needs torch's other exporter, see test_deployment.
    [name for name in NARROW if not name.startswith('upernet')])
def test_onnx(name):
    pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    from projects.qanet.deployment.export import (compare_with_torch,
                                                  export_network)
    model = build(parser_config(name)).eval()
    # mmpretrain's Swin writes the number of crops into the graph.
    fixed = '_swin' in name
    rows = compare_with_torch(model, export_network(model, fixed_batch=fixed))
    assert max(row.largest for row in rows) < 1e-5
    assert [row.iou_scores is not None
            for row in rows] == [name in WITH_IOU] * 2
    if fixed:
        rows = compare_with_torch(model, export_network(model))
        assert min(row.largest for row in rows) > 1e-3


def test_the_head_in_a_plain_segmentor():
    """Its map is the arg-max of the logits, brought to the image's size."""
    config = narrow_config(
        'qanet-head_r50_fpn_4xb4-160k_ade20k-512x512',
        dict(
            PYRAMID, backbone=RESNET, data_preprocessor=dict(size=CROP[::-1])))
    model = build(config)
    assert set(train_step(model, config, 150)) == {
        'decode.loss_ce', 'decode.loss_lovasz', 'decode.loss_iou',
        'decode.iou_target'
    }
    model.eval()
    image = torch.from_numpy(
        np.random.default_rng(2).integers(0, 256, (3, 64, 96), np.uint8))
    sample = SegDataSample(
        metainfo=dict(
            img_shape=(64, 96), pad_shape=(64, 96), ori_shape=(71, 107)))
    batch = dict(inputs=[image], data_samples=[sample])
    with torch.no_grad():
        result, = model.test_step(batch)
        inputs = model.data_preprocessor(batch)['inputs']
        logits = model(inputs, mode='tensor')
    assert logits.shape == (1, 150, 16, 24)
    for size in ((64, 96), (71, 107)):
        logits = nn.functional.interpolate(
            logits, size, mode='bilinear', align_corners=False)
    labels = result.pred_sem_seg.data
    assert torch.equal(labels, logits.argmax(1))
    assert len(labels.unique()) > 1
