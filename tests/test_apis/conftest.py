# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmseg.registry import MODELS
from torch import nn

from projects.qanet.structures import ParsingInstances

CLASSES = ('Background', 'Upper', 'Lower', 'Shoe')


@MODELS.register_module(force=True)
class ToyParser(nn.Module):
    """Says Upper in the upper half of each box and Lower in the lower one.

    It fails on images whose first pixel is 255.
    """
    num_classes = len(CLASSES)

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))
        self.batch_sizes = []

    def test_step(self, batch):
        self.batch_sizes.append(len(batch['inputs']))
        for image, sample in zip(batch['inputs'], batch['data_samples']):
            assert image[0, 0, 0] != 255, 'toy failure'
            sample.pred_instances = self._parse(image, sample)
        return batch['data_samples']

    def _parse(self, image, sample):
        size = (image.shape[2], image.shape[1])
        bboxes = sample.proposals.bboxes.numpy()
        scores = sample.proposals.scores.numpy()
        if not len(bboxes):
            return ParsingInstances.empty(size, len(CLASSES), sample.img_id)
        corners = np.clip(bboxes.round().astype(int), 0, size * 2)
        part_maps = []
        for x1, y1, x2, y2 in corners:
            part_map = np.ones((y2 - y1, x2 - x1), np.uint8)
            part_map[(y2 - y1) // 2:] = 2
            part_maps.append(part_map)
        parts = np.repeat(scores[:, None], len(CLASSES) - 1, 1)
        return ParsingInstances(bboxes, scores, scores, scores, scores, parts,
                                parts, np.zeros(len(bboxes)), part_maps,
                                corners[:, :2], size, sample.img_id)


@pytest.fixture
def warnings(monkeypatch):
    """What is logged as a warning from now on."""
    texts = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'warning',
                        texts.append)
    return texts


@pytest.fixture
def toy_config():
    return Config(
        dict(
            model=dict(type='ToyParser'),
            test_dataloader=dict(
                dataset=dict(
                    type='HumanParsingDataset',
                    metainfo=dict(classes=CLASSES),
                    pipeline=[
                        dict(type='LoadImageFromFile'),
                        dict(type='PackParsingInputs')
                    ]))))


@pytest.fixture
def toy_weights(tmp_path):
    path = str(tmp_path / 'weights' / 'toy.pth')
    (tmp_path / 'weights').mkdir()
    torch.save(
        dict(
            state_dict=dict(weight=torch.ones(3)),
            meta=dict(
                dataset_meta=dict(
                    classes=CLASSES,
                    palette=[[0, 0, 0], [9, 200, 9], [200, 9, 9], [9, 9, 200]],
                    flip_pairs=[]))), path)
    return path


@pytest.fixture
def photo(tmp_path):
    """A picture of 60x90 pixels with noise."""
    path = str(tmp_path / 'photo.png')
    image = np.random.default_rng(0).integers(
        0, 200, (60, 90, 3), dtype=np.uint8)
    cv2.imwrite(path, image)
    return path
