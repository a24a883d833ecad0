# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Every decode head that mmseg has a config for, in a top-down parser.

They have their full width; most backbones are projections of the crop.
"""
import re
from pathlib import Path
from typing import Any, List

import mmseg
import numpy as np
import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.model import revert_sync_batchnorm
from mmseg.datasets.transforms import GenerateEdge
from mmseg.registry import MODELS
from torch import nn

import projects.qanet.plugin  # noqa: F401
from projects.qanet.testing.parsers import labelled
from projects.qanet.utils.errors import InputError
from ...test_configs.narrowing import drop_downloads

CONFIGS = Path(mmseg.__file__).parent / '.mim' / 'configs'
CROP = (64, 96)  # (width, height)

#: Configs below _base_/models, and others, that have every head together.
NAMES = """ann_r50-d8 apcnet_r50-d8 ccnet_r50-d8 danet_r50-d8 deeplabv3_r50-d8
deeplabv3plus_r50-d8 dmnet_r50-d8 dnl_r50-d8 dpt_vit-b16 emanet_r50-d8
encnet_r50-d8 fast_scnn fcn_r50-d8 fpn_r50 gcnet_r50-d8 isanet_r50-d8
lraspp_m-v3-d8 nonlocal_r50-d8 ocrnet_hr18 pointrend_r50 psanet_r50-d8
pspnet_r50-d8 segformer_mit-b0 segmenter_vit-b16_mask setr_mla setr_naive
upernet_r50"""
PATHS = [f'_base_/models/{name}.py' for name in NAMES.split()] + [
    'ddrnet/ddrnet_23-slim_in1k-pre_2xb6-120k_cityscapes-1024x1024.py',
    'knet/knet-s3_r50-d8_fcn_8xb2-adamw-80k_ade20k-512x512.py',
    'mask2former/mask2former_r50_8xb2-160k_ade20k-512x512.py',
    'maskformer/maskformer_r50-d32_8xb2-160k_ade20k-512x512.py',
    'pidnet/pidnet-s_2xb6-120k_1024x1024-cityscapes.py',
    'segnext/segnext_mscan-t_1xb16-adamw-160k_ade20k-512x512.py',
    'stdc/stdc1_4xb12-80k_cityscapes-512x1024.py'
]
#: Those that cannot parse crops, and the reason in the message.
REFUSED = dict(
    SideAdapterCLIPHead=('san/san-vit-b16_coco-stuff164k-640x640.py',
                         'needs the text encoder of mmseg'),
    VPDDepthHead=('vpd/vpd_sd_4xb8-25k_nyu-480x480.py', 'predicts depth'))
#: These train on other maps than they test on.
OWN_BACKBONES = ('DDRNet', 'PIDNet')


@MODELS.register_module()
class ProjectedStages(nn.Module):
    """The crop, projected and reduced to each stage's stride."""

    def __init__(self, channels, strides, cls_token):
        super().__init__()
        self.layers = nn.ModuleList(nn.Conv2d(3, c, 1) for c in channels)
        self.strides, self.cls_token = strides, cls_token

    def forward(self, x):
        maps = [
            layer(nn.functional.avg_pool2d(x, stride))
            for layer, stride in zip(self.layers, self.strides)
        ]
        if self.cls_token:
            return tuple((y, y.mean((2, 3))) for y in maps)
        return tuple(maps)


def as_list(value: Any) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def heads_of(model: ConfigDict) -> List[ConfigDict]:
    heads = as_list(model.decode_head) + as_list(
        model.get('auxiliary_head') or [])
    return [head.get('kernel_generate_head', head) for head in heads]


def stage_channels(model: ConfigDict) -> List[int]:
    neck = model.get('neck')
    if neck:
        return as_list(neck.get('in_channels'))
    found = {}
    for head in heads_of(model):
        channels = as_list(head.get('in_channels', 8))
        indices = as_list(
            head.get('in_index',
                     list(range(len(channels))) if len(channels) > 1 else -1))
        found.update(zip(indices, channels))
        if head.get('c1_in_channels'):
            found[0] = head.c1_in_channels
    count = max([index + 1 for index in found] + [-index for index in found])
    return [found.get(k, found.get(k - count, 8)) for k in range(count)]


