# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Every config of configs/qam: built, trained a step, and run."""
import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import METRICS
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.optim import OptimWrapper

FOLDER = Path(__file__).parents[3] / 'configs/qam'
NAMES = sorted(path.name for path in FOLDER.glob('*.py'))


@pytest.mark.parametrize('name', NAMES)
def test_build_train_predict(name, factory, inputs, predict):
    model = factory.build(factory.config(name))
    plain = factory.build(factory.config(name, plain=True))
    assert list(model.state_dict()) == list(plain.state_dict())
    model.train()
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-3))
    trained = [value for value in model.parameters() if value.requires_grad]
    before = [value.clone() for value in trained]
    losses = model.train_step(copy.deepcopy(inputs), optimizer)
    assert 0 < losses['loss'].item() < np.inf
    moved = [not old.equal(new) for old, new in zip(before, trained)]
    assert sum(moved) > len(moved) / 2
    for results, size in zip(predict(model), [(96, 128), (80, 64)]):
        assert 0 < len(results) <= 20 and results.masks.shape[1:] == size
        scores = results.scores
        assert scores.equal(scores.sort(descending=True)[0])
        assert ((scores >= 0) & (scores <= 1)).all()
        assert {'bbox_scores', 'pixel_scores'} <= set(results.keys())


def strip(node):
    """A copy of a config without what QAM and mmengine's scopes add."""
    if isinstance(node, (list, tuple)):
        return [strip(item) for item in node]
    if isinstance(node, str):
        return node.replace('Quality', '').replace('SOLOv2H', 'SOLOV2H')
    return {
        key: strip(value)
        for key, value in node.items() if key not in ('quality', '_scope_')
    } if isinstance(node, dict) else node


@pytest.mark.parametrize('name', NAMES)
def test_only_heads_and_metric_differ(name):
    """A config adds QAM and changes nothing else of its base."""
    config = Config.fromfile(FOLDER / name)
    text = (FOLDER / name).read_text()
    base = get_config(text.split("_base_ = '")[1].split("'")[0])
    added = {'custom_imports', 'mask_head'}
    if 'lvis' in name:
        added.add('custom_hooks')
    assert set(config) - set(base) <= added and set(base) <= set(config)
    for key in base:
        assert strip(config[key]) == strip(base[key]), key
    for key in ('val_evaluator', 'test_evaluator'):
        assert config[key].type == 'Quality' + base[key].type
        assert METRICS.get(config[key].type) is not None
