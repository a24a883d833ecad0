# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmseg.structures import SegDataSample

from projects.qanet.datasets import CIHPParsingDataset, PackParsingInputs

CROP_SIZE = (24, 32)
TRAIN_PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPersonParsing'),
    dict(type='GetParsingBox', crop_size=CROP_SIZE),
    dict(type='RandomParsingAffine'),
    dict(type='RandomParsingFlip'),
    dict(type='TopDownAffine', crop_size=CROP_SIZE),
    dict(type='PackParsingInputs')
]


def test_train_sample(tiny_cihp):
    np.random.seed(0)
    dataset = CIHPParsingDataset(**tiny_cihp.arguments(
        pipeline=TRAIN_PIPELINE))
    packed = dataset[1]
    assert packed['inputs'].shape == (3, 32, 24)
    assert packed['inputs'].dtype == torch.uint8
    sample = packed['data_samples']
    assert isinstance(sample, SegDataSample)
    assert sample.gt_sem_seg.data.shape == (1, 32, 24)
    assert sample.gt_sem_seg.data.dtype == torch.int64
    assert set(sample.gt_sem_seg.data.unique().tolist()) == {0, 9}
    assert 'proposals' not in sample
    meta = sample.metainfo
    for key, path in (('img_path', 'Images/0007.jpg'),
                      ('seg_map_path', 'Category_ids/0007.png'),
                      ('human_map_path', 'Human_ids/0007.png')):
        assert meta.pop(key).endswith(path)
    assert meta.pop('flip') in (True, False)
    assert meta == dict(
        img_id=7,
        ann_id=7002,
        parsing_id=2,
        ori_shape=(40, 60),
        img_shape=(32, 24),
        flip_pairs=[(14, 15), (16, 17), (18, 19)])


def test_test_sample(tiny_cihp):
    dataset = CIHPParsingDataset(**tiny_cihp.arguments(
        pipeline=TRAIN_PIPELINE[:1] + TRAIN_PIPELINE[-1:], test_mode=True))
    batch = pseudo_collate([dataset[0], dataset[1]])
    assert [tuple(image.shape) for image in batch['inputs']] == [(3, 40, 60),
                                                                 (3, 50, 33)]
    crowded, empty = batch['data_samples']
    assert 'gt_sem_seg' not in crowded
    np.testing.assert_array_equal(crowded.proposals.bboxes,
                                  [[5, 10, 25, 35], [30, 0, 42, 40]])
    np.testing.assert_array_equal(crowded.proposals.scores, [1, 1])
    assert crowded.proposals.bboxes.dtype == torch.float32
    assert empty.proposals.bboxes.shape == (0, 4)
    assert empty.proposals.scores.shape == (0, )
    assert set(empty.metainfo) == {
        'img_path', 'img_id', 'ori_shape', 'img_shape', 'flip_pairs',
        'seg_map_path', 'human_map_path'
    }


def test_image_stays_bgr():
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 2] = (10, 20, 30)
    packed = PackParsingInputs()(dict(img=image, img_id=4))
    assert packed['inputs'][:, 0, 2].tolist() == [10, 20, 30]
    assert packed['data_samples'].img_id == 4
