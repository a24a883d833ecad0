# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest
from mmengine.logging import MMLogger
from mmseg.registry import DATASETS

import projects.qanet.plugin  # noqa: F401
from projects.qanet.densepose.dataset import DensePoseCocoDataset
from projects.qanet.densepose.labels import (PART_FLIP_PAIRS, PART_NAMES,
                                             PATCH_FLIP_PAIRS, PATCH_NAMES)
from projects.qanet.utils.errors import InputError
from .people import TinyDensePose

POINTS = ('dp_x', 'dp_y', 'dp_I', 'dp_U', 'dp_V')


@pytest.fixture
def tiny(tmp_path):
    return TinyDensePose(tmp_path)


def samples_of(tiny, **kwargs):
    dataset = DATASETS.build(
        dict(type='DensePoseCocoDataset', **tiny.arguments(**kwargs)))
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def refused(tiny, pattern, error=InputError, **kwargs):
    tiny.write()
    with pytest.raises(error, match=pattern):
        DensePoseCocoDataset(**tiny.arguments(**kwargs))


def test_training_samples(tiny, monkeypatch):
    texts = []
    monkeypatch.setattr(MMLogger.get_current_instance(), 'info', texts.append)
    first, second = samples_of(tiny)
    np.testing.assert_array_equal(
        first.pop('bbox'), np.float32([10, 5.5, 35.5, 45.5]))
    first.pop('sample_idx')
    own = tiny.annotations[0]
    assert first == dict(
        img_path=f'{tiny.root}/val/COCO_3.png',
        img_id=3,
        ann_id=31,
        height=50,
        width=70,
        num_classes=25,
        flip_pairs=list(PATCH_FLIP_PAIRS),
        part_flip_pairs=PART_FLIP_PAIRS,
        dense_pose={key: own[key]
                    for key in ('bbox', 'dp_masks', *POINTS)},
        seg_fields=[],
        reduce_zero_label=False)
    assert second['ann_id'] == 32
    assert second['dense_pose'] == dict(
        bbox=[40, 10, 20, 30], dp_masks=tiny.masks)
    # The crowd does not count.
    assert '2 of 3 persons of ' in '\n'.join(texts)


def test_images_to_test(tiny):
    first, second = samples_of(tiny, test_mode=True)
    assert (first['img_id'], second['img_id']) == (3, 4)
    np.testing.assert_array_equal(
        first['bboxes'],
        [[10, 5.5, 35.5, 45.5], [40, 10, 60, 40], [60, 0, 70, 20]])
    np.testing.assert_array_equal(first['bbox_scores'], [1, 1, 1])
    assert second['bboxes'].shape == (0, 4)
    assert 'dense_pose' not in first and 'part_flip_pairs' not in first
    (tiny.root / 'boxes.json').write_text(
        json.dumps([
            dict(image_id=4, category_id=1, bbox=[1, 2, 3, 4], score=.5),
            dict(image_id=4, category_id=1, bbox=[1, 2, 3, 4], score=.1)
        ]))
    first, second = samples_of(
        tiny, test_mode=True, bbox_file='boxes.json', bbox_thr=.2)
    assert first['bboxes'].shape == (0, 4)
    np.testing.assert_array_equal(second['bboxes'], [[1, 2, 4, 6]])
    np.testing.assert_array_equal(second['bbox_scores'], [.5])


def test_who_is_trained_on(tiny):

    def ids(**kwargs):
        tiny.write()
        return [sample['ann_id'] for sample in samples_of(tiny, **kwargs)]

    assert ids(filter_cfg=dict(with_dp=True)) == [31]
    assert ids(filter_cfg=dict(with_dp=False, min_size=20)) == [31, 32]
    assert ids(filter_cfg=dict(min_size=21)) == [31]
    tiny.annotations[1]['area'] = 0
    assert ids() == [31]
    tiny.annotations[1].update(area=1, bbox=[40, 10, 0, 30])
    assert ids() == [31]
    tiny.annotations[1].update(bbox=[40, 10, 5, 30], dp_x=[])
    assert ids() == [31, 32]  # no point is none
    assert ids(filter_cfg=dict(with_dp=True)) == [31]
    tiny.annotations[1]['category_id'] = 2
    assert ids() == [31]


def test_refusals(tiny):
    refused(
        tiny,
        "data_prefix is None; it needs 'img', allowed are img, and",
        data_prefix=None)
    refused(
        tiny,
        r"filter_cfg has the keys \['dp'\], allowed are filter_empty_gt, "
        'min_size, with_dp',
        filter_cfg=dict(dp=True))
    refused(
        tiny,
        r'bbox_file is for testing \(test_mode=True\);',
        bbox_file='boxes.json')
    refused(
        tiny,
        'folder .*/train does not exist',
        FileNotFoundError,
        data_prefix=dict(img='train'))
    own = tiny.annotations[0]
    own['dp_U'][1] = 7.5
    refused(tiny, 'densepose.json: annotation 31 has 7.5 in dp_U')
    del own['dp_U']
    refused(tiny, 'annotation 31 has no list of numbers dp_U')
    samples_of(tiny, test_mode=True)  # boxes alone do for testing
    for person in tiny.annotations:
        person.pop('dp_masks', None)
    refused(
        tiny, 'densepose.json: none of 3 persons has dp_masks and an area '
        'above 0; is it an annotation file of COCO DensePose')
    tiny.annotations.clear()
    refused(tiny, 'has no person to train on among 2 images')


def test_metainfo():
    meta = DensePoseCocoDataset.METAINFO
    assert meta['classes'] == PATCH_NAMES
    palette = np.array(meta['palette'])
    assert palette.shape == (25, 3) and not palette[0].any()
    differences = np.abs(palette[:, None] - palette).sum(-1)
    assert differences[~np.eye(25, dtype=bool)].min() > 50
    # Pairs are each other's mirror image by name.
    for names, pairs in ((PATCH_NAMES, meta['flip_pairs']), (PART_NAMES,
                                                             PART_FLIP_PAIRS)):
        sided = [name for name in names if 'Left' in name or 'Right' in name]
        assert {names[i] for pair in pairs for i in pair} >= set(sided)
        for one, other in pairs:
            swapped = names[one].replace('Left', 'Right')
            assert swapped.replace('A', 'B') == names[other].replace(
                'Left', 'Right').replace('A', 'B')
