# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Whole crops against those of the released system."""
import json
import os.path as osp

import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile

from projects.qanet.datasets import (CIHPParsingDataset, GetParsingBox,
                                     LoadPersonParsing, RandomParsingAffine,
                                     RandomParsingFlip, TopDownAffine)

DATA = osp.join(osp.dirname(__file__), '../../data/transforms')
CROP_SIZE = (384, 512)
OPENCV5 = cv2.__version__.startswith('5')


@pytest.fixture(scope='module')
def golden():
    return np.load(osp.join(DATA, 'golden.npz'))


@pytest.fixture(scope='module')
def draws():
    with open(osp.join(DATA, 'draws.json')) as file:
        return json.load(file)


@pytest.fixture(scope='module')
def persons():
    dataset = CIHPParsingDataset(
        ann_file='persons.json',
        data_root=DATA,
        data_prefix=dict(img='Images'))
    return {
        info['ann_id']: info
        for info in map(dataset.get_data_info, range(len(dataset)))
    }


def crop(person, scale, rotation, flip, monkeypatch):
    affine, mirror = RandomParsingAffine(), RandomParsingFlip()
    monkeypatch.setattr(affine, '_draw', lambda: (scale, rotation))
    monkeypatch.setattr(mirror, '_draw', lambda: flip)
    return run(person, affine, mirror, TopDownAffine(CROP_SIZE))


def run(person, *transforms):
    results = dict(person)
    for transform in (LoadImageFromFile(), LoadPersonParsing(),
                      GetParsingBox(CROP_SIZE), *transforms):
        results = transform(results)
    return results


def check_crop(results, box, pixels):
    np.testing.assert_allclose(results['bbox_center'], box[:2], atol=1e-4)
    np.testing.assert_allclose(results['bbox_scale'], box[2:4], atol=1e-4)
    difference = np.abs(results['img'][::8, ::8].astype(int) - pixels)
    assert difference.max() <= (1 if OPENCV5 else 6)


@pytest.mark.parametrize('index', range(6))
def test_train_crop(index, golden, draws, persons, monkeypatch):
    draw = draws['train'][index]
    person = persons[draw['ann_id']]
    assert osp.basename(person['img_path']) == draw['file']
    results = crop(person, draw['scale'], draw['rot'], draw['flip'],
                   monkeypatch)

    box = golden[f'train{index}_bbox']
    check_crop(results, box, golden[f'train{index}_img'])
    assert results['bbox_rotation'] == pytest.approx(box[4], abs=1e-4)
    np.testing.assert_allclose(
        results['warp_mat'], golden[f'train{index}_mat'], atol=1e-4)

    assert results['img_shape'] == results['gt_seg_map'].shape == (512, 384)
    wrong = results['gt_seg_map'] != golden[f'train{index}_label']
    assert wrong.mean() <= (0 if OPENCV5 else .003)


@pytest.mark.parametrize('index', range(2))
def test_plain_crops(index, golden, draws, persons, monkeypatch):
    # Without augmentation these are also the test crops of a system that
    # crops with the same affine warp.
    of_image = [
        person for person in persons.values()
        if osp.basename(person['img_path']) == draws['test'][index]
    ]
    assert len(of_image) == len(golden[f'test{index}_img'])
    for i, person in enumerate(of_image):
        results = crop(person, 1., 0., False, monkeypatch)
        check_crop(results, golden[f'test{index}_bbox'][i],
                   golden[f'test{index}_img'][i])


def test_flip(golden, draws, persons, monkeypatch):
    draw = draws['flip']
    results = run(persons[draw['ann_id']])
    assert results['parsing_id'] == draw['parsing_id']
    np.testing.assert_array_equal(results['gt_seg_map'],
                                  golden['flip_in_label'])
    image = results['img']
    results = RandomParsingFlip(prob=1.)(results)
    np.testing.assert_array_equal(results['gt_seg_map'],
                                  golden['flip_out_label'])
    np.testing.assert_array_equal(results['img'], image[:, ::-1])
    np.testing.assert_allclose(
        [*results['bbox_center'], *results['bbox_scale']],
        golden['flip_out_box'][:4])
