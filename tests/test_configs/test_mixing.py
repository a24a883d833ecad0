# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Every mixed config, narrow and without downloads: one training step, one
image."""
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.structures import InstanceData, PixelData
from mmseg.datasets.transforms import GenerateEdge
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

import projects.qanet.plugin  # noqa: F401
from projects.qanet.structures import pad_boxes
from .narrowing import HRNET, WIDTHS, drop_downloads

FOLDER = Path(__file__).parents[2] / 'configs' / 'mixing'
CROP = (64, 96)  # width, height, multiples of HRNet's coarsest stride
BOXES = [[10., 8., 40., 50.], [-5., 20., 22., 75.]]

RESNET = {'backbone.depth': 18, 'backbone.base_channels': 8}
FPN = {
    'neck.in_channels': WIDTHS,
    'neck.out_channels': 16,
    'decode_head.in_channels': [16] * 4,
    'decode_head.channels': 16
}
UPERNET = {
    **RESNET, 'decode_head.in_channels': WIDTHS,
    'decode_head.channels': 8
}
# What makes each config small.
NARROW = {
    'upernet_r50_8xb32-140e_cihp-512x384': UPERNET,
    'upernet_r50_aux_8xb32-140e_cihp-512x384': {
        **UPERNET, 'auxiliary_head.in_channels': 32,
        'auxiliary_head.channels': 8
    },
    'ocrnet_hrnet-w48_8xb32-140e_cihp-512x384': {
        'backbone.extra': HRNET,
        'decode_head.0.in_channels': WIDTHS,
        'decode_head.0.channels': 16,
        'decode_head.1.in_channels': WIDTHS,
        'decode_head.1.channels': 16,
        'decode_head.1.ocr_channels': 8
    },
    'segformer_mit-b0_8xb32-140e_cihp-512x384': {
        'backbone.embed_dims': 8,
        'backbone.num_layers': [1] * 4,
        'decode_head.in_channels': [8, 16, 40, 64],
        'decode_head.channels': 8
    },
    'pidnet-s_8xb32-140e_cihp-512x384': {
        'backbone.channels': 4,
        'backbone.ppm_channels': 8,
        'decode_head.in_channels': 16,
        'decode_head.channels': 16,
        'decode_head.loss_decode.1.min_kept': 100,
        'decode_head.loss_decode.3.min_kept': 100
    },
    'qanet_convnext-tiny_fpn_8xb32-140e_cihp-512x384': {
        **FPN, 'backbone.arch':
        dict(_delete_=True, depths=[1] * 4, channels=WIDTHS)
    },
    'qanet_swin-tiny_fpn_8xb32-140e_cihp-512x384': {
        **FPN, 'backbone.arch':
        dict(
            _delete_=True,
            embed_dims=8,
            depths=[2, 1, 1, 1],
            num_heads=[1, 2, 4, 8])
    },
}
PLAIN = 'qanet-head_r50_fpn_4xb4-160k_ade20k-512x512'
WITH_IOU = [name for name in NARROW if name.startswith('qanet_')]


def narrow_config(name, options):
    """The config as a user trains it, with less in it."""
    config = Config.fromfile(FOLDER / f'{name}.py')
    drop_downloads(config.model)
    config.merge_from_dict({
        f'model.{key}': value
        for key, value in options.items()
    })
    return config


def build(config, seed=0):
    torch.manual_seed(seed)
    return revert_sync_batchnorm(MODELS.build(config.model))


def parser_config(name, **options):
    return narrow_config(name, {
        **NARROW[name], 'test_cfg.crop_size': CROP,
        **options
    })


def crop_batch(num_classes=20, size=CROP):
    """Two training crops whose labels are blocks, some pixels ignored."""
    rng = np.random.default_rng(0)
    batch = dict(inputs=[], data_samples=[])
    for _ in range(2):
        label = rng.integers(0, num_classes, (3, 4))
        label = np.kron(label, np.ones((size[1] // 3, size[0] // 4), int))
        label[:2] = 255
        image = rng.integers(0, 256, (3, size[1], size[0]), np.uint8)
        sample = SegDataSample()
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(label[None]))
        edges = GenerateEdge()(dict(img_shape=label.shape,
                                    gt_seg_map=label))['gt_edge_map']
        sample.gt_edge_map = PixelData(data=torch.from_numpy(edges[None]))
        batch['inputs'].append(torch.from_numpy(image))
        batch['data_samples'].append(sample)
    return batch


def train_step(model, config, batch):
    """One step as the runner does it; the losses as numbers."""
    model.train()
    optimizer = build_optim_wrapper(model, config.optim_wrapper)
    return {
        name: float(value.detach())
        for name, value in model.train_step(batch, optimizer).items()
    }


def watch_gradient(model):
    """Gradients of the backbone's first convolution, as they come."""
    gradients = []
    weight = next(p for p in model.backbone.parameters() if p.dim() == 4)
    weight.register_hook(gradients.append)
    return gradients