def parser_config(path: str) -> ConfigDict:
    model = Config.fromfile(CONFIGS / path).model
    drop_downloads(model)
    cascade = model.type == 'CascadeEncoderDecoder'
    model.type = 'CascadeTopDownParser' if cascade else 'TopDownParser'
    model.data_preprocessor = dict(
        type='ParsingDataPreprocessor', mean=[100.] * 3, std=[50.] * 3)
    for head in heads_of(model):
        for loss in as_list(head.get('loss_decode', [])):
            # mmseg's fails where there is an ignored pixel.
            if loss.type == 'CrossEntropyLoss' and loss.get('class_weight'):
                loss.type = 'ParsingCrossEntropyLoss'
    model.test_cfg.update(mode='whole', crop_size=CROP)
    model.test_cfg.pop('stride', None)
    if model.get('backbone', {}).get('type') not in OWN_BACKBONES:
        channels = stage_channels(model)
        plain = model.get('backbone', {}).get('type') == 'VisionTransformer'
        strides = [16] * len(channels) if plain else [4, 8, 16, 32, 32]
        if 'LRASPPHead' in str(model.decode_head):
            strides = [1] * 3  # it pools windows of 49 x 49
        model.backbone = dict(
            type='ProjectedStages',
            channels=channels,
            strides=strides[:len(channels)],
            cls_token='DPTHead' in str(model.decode_head))
    return model


def training_batch() -> dict:
    """Two crops whose labels are blocks, with their edges."""
    rng = np.random.default_rng(0)
    batch = dict(inputs=[], data_samples=[])
    for _ in range(2):
        label = np.kron(rng.integers(0, 19, (3, 2)), np.ones(
            (32, 32))).astype(np.uint8)
        label[:4] = 255
        edges = GenerateEdge(edge_width=4)(dict(
            img_shape=label.shape, gt_seg_map=label))['gt_edge_map']
        sample = labelled(torch.from_numpy(label), img_shape=CROP[::-1])
        sample.gt_edge_map = labelled(torch.from_numpy(edges)).gt_sem_seg
        batch['data_samples'].append(sample)
        batch['inputs'].append(
            torch.from_numpy(rng.integers(0, 256, (3, 96, 64), np.uint8)))
    return batch


def test_all_heads_of_mmseg_are_here():
    found, tried = set(), set(REFUSED)
    for path in CONFIGS.rglob('*.py'):
        found.update(re.findall(r"type='(\w+Head)'", path.read_text()))
    for path in PATHS:
        model = str(Config.fromfile(CONFIGS / path).model)
        tried.update(re.findall(r"'type': '(\w+Head)'", model))
    assert found == tried


@pytest.mark.parametrize('path', PATHS)
def test_loss_and_prediction(path):
    torch.manual_seed(0)
    model = revert_sync_batchnorm(MODELS.build(parser_config(path))).train()
    losses = model(
        **model.data_preprocessor(training_batch(), True), mode='loss')
    total, values = model.parse_losses(losses)
    assert all(value.isfinite() for value in values.values())
    total.backward()
    gradients = [p.grad for p in model.backbone.parameters()]
    assert any(g is not None and g.abs().max() > 0 for g in gradients)
    assert all(g is None or g.isfinite().all() for g in gradients)

    model.eval()
    with torch.no_grad():
        crops = torch.rand(3, 3, *CROP[::-1]) * 4 - 2
        probs, iou = model.predict_crops(crops)
        assert iou is None
        assert probs.shape == (3, model.num_classes, *CROP[::-1])
        assert (probs >= 0).all()
        np.testing.assert_allclose(probs.sum(1), 1, rtol=1e-4)
        # It looks at its crop: not the same everywhere, and not the others'.
        assert probs.std(0).max() > 0
        if 'segnext' not in path:  # starts from random numbers
            np.testing.assert_allclose(
                model.predict_crops(crops[1:2])[0][0], probs[1], atol=1e-4)
            raw = model.encode_decode(crops, [dict(img_shape=CROP[::-1])] * 3)
            # Scores of Mask2Former are sums of probabilities, no logits.
            expected = raw / raw.sum(
                1, keepdim=True) if path.startswith('mask') else raw.softmax(1)
            torch.testing.assert_close(probs, expected)


@pytest.mark.parametrize('name', REFUSED)
def test_other_heads_are_refused(name):
    path, reason = REFUSED[name]
    model = parser_config(path)
    keys = ('type', 'decode_head', 'data_preprocessor', 'test_cfg', 'backbone')
    model = {key: model[key] for key in keys}
    with pytest.raises(InputError, match=f'{name}.*{reason}'):
        MODELS.build(model)
