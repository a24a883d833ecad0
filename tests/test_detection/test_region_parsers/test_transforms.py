# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Images with all their persons, from files to a batch."""
import cv2
import numpy as np
import pytest
import torch
from mmcv.transforms import Compose
from mmdet.models import DetDataPreprocessor
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger

from projects.qanet.datasets import CIHPParsingDataset
from projects.qanet.testing.layout import TinyCIHP
from projects.qanet.utils.errors import InputError
from projects.qanet.visualization import ParsingVisualizer
from projects.qanet.visualization.browsing import draw_sample

LOAD = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='LoadPersonLabels')
]
PACK = dict(type='PackRegionInputs')


@pytest.fixture
def tiny(tmp_path):
    """Image 7, 60 x 40 px (w x h), where human 9 is no listed person."""
    tiny = TinyCIHP(tmp_path)
    tiny.category[35:, 50:], tiny.human[35:, 50:] = 3, 9
    tiny.category[0, 0] = 255
    # The persons are listed in another order than that of their ids.
    tiny.annotations.reverse()
    tiny.write_annotations()
    tiny.write_pixels('0007', tiny.category, tiny.human)
    return tiny


def dataset(tiny, *steps, **kwargs):
    arguments = tiny.arguments(pipeline=[*LOAD, *steps, PACK], **kwargs)
    return CIHPParsingDataset(whole_images=True, **arguments)


def expected(tiny):
    """Labels and owners, by a loop over pixels."""
    owners = np.zeros_like(tiny.human)
    for place in np.ndindex(*owners.shape):
        owners[place] = {1: 2, 2: 1}.get(tiny.human[place], 0)
    return np.stack([tiny.category, owners])


def test_labels_and_owners(tiny):
    packed = dataset(tiny)[0]
    sample, image = packed['data_samples'], packed['inputs']
    photo = cv2.imread(str(tiny.split / 'Images/0007.jpg'))
    np.testing.assert_array_equal(image, photo.transpose(2, 0, 1))
    maps = sample.gt_sem_seg.sem_seg
    assert maps.dtype == torch.uint8
    np.testing.assert_array_equal(maps, expected(tiny))
    boxes = sample.gt_instances
    assert boxes.bboxes.tensor.tolist() == [[30, 0, 42, 40], [5, 10, 25, 35]]
    assert boxes.labels.tolist() == [0, 0]
    assert sample.metainfo == dict(
        img_path=f'{tiny.split}/Images/0007.jpg',
        seg_map_path=f'{tiny.split}/Category_ids/0007.png',
        human_map_path=f'{tiny.split}/Human_ids/0007.png',
        img_id=7,
        ori_shape=(40, 60),
        img_shape=(40, 60),
        flip_pairs=[(14, 15), (16, 17), (18, 19)])


@pytest.mark.parametrize('width, height', [(90, 60), (45, 30), (60, 40)])
@pytest.mark.parametrize('flip', [False, True])
def test_resize_and_flip(tiny, width, height, flip):
    """The nearest pixel of each map, boxes with them, left becomes right."""
    step = dict(
        type='RandomChoiceResize', scales=[(width, height)], keep_ratio=True)
    flips = dict(type='ParsingRandomFlip', prob=float(flip))
    sample = dataset(tiny, step, flips)[0]['data_samples']
    rows = np.arange(height) * 40 // height
    columns = np.arange(width) * 60 // width
    maps = expected(tiny)[:, rows][:, :, columns]
    boxes = np.array([[30, 0, 42, 40], [5, 10, 25, 35]]) * width / 60
    if flip:
        maps = maps[:, :, ::-1].copy()
        maps[0][maps[0] == 14] = 15
        boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
    np.testing.assert_array_equal(sample.gt_sem_seg.sem_seg, maps)
    np.testing.assert_allclose(sample.gt_instances.bboxes.tensor, boxes)
    assert sample.scale_factor == (width / 60, ) * 2
    assert (sample.img_shape, sample.flip) == ((height, width), flip)


