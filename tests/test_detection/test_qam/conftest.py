# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Detectors small enough to be built, trained a step and run in a second."""
import copy
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import DefaultScope

pytest.importorskip('mmdet.models')

from mmdet.registry import MODELS  # noqa: E402
from mmdet.testing import demo_mm_inputs  # noqa: E402

import projects.qanet.detection.qam  # noqa: E402, F401

CONFIGS = Path(__file__).parents[3] / 'configs/qam'
NUM_CLASSES = 5
SMALL = dict.fromkeys(('in_channels', 'out_channels', 'feat_channels', 'num',
                       'conv_out_channels', 'fc_channels', 'fc_out_channels'),
                      32)
SMALL.update(max_per_img=100, num_classes=NUM_CLASSES)  # 100 proposals


def shrink(config):
    """Replace numbers of channels, classes and boxes, wherever they are."""
    if isinstance(config, (list, tuple)):
        for item in config:
            shrink(item)
    if not isinstance(config, dict):
        return
    for key, value in config.items():
        if key in SMALL and isinstance(value, int):
            config[key] = SMALL[key]
        else:
            shrink(value)


class Factory:
    """Builds the models of configs/qam, made small."""

    @staticmethod
    def config(name, plain=False, max_per_img=20):
        """The small model of a config, or of its base without QAM."""
        base = re.search("_base_ = '(.*)'", (CONFIGS / name).read_text())[1]
        model = (get_config(base) if plain else Config.fromfile(CONFIGS /
                                                                name)).model
        shrink(model)
        model.backbone.update(
            depth=18, base_channels=8, frozen_stages=-1, init_cfg=None)
        model.neck.in_channels = [8, 16, 32, 64]
        if 'mask_head' in model:  # SOLO
            model.mask_head.update(num_grids=[8, 6, 4, 3, 2], stacked_convs=1)
        # Untrained networks are sure of nothing.
        test_cfg = model.test_cfg.get('rcnn', model.test_cfg)
        test_cfg.update(score_thr=0., filter_thr=0., max_per_img=max_per_img)
        return model

    @staticmethod
    def build(config, gain=2.):
        """Seeded weights; the gain spreads masks over (0, 1)."""
        torch.manual_seed(1)
        model = MODELS.build(copy.deepcopy(config))
        model.init_weights()
        for name, parameter in model.named_parameters():
            if name.endswith('fc_mask_iou.weight'):
                torch.nn.init.normal_(parameter, std=gain / 40)
            elif re.search('logits.weight|conv_mask_list.*weight', name):
                torch.nn.init.normal_(parameter, std=gain / 32**.5)
        return model.eval()


@pytest.fixture(autouse=True)
def mmdet_scope(mmseg_scope):
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture
def factory():
    return Factory


@pytest.fixture
def inputs():
    """Two images of different size with instances and masks, packed."""
    return demo_mm_inputs(
        2, [(3, 96, 128), (3, 80, 64)],
        num_items=[2, 2],
        num_classes=NUM_CLASSES,
        with_mask=True,
        with_semantic=True)


@pytest.fixture
def predict(inputs):
    """Run a model on the images; list of InstanceData."""

    def run(model):
        model.eval()
        with torch.no_grad():
            data = model.data_preprocessor(copy.deepcopy(inputs), False)
            found = model(**data, mode='predict')
        return [sample.pred_instances for sample in found]

    return run


@pytest.fixture
def naive_pixel_score():
    """Both forms of the pixel score, written down as they are defined."""

    def score(prob, mode='stability', thr=.25):
        reached = [value for value in prob.ravel().tolist() if value >= thr]
        counted = reached if mode == 'mean' else (
            [value >= 1 - thr for value in reached])
        return sum(counted) / max(len(reached), 1)

    return score
