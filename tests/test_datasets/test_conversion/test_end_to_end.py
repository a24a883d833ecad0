# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Download -> conversion -> the config's data sets -> metric values."""
import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

import projects.qanet.plugin  # noqa: F401
from projects.qanet.evaluation.functional import ParsingEvaluator
from projects.qanet.structures import ParsingInstances
from .miniature import persons_of, write_all


def record_of(labels, num_classes):
    """A sure prediction of one person's label map."""
    parts = np.ones((1, num_classes - 1))
    part_map = np.where(labels == 255, 0, labels)
    record, = ParsingInstances([[0, 0, 40, 30]], *np.ones(
        (4, 1)), parts, parts, [0], [part_map], [(0, 0)], (40, 30),
                               7).to_records()
    return record


@pytest.mark.parametrize('data_set,config', [
    ('CIHP', 'cihp'),
    ('LIP', 'lip'),
    ('MHP-v2', 'mhp-v2'),
    ('PASCAL-Person-Part', 'ppp'),
    ('ATR', 'atr'),
])
def test_what_was_drawn_scores_100(data_set, config, mini, request):
    write_all(mini, data_set, ('11', '12', '13'))
    mini.convert(data_set)
    path = f'configs/_base_/datasets/{config}_512x384.py'
    cfg = Config.fromfile(request.config.rootpath / path)
    train, test = (
        DATASETS.build(dict(loader.dataset, data_root=str(mini.out)))
        for loader in (cfg.train_dataloader, cfg.test_dataloader))
    persons = persons_of(data_set)
    assert (len(train), len(test)) == (3 * len(persons), 1)
    assert train[0]['inputs'].shape == (3, 512, 384)
    for labels in persons[:-1]:
        labels[persons[-1] > 0] = 0
    classes = test.metainfo['classes']
    records = [record_of(labels, len(classes)) for labels in persons]
    paths = (
        cfg.test_evaluator[key].replace(cfg.data_root, f'{mini.out}/')
        for key in ('ann_file', 'data_root'))
    evaluator = ParsingEvaluator(*paths, classes, protocol='strict')
    values = evaluator.evaluate(records)
    instances = ('APp', 'PCP_50', 'APr', 'APh') if len(persons) > 1 else ()
    for key in ('mIoU', 'pixAcc', *instances):
        assert values[key] == pytest.approx(100), key
    # Swapping two labels is noticed.
    parts = records[0]['parts']
    parts[0]['label'], parts[1]['label'] = parts[1]['label'], parts[0]['label']
    assert evaluator.evaluate(records)['mIoU'] < 90