@pytest.mark.parametrize('name', NARROW)
def test_training_step(name):
    config = parser_config(name)
    model = build(config)
    gradients = watch_gradient(model)
    losses = train_step(model, config, crop_batch())
    assert np.isfinite(list(losses.values())).all()
    gradient, = gradients
    assert gradient.isfinite().all() and gradient.abs().max() > 0
    head = 'decode_1' if name.startswith('ocrnet') else 'decode'
    expected = {
        'loss', f'{head}.acc_seg', f'{head}.loss_ce', f'{head}.loss_lovasz'
    }
    if head == 'decode_1':
        expected |= {'decode_0.acc_seg', 'decode_0.loss_ce'}
    if name.startswith('pidnet'):
        expected = {'loss', 'decode.acc_seg'} | {
            f'decode.loss_{part}'
            for part in ('sem_p', 'sem_i', 'bd', 'sem_bd')
        }
    if name in WITH_IOU:
        expected |= {'decode.loss_iou', 'decode.iou_target'}
    if '_aux_' in name:
        expected |= {'aux.loss_ce', 'aux.acc_seg'}
        # 20 classes, nothing learnt: about 0.4 x ln 20.
        assert losses['aux.loss_ce'] == pytest.approx(.4 * np.log(20), rel=.4)
    assert set(losses) == expected
    terms = [value for key, value in losses.items() if '.loss_' in key]
    assert losses['loss'] == pytest.approx(sum(terms), rel=1e-5)


def parse_image(model):
    """Persons of one drawn image of 97 x 71."""
    model.eval()
    with torch.no_grad():  # an untrained network, but a decided one
        head = model.decode_head
        head = head[-1] if isinstance(head, nn.ModuleList) else head
        weight = head.conv_seg.weight
        weight.mul_(10 / weight.std())
    image = np.random.default_rng(1).integers(0, 256, (3, 71, 97), np.uint8)
    sample = SegDataSample(metainfo=dict(img_id=3, flip_pairs=((14, 15), )))
    sample.proposals = InstanceData(
        bboxes=torch.tensor(BOXES), scores=torch.tensor([.9, .4]))
    with torch.no_grad():
        result, = model.test_step(
            dict(inputs=[torch.from_numpy(image)], data_samples=[sample]))
    return result.pred_instances


@pytest.mark.parametrize('name', NARROW)
def test_prediction(name):
    model = build(parser_config(name)).eval()
    persons = parse_image(model)
    assert persons.image_size == (97, 71) and len(persons) == 2
    assert persons.num_classes == 20
    assert persons.bboxes.tolist() == BOXES
    for k, (x1, y1, x2, y2) in enumerate(pad_boxes(np.array(BOXES), CROP)):
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


@pytest.mark.parametrize('name', WITH_IOU)
def test_iou_scores_come_from_the_branch(name):
    model = build(parser_config(name)).eval()
    nn.init.zeros_(model.decode_head.iou_branch.regressor.weight)
    nn.init.constant_(model.decode_head.iou_branch.regressor.bias, .25)
    assert parse_image(model).iou_scores.tolist() == [.25, .25]


def test_auxiliary_head_beside_a_neck():
    """It takes the neck's levels, and testing does without it."""
    name = 'qanet_convnext-tiny_fpn_8xb32-140e_cihp-512x384'
    config = parser_config(name)
    plain = parse_image(build(config).eval())
    config.model.auxiliary_head = parser_config(
        'upernet_r50_aux_8xb32-140e_cihp-512x384').model.auxiliary_head
    config.model.auxiliary_head.in_channels = 16
    model = build(config)
    assert 'aux.loss_ce' in train_step(model, config, crop_batch())
    state = build(parser_config(name)).state_dict()
    assert model.load_state_dict(state, strict=False).unexpected_keys == []
    np.testing.assert_allclose(
        parse_image(model.eval()).scores, plain.scores, rtol=1e-6)


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


def plain_model():
    config = narrow_config(PLAIN, {
        **RESNET,
        **FPN, 'data_preprocessor.size': CROP[::-1]
    })
    return config, build(config)


def test_plain_segmentor_trains():
    config, model = plain_model()
    assert type(model).__name__ == 'EncoderDecoder'
    gradients = watch_gradient(model)
    losses = train_step(model, config, crop_batch(150))
    assert set(losses) == {
        'loss', 'decode.loss_ce', 'decode.loss_lovasz', 'decode.loss_iou',
        'decode.iou_target', 'decode.acc_seg'
    }
    assert np.isfinite(list(losses.values())).all()
    gradient, = gradients
    assert gradient.isfinite().all() and gradient.abs().max() > 0


def test_plain_segmentor_predicts_maps_of_the_image():
    """The map is the arg-max of the logits, brought to the image's size."""
    _, model = plain_model()
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
    assert labels.shape == (1, 71, 107)
    assert torch.equal(labels, logits.argmax(1))
    assert len(labels.unique()) > 1
