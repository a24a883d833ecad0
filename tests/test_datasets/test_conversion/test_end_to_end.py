# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Download -> conversion -> training step -> test -> metric values."""
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.optim import OptimWrapper
from mmseg.registry import DATASETS, METRICS, MODELS

from projects.qanet.evaluation.functional import ParsingEvaluator
from projects.qanet.structures import ParsingInstances
from .miniature import NUM_CLASSES, persons_of, write_all


def write_and_convert(mini, data_set):
    """Three images to train on, image 7 to validate on."""
    write_all(mini, data_set, ('11', '12', '13'))
    mini.convert(data_set)


@pytest.fixture
def tiny(request):
    """The settings of the debug config."""
    root = request.config.rootpath
    return Config.fromfile(
        root / 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py')


def train_and_test(cfg, dataset_cfg, data_root):
    """One training step, then every test image; the metric's values."""
    torch.manual_seed(0)
    np.random.seed(0)
    train = DATASETS.build(
        dict(
            dataset_cfg.train_dataloader.dataset,
            data_root=str(data_root),
            pipeline=cfg.train_pipeline))
    cfg.model.decode_head.num_classes = len(train.metainfo['classes'])
    model = MODELS.build(cfg.model)
    model.train()
    optimizer = OptimWrapper(torch.optim.Adam(model.parameters(), lr=1e-3))
    batch = pseudo_collate([train[i] for i in range(len(train))])
    losses = model.train_step(batch, optimizer)
    assert torch.isfinite(losses['loss']) and losses['loss'] > 0
    test = DATASETS.build(
        dict(dataset_cfg.test_dataloader.dataset, data_root=str(data_root)))
    metric_cfg = dict(dataset_cfg.test_evaluator)
    name = dataset_cfg.data_root
    for key in ('ann_file', 'data_root'):
        metric_cfg[key] = metric_cfg[key].replace(name, f'{data_root}/')
    evaluator = Evaluator(METRICS.build(metric_cfg))
    evaluator.dataset_meta = test.metainfo
    model.eval()
    for i in range(len(test)):
        batch = pseudo_collate([test[i]])
        with torch.no_grad():
            samples = model.test_step(batch)
        evaluator.process(data_samples=samples, data_batch=batch)
    return len(train), len(test), evaluator.evaluate(len(test))


@pytest.mark.parametrize('data_set,config', [
    ('CIHP', 'cihp'),
    ('LIP', 'lip'),
    ('MHP-v2', 'mhp-v2'),
    ('PASCAL-Person-Part', 'ppp'),
    ('ATR', 'atr'),
])
def test_data_set(data_set, config, mini, tiny, request):
    write_and_convert(mini, data_set)
    path = f'configs/_base_/datasets/{config}_512x384.py'
    dataset_cfg = Config.fromfile(request.config.rootpath / path)
    num_train, num_test, values = train_and_test(tiny, dataset_cfg, mini.out)
    num_persons = len(persons_of(data_set))
    assert (num_train, num_test) == (3 * num_persons, 1)
    assert 0 <= values['parsing/mIoU'] <= 100
    assert 0 <= values['parsing/pixAcc'] <= 100
    assert ('parsing/APp' in values) == (num_persons == 2)
    assert all(np.isfinite(value) for value in values.values()), values


def record_of(labels, num_classes):
    """A sure prediction of one person's label map."""
    parts = np.ones((1, num_classes - 1))
    part_map = np.where(labels == 255, 0, labels)
    record, = ParsingInstances([[0, 0, 40, 30]], *np.ones(
        (4, 1)), parts, parts, [0], [part_map], [(0, 0)], (40, 30),
                               7).to_records()
    return record


@pytest.mark.parametrize('data_set', ['CIHP', 'MHP-v2', 'PASCAL-Person-Part'])
def test_what_was_drawn_scores_100(data_set, mini):
    write_and_convert(mini, data_set)
    first, second = persons_of(data_set)
    first[second > 0] = 0
    records = [
        record_of(labels, NUM_CLASSES[data_set]) for labels in (first, second)
    ]
    evaluator = ParsingEvaluator(
        str(mini.out / f'annotations/{data_set}_val.json'),
        str(mini.out / 'Validation'),
        [str(label) for label in range(NUM_CLASSES[data_set])],
        protocol='strict')
    values = evaluator.evaluate(records)
    for key in ('mIoU', 'pixAcc', 'APp', 'PCP_50', 'APr', 'APh'):
        assert values[key] == pytest.approx(100), key
    # Swapping two labels is noticed.
    parts = records[0]['parts']
    parts[0]['label'], parts[1]['label'] = parts[1]['label'], parts[0]['label']
    assert evaluator.evaluate(records)['mIoU'] < 90
