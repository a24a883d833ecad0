# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest
import torch

from projects.qanet.detection.region_parsers import parsing_targets
from .released import DATA, blobs


def test_released_numbers():
    golden = np.load(DATA / 'targets.npz')
    maps = blobs(31, 6, 150, 203)
    for labels, box, expected in zip(maps, golden['boxes'], golden['targets']):
        both = torch.stack([labels, torch.full_like(labels, 3)]).byte()
        target = parsing_targets(both,
                                 torch.from_numpy(box)[None],
                                 torch.tensor([2]), 128)
        assert target.dtype == torch.long
        assert (target.numpy() == expected).all()


@pytest.mark.parametrize('size', [7, 32])
def test_one_person_of_a_crowd(size):
    """As cutting each person's own map and resizing it by OpenCV."""
    rng = np.random.default_rng(5)
    labels = rng.integers(1, 20, (40, 61)).astype(np.uint8)
    labels[:3] = 255  # ignored
    owners = rng.integers(0, 31, (40, 61)).astype(np.uint8)
    corners = rng.uniform((-9, -9), (60, 39), (50, 2))
    boxes = np.hstack([corners, corners + rng.uniform(9.6, 30, (50, 2))])
    persons = rng.integers(0, 30, 50)
    found = parsing_targets(
        torch.from_numpy(np.stack([labels, owners])),
        torch.from_numpy(boxes).float(), torch.from_numpy(persons), size)
    assert found.shape == (50, size, size)
    for target, box, person in zip(found, boxes, persons):
        x1, y1, x2, y2 = np.round(np.float32(box)).astype(int)
        own = labels * (owners == person + 1)
        crop = own[max(y1, 0):y2, max(x1, 0):x2]
        expected = cv2.resize(crop, (size, size), interpolation=0)
        assert (target.numpy() == expected).all()
    assert 255 in found and (found == 0).any()


def test_boxes_without_a_pixel_and_none():
    maps = torch.ones(2, 5, 9, dtype=torch.uint8)
    maps[0] = torch.arange(1, 46).view(5, 9)
    boxes = torch.tensor([[2.1, 3.2, 2.4, 3.3], [8.9, 4.9, 20., 20.],
                          [-9., -8., -3., -2.]])
    found = parsing_targets(maps, boxes, torch.zeros(3, dtype=torch.long), 4)
    # The pixel of the map that is next to their first corner.
    for target, pixel in zip(found, ((3, 2), (4, 8), (0, 0))):
        assert (target == maps[0][pixel]).all()
    none = parsing_targets(maps, boxes[:0], torch.zeros(0).long(), 4)
    assert none.shape == (0, 4, 4)
