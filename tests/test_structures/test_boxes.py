# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.structures.boxes import boxes_to_center_scale, pad_boxes


@pytest.mark.parametrize('crop_size', [(384, 512), (192, 256), (416, 544)])
@pytest.mark.parametrize('phase', ['train', 'test'])
def test_center_scale_golden(crop_size, phase, data_dir):
    golden = np.load(data_dir / 'transforms/golden.npz')
    width, height = crop_size
    expected = golden[f'convert_{phase}_{width}x{height}']
    boxes = golden['boxes_xywh'].astype(float)
    boxes[:, 2:] += boxes[:, :2]
    center, scale = boxes_to_center_scale(boxes, crop_size, padding=1.25)
    assert center.dtype == scale.dtype == np.float32
    np.testing.assert_allclose(center, expected[:, :2], atol=1e-4)
    np.testing.assert_allclose(scale, expected[:, 2:4], atol=1e-4)


def test_padded_by_hand():
    # A wide box grows in height, a tall one in width; then both by 1.5 x 2.
    boxes = np.array([[10, 20, 70, 40], [0, 0, 10, 100]])
    padded = pad_boxes(boxes, (30, 40), padding=1.5, scale=2.)
    np.testing.assert_allclose(
        padded, [[-50, -90, 130, 150], [-107.5, -100, 117.5, 200]])
    assert padded.dtype == np.float32
    assert pad_boxes(np.zeros((0, 4)), (30, 40)).shape == (0, 4)
