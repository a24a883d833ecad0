# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import torch
from mmengine.dataset import pseudo_collate

from projects.qanet.datasets import CIHPParsingDataset

TRAIN = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPersonParsing'),
    dict(type='GetParsingBox', crop_size=(24, 32)),
    dict(type='RandomParsingAffine'),
    dict(type='RandomParsingFlip'),
    dict(type='TopDownAffine', crop_size=(24, 32)),
    dict(type='PackParsingInputs')
]
FILES = dict(
    img_path='Images/0007.jpg',
    seg_map_path='Category_ids/0007.png',
    human_map_path='Human_ids/0007.png')


def test_train_sample(tiny_cihp):
    np.random.seed(0)
    packed = CIHPParsingDataset(**tiny_cihp.arguments(pipeline=TRAIN))[1]
    assert packed['inputs'].shape == (3, 32, 24)
    assert packed['inputs'].dtype == torch.uint8
    sample = packed['data_samples']
    assert sample.gt_sem_seg.data.shape == (1, 32, 24)
    assert sample.gt_sem_seg.data.dtype == torch.int64
    assert set(sample.gt_sem_seg.data.unique().tolist()) == {0, 9}
    assert 'proposals' not in sample
    meta = sample.metainfo
    assert meta.pop('flip') in (True, False)
    assert meta == dict(
        {
            key: f'{tiny_cihp.split}/{name}'
            for key, name in FILES.items()
        },
        img_id=7,
        ann_id=7002,
        parsing_id=2,
        ori_shape=(40, 60),
        img_shape=(32, 24),
        flip_pairs=[(14, 15), (16, 17), (18, 19)])


def test_test_sample(tiny_cihp):
    dataset = CIHPParsingDataset(
        **tiny_cihp.arguments(pipeline=TRAIN[:1] + TRAIN[-1:], test_mode=True))
    batch = pseudo_collate([dataset[0], dataset[1]])
    assert [tuple(image.shape) for image in batch['inputs']] == [(3, 40, 60),
                                                                 (3, 50, 33)]
    image = cv2.imread(str(tiny_cihp.split / FILES['img_path']))  # BGR
    np.testing.assert_array_equal(batch['inputs'][0], image.transpose(2, 0, 1))
    crowded, empty = batch['data_samples']
    assert 'gt_sem_seg' not in crowded
    np.testing.assert_array_equal(crowded.proposals.bboxes,
                                  [[5, 10, 25, 35], [30, 0, 42, 40]])
    np.testing.assert_array_equal(crowded.proposals.scores, [1, 1])
    assert crowded.proposals.bboxes.dtype == torch.float32
    assert empty.proposals.bboxes.shape == (0, 4)
    assert empty.proposals.scores.shape == (0, )
    assert (crowded.img_id, empty.img_id) == (7, 9)
    assert set(empty.metainfo) == {
        'img_id', 'ori_shape', 'img_shape', 'flip_pairs', *FILES
    }