def test_batch_with_an_image_without_persons(tiny):
    """Images of two sizes are padded with nobody's background."""
    images = dataset(tiny)
    prepare = DetDataPreprocessor(
        pad_seg=True, seg_pad_value=0, pad_size_divisor=32)
    batch = prepare(pseudo_collate([images[0], images[1]]), training=True)
    crowded, empty = batch['data_samples']
    assert batch['inputs'].shape == (2, 3, 64, 64)
    maps = crowded.gt_sem_seg.sem_seg
    assert maps.shape == (2, 64, 64)
    np.testing.assert_array_equal(maps[:, :40, :60], expected(tiny))
    assert not maps[:, 40:].any() and not maps[:, :, 60:].any()
    assert not empty.gt_sem_seg.sem_seg.any()
    assert empty.gt_instances.bboxes.shape == (0, 4)


def test_of_a_crowd_there_are_two_maps(tiny):
    """30 persons, one a pixel; one of them has none and is named."""
    human = np.zeros((40, 60), np.uint8)
    human[5, 10:39] = np.arange(1, 30)
    tiny.write_pixels('0007', 7 * (human > 0).astype(np.uint8), human)
    tiny.annotations[:] = [
        dict(tiny.annotations[0], id=k, parsing_id=k) for k in range(1, 31)
    ]
    tiny.write_annotations()
    texts = []
    with pytest.MonkeyPatch.context() as patch:
        logger = MMLogger.get_current_instance()
        patch.setattr(logger, 'warning', texts.append)
        maps = dataset(tiny)[0]['data_samples'].gt_sem_seg.sem_seg
    np.testing.assert_array_equal(maps[1], human)
    text, = texts
    assert 'Human_ids/0007.png has no pixel of the person 30' in text


def test_test_images_have_no_maps(tiny):
    steps = [LOAD[0], dict(type='Resize', scale=(90, 60)), PACK]
    images = CIHPParsingDataset(
        whole_images=True, **tiny.arguments(pipeline=steps, test_mode=True))
    sample = images[0]['data_samples']
    assert 'gt_sem_seg' not in sample and not len(sample.gt_instances)
    assert set(sample.metainfo) == {
        'img_path', 'img_id', 'ori_shape', 'img_shape', 'scale_factor',
        'flip_pairs', 'seg_map_path', 'human_map_path'
    }


@pytest.mark.parametrize('test_mode', [False, True])
def test_browsing(tiny, test_mode):
    """Labels lie on the image that the network sees, at twice its size."""
    resize = dict(type='Resize', scale=(120, 80))
    steps = [LOAD[0], resize, PACK] if test_mode else [*LOAD, resize, PACK]
    images = CIHPParsingDataset(
        whole_images=True,
        **tiny.arguments(pipeline=steps, test_mode=test_mode))
    palette = images.metainfo['palette']
    picture = draw_sample(
        ParsingVisualizer(classes=images.metainfo['classes'], palette=palette),
        images, 0)
    plain = images[0]['inputs'].numpy().transpose(1, 2, 0)[..., ::-1]
    gap = 3
    np.testing.assert_array_equal(picture[:80, :120], plain)
    shown = picture[:80, 120 + gap:][:, :120]
    for row, column, label in ((24, 40, 5), (50, 20, 14), (70, 72, 9)):
        assert tiny.category[row // 2, column // 2] == label
        np.testing.assert_allclose(
            shown[row, column],
            (np.array(palette[label]) + plain[row, column]) / 2,
            atol=1)
    # The left side of the box from (5, 10), if the network is told of it.
    framed = (shown[40, 10] == [255, 255, 0]).all()
    assert framed != test_mode


def test_wrong_pipelines_and_files(tiny):
    drop = dict(type='FilterAnnotations', min_gt_bbox_wh=(15, 15))
    with pytest.raises(
            InputError,
            match='leaves 1 of 2 persons of .*0007.jpg'
            ': transforms that drop boxes'):
        dataset(tiny, drop)[0]
    mirror = dict(type='RandomFlip', prob=1.)
    with pytest.raises(
            InputError, match='mirrors .*0007.jpg without swapping left and '):
        dataset(tiny, mirror)[0]
    info = dataset(tiny).get_data_info(0)
    info['parsing_ids'] = list(range(1, 256))
    with pytest.raises(InputError, match='0007.png has 255 persons, allowed '):
        Compose(LOAD)(info)
    mask = 255 * (tiny.human > 0).astype(np.uint8)
    tiny.write_pixels('0007', tiny.category, mask)
    with pytest.raises(InputError, match='no values but 0 and 255'):
        dataset(tiny)[0]
    tiny.write_pixels('0007', tiny.category + 10, tiny.human)
    with pytest.raises(InputError, match=r'0007.png holds the label val.*24'):
        dataset(tiny)[0]
