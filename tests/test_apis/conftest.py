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
        corners = np.clip(bboxes.round().astype(int), 0, size * 2)
        part_maps = [np.ones((y2 - y1, x2 - x1)) for x1, y1, x2, y2 in corners]
        for part_map in part_maps:
            part_map[len(part_map) // 2:] = 2
        part_maps = [part_map.astype(np.uint8) for part_map in part_maps]
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
    steps = [dict(type='LoadImageFromFile'), dict(type='PackParsingInputs')]
    dataset = dict(
        type='HumanParsingDataset',
        metainfo=dict(classes=CLASSES),
        pipeline=steps)
    return Config(
        dict(
            model=dict(type='ToyParser'),
            test_dataloader=dict(dataset=dataset)))


@pytest.fixture
def toy_weights(tmp_path):
    path = tmp_path / 'weights/toy.pth'
    path.parent.mkdir()
    palette = [[0, 0, 0], [9, 200, 9], [200, 9, 9], [9, 9, 200]]
    meta = dict(classes=CLASSES, palette=palette, flip_pairs=[])
    weights = dict(weight=torch.ones(3))
    torch.save(dict(state_dict=weights, meta=dict(dataset_meta=meta)), path)
    return str(path)


@pytest.fixture
def photo(tmp_path):
    """A picture of 60x90 pixels with noise."""
    path, rng = str(tmp_path / 'photo.png'), np.random.default_rng(0)
    cv2.imwrite(path, rng.integers(0, 200, (60, 90, 3), np.uint8))
    return path


@pytest.fixture
def write_clip():
    """A function that writes a video, each frame 30 brighter."""

    def write(path, num, size=(32, 16), codec='mp4v', fps=10):
        writer = cv2.VideoWriter(
            str(path), cv2.VideoWriter_fourcc(*codec), fps, size)
        for k in range(num):
            writer.write(np.full((*size[::-1], 3), 30 * k % 256, np.uint8))
        writer.release()
        return str(path)

    return write
