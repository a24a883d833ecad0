# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Whole crops against those of the released system."""
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmcv.transforms import Compose, LoadImageFromFile

from projects.qanet.datasets import (CIHPParsingDataset, GetParsingBox,
                                     LoadPersonParsing, RandomParsingAffine,
                                     RandomParsingFlip, TopDownAffine)

DATA = Path(__file__).parents[2] / 'data/transforms'
GOLDEN = np.load(DATA / 'golden.npz')
DRAWS = json.loads((DATA / 'draws.json').read_text())
CROP_SIZE = (384, 512)
OPENCV5 = cv2.__version__.startswith('5')


@pytest.fixture(scope='module')
def persons():
    dataset = CIHPParsingDataset(
        ann_file='persons.json',
        data_root=str(DATA),
        data_prefix=dict(img='Images'))
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def crop(person, box, pixels, scale=1., rotation=0., flip=False):
    """The crop of these draws, whose box and pixels are as expected."""
    affine, mirror = RandomParsingAffine(), RandomParsingFlip()
    affine._draw, mirror._draw = lambda: (scale, rotation), lambda: flip
    results = Compose([
        LoadImageFromFile(),
        LoadPersonParsing(),
        GetParsingBox(CROP_SIZE), affine, mirror,
        TopDownAffine(CROP_SIZE)
    ])(
        dict(person))
    np.testing.assert_allclose(results['bbox_center'], box[:2], atol=1e-4)
    np.testing.assert_allclose(results['bbox_scale'], box[2:4], atol=1e-4)
    difference = np.abs(results['img'][::8, ::8].astype(int) - pixels)
    # OpenCV 4 rounds positions to a coarser grid.
    assert difference.max() <= (1 if OPENCV5 else 6)
    return results


@pytest.mark.parametrize('index', range(6))
def test_train_crop(index, persons):
    draw = DRAWS['train'][index]
    person, = (one for one in persons if one['ann_id'] == draw['ann_id'])
    box, pixels, matrix, labels = (
        GOLDEN[f'train{index}_{name}']
        for name in ('bbox', 'img', 'mat', 'label'))
    results = crop(person, box, pixels, draw['scale'], draw['rot'],
                   draw['flip'])
    assert results['bbox_rotation'] == pytest.approx(box[4], abs=1e-4)
    np.testing.assert_allclose(results['warp_mat'], matrix, atol=1e-4)
    assert results['img_shape'] == results['gt_seg_map'].shape == (512, 384)
    wrong = (results['gt_seg_map'] != labels).mean()
    assert wrong <= (0 if OPENCV5 else .003)


@pytest.mark.parametrize('index', range(2))
def test_plain_crops(index, persons):
    # Without augmentation these are also the test crops of a system that
    # crops with the same affine warp.
    of_image = [
        person for person in persons
        if Path(person['img_path']).name == DRAWS['test'][index]
    ]
    for person, box, pixels in zip(
            of_image,
            GOLDEN[f'test{index}_bbox'],
            GOLDEN[f'test{index}_img'],
            strict=True):
        crop(person, box, pixels)
