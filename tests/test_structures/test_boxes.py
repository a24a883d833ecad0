# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os.path as osp

import numpy as np
import pytest

from projects.qanet.structures.boxes import boxes_to_center_scale, pad_boxes

GOLDEN = osp.join(osp.dirname(__file__), '../data/transforms/golden.npz')


@pytest.mark.parametrize('crop_size', [(384, 512), (192, 256), (416, 544)])
@pytest.mark.parametrize('phase', ['train', 'test'])
def test_center_scale_golden(crop_size, phase):
    golden = np.load(GOLDEN)
    width, height = crop_size
    expected = golden[f'convert_{phase}_{width}x{height}']
    boxes = golden['boxes_xywh'].astype(float)
    boxes[:, 2:] += boxes[:, :2]
    center, scale = boxes_to_center_scale(boxes, crop_size, padding=1.25)
    assert center.dtype == scale.dtype == np.float32
    np.testing.assert_allclose(center, expected[:, :2], atol=1e-4)
    np.testing.assert_allclose(scale, expected[:, 2:4], atol=1e-4)


def test_by_hand():
    # A wide box grows in height, a tall one in width; then both by 1.5.
    boxes = np.array([[10, 20, 70, 40], [0, 0, 10, 100]])
    center, scale = boxes_to_center_scale(boxes, (30, 40), padding=1.5)
    np.testing.assert_allclose(center, [[40, 30], [5, 50]])
    np.testing.assert_allclose(scale, [[90, 120], [112.5, 150]])
    padded = pad_boxes(boxes[:1], (30, 40), padding=1.5, scale=2.)
    np.testing.assert_allclose(padded, [[-50, -90, 130, 150]])
    assert padded.dtype == np.float32


def test_no_boxes():
    center, scale = boxes_to_center_scale(np.zeros((0, 4)), (30, 40))
    assert center.shape == scale.shape == (0, 2)
    assert pad_boxes(np.zeros((0, 4)), (30, 40)).shape == (0, 4)
