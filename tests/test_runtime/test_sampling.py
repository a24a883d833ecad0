# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Crops are those of the torch path."""
import numpy as np
import pytest
import torch

from projects.qanet.models.parsers import person_crops
from projects.qanet.runtime import sampling

SIZE = (97, 71)
BOXES = {
    'inside': [10.3, 8.2, 40.9, 50.1],
    'reaching outside': [-12.4, 20., 25.5, 90.3],
    'around the image': [-60.2, -80., 160., 150.7],
    'beside the image': [120., 10., 150., 60.],
    'tiny': [50.2, 30.4, 50.9, 31.2],
    'flat': [3., 40., 90., 40.6],
    'the whole image': [0., 0., 97., 71.],
}


def torch_crop(image, box, crop_size):
    image = torch.from_numpy(image).permute(2, 0, 1)
    crop, = person_crops.crop_persons([image], [0], torch.tensor([box]),
                                      crop_size)
    return crop.numpy()


@pytest.fixture
def picture():
    return np.random.default_rng(0).integers(0, 256, (*SIZE[::-1], 3),
                                             np.uint8)


@pytest.mark.parametrize('crop_size', [(12, 16), (64, 40)])
@pytest.mark.parametrize('name', BOXES)
def test_crops_of_torch(picture, name, crop_size):
    """Down- and upscaled, of another shape than the box."""
    box = np.float32(BOXES[name])
    crop = sampling.crop_person(picture, box, crop_size)
    assert crop.dtype == np.float32 and crop.shape == (3, *crop_size[::-1])
    expected = torch_crop(picture, box, crop_size)
    np.testing.assert_allclose(crop, expected, atol=1e-3)
    assert (np.ptp(expected) > 10) == (name != 'beside the image')


def test_a_huge_box_is_sampled_as_sparsely(picture, monkeypatch):
    for module in (sampling, person_crops):
        monkeypatch.setattr(module, 'MAX_SAMPLES', 900)
    box, dense = np.float32([-20, -10, 100, 90]), 1200
    crop = sampling.crop_person(picture, box, (12, 16))
    np.testing.assert_allclose(
        crop, torch_crop(picture, box, (12, 16)), atol=1e-3)
    monkeypatch.setattr(sampling, 'MAX_SAMPLES', 10 * dense)
    assert abs(sampling.crop_person(picture, box, (12, 16)) - crop).max() > 10
