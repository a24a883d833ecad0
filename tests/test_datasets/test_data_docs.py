# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What docs/custom_data.md and docs/datasets.md promise."""
import json
import re
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image

from projects.qanet.datasets import HumanParsingDataset
from projects.qanet.datasets.conversion import convert_polygons
from ..test_configs.narrowing import narrow_parser

ROOT = Path(__file__).parents[2]


def blocks(name):
    """The document's examples in Python."""
    text = (ROOT / 'docs' / name).read_text()
    return re.findall(r'```python\n(.*?)```', text, re.DOTALL)


def write_labelme(folder):
    """Pictures of two persons, with a json file each."""
    folder.mkdir(parents=True)
    for stem in ('one', 'two'):
        pixels = np.random.default_rng(0).integers(0, 255, (60, 80, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f'{stem}.jpg')
        shapes = [
            dict(
                label=label,
                points=[[left + x1, y1], [left + x2, y2]],
                shape_type='rectangle',
                group_id=person) for person, left in ((1, 4), (2, 40))
            for label, x1, y1, x2, y2 in (('Shirt', 0, 16, 30,
                                           56), ('Hat', 8, 4, 20, 16),
                                          ('Right-sleeve', 0, 20, 6, 40),
                                          ('Left-sleeve', 24, 20, 30, 40))
        ]
        (folder / f'{stem}.json').write_text(
            json.dumps(dict(imagePath=f'{stem}.jpg', shapes=shapes)))


def test_config_of_the_recipe(tmp_path, monkeypatch):
    """The very config of the document, where the document puts it, trains."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / 'docs/custom_data.md').read_text()
    path = tmp_path / re.search(r'Say, `(configs/mine/.*?)`', text).group(1)
    path.parent.mkdir(parents=True)
    for folder in ('_base_', 'qanet'):
        (tmp_path / 'configs' / folder).symlink_to(ROOT / 'configs' / folder)
    path.write_text(blocks('custom_data.md')[0])
    cfg = Config.fromfile(path)
    write_labelme(tmp_path / 'raw')
    for split in ('train', 'val'):
        _, classes = convert_polygons('raw', 'data/Mine', 'Mine', split)
    assert classes == tuple(cfg.metainfo.classes)
    assert len(classes) == cfg.model.decode_head.num_classes
    # A network and crops small enough for a test.
    cfg.model.backbone.depth = 18
    narrow_parser(cfg, (48, 64))
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    for part in ('train', 'val', 'test'):
        loader = cfg[f'{part}_dataloader']
        loader.num_workers, loader.persistent_workers = 0, False
    cfg.train_dataloader.batch_size = 2
    cfg.work_dir, cfg.experiment_name = 'work_dirs', 'recipe'
    # Weights of another data set may be loaded before training.
    weights = tmp_path / 'other.pth'
    torch.save(
        {
            'decode_head.conv_seg.weight': torch.full((20, 16, 1, 1), .125),
            'backbone.layer1.0.conv1.weight': torch.full((8, 64, 3, 3), .125)
        }, weights)
    cfg.load_from = str(weights)
    cfg.optim_wrapper.optimizer.lr = 0.
    runner = Runner.from_cfg(cfg)
    runner.train()
    dataset = runner.train_dataloader.dataset
    assert type(dataset) is HumanParsingDataset and len(dataset) == 4
    assert dataset.metainfo['flip_pairs'] == [(2, 3)]
    state = runner.model.state_dict()
    assert (state['backbone.layer1.0.conv1.weight'] == .125).all()
    assert state['decode_head.conv_seg.weight'].shape == (5, 16, 1, 1)
    values = runner.message_hub.get_scalar('val/parsing/mIoU')
    assert 0 <= values.current() <= 100


def test_examples_of_the_data_sets(tmp_path):
    class_list, label_order = blocks('datasets.md')[:2]
    lines = []
    exec(class_list, dict(print=lambda *args: lines.append(args)))
    assert lines[0] == (0, 'Background') and len(lines) == 59
    base = str(ROOT / 'configs/_base_/datasets/ppp_512x384.py')
    path = tmp_path / 'released.py'
    path.write_text(f'_base_ = {base!r}\n{label_order}')
    cfg = Config.fromfile(path)
    for part in ('train', 'val', 'test'):
        dataset = cfg[f'{part}_dataloader'].dataset
        assert dataset.label_order == 'released'
        assert dataset.type == 'PPPParsingDataset'
