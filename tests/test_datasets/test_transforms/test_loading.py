# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from unittest import mock

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger

from projects.qanet.datasets import CIHPParsingDataset, LoadPersonParsing


def sample_of(tiny_cihp, index):
    sample = CIHPParsingDataset(**tiny_cihp.arguments()).get_data_info(index)
    return dict(sample, ori_shape=(40, 60))


@pytest.mark.parametrize('index', [0, 1])
def test_other_persons_are_background(tiny_cihp, index):
    tiny_cihp.category[12, 31] = tiny_cihp.category[12, 6] = 255
    tiny_cihp.write_pixels('0007', tiny_cihp.category, tiny_cihp.human)
    results = LoadPersonParsing()(sample_of(tiny_cihp, index))
    expected = tiny_cihp.category.copy()
    expected[tiny_cihp.human != index + 1] = 0
    assert results['gt_seg_map'].dtype == np.uint8
    np.testing.assert_array_equal(results['gt_seg_map'], expected)
    assert (results['gt_seg_map'] == 255).sum() == 1
    assert results['seg_fields'] == ['gt_seg_map']


def test_person_without_pixels(tiny_cihp):
    tiny_cihp.annotations[0]['parsing_id'] = 3
    tiny_cihp.write_annotations()
    sample, transform = sample_of(tiny_cihp, 0), LoadPersonParsing()
    with mock.patch.object(MMLogger, 'warning') as warning:
        for _ in range(2):
            results = transform(dict(sample))
            assert results['gt_seg_map'].shape == (40, 60)
            assert not results['gt_seg_map'].any()
    (message, ), _ = warning.call_args
    assert warning.call_count == 1
    assert 'Human_ids/0007.png has no pixel of the person 3' in message
    assert message.endswith('3 values are there: [0, 1, 2]')


def test_mask_in_place_of_persons(tiny_cihp):
    tiny_cihp.write_pixels('0007', tiny_cihp.category,
                           255 * (tiny_cihp.human > 0).astype(np.uint8))
    with pytest.raises(
            ValueError, match='Human_ids/0007.png holds no values but 0'):
        LoadPersonParsing()(sample_of(tiny_cihp, 0))


def test_size_of_labels_and_image(tiny_cihp):
    tiny_cihp.write_pixels('0007', tiny_cihp.category.T, tiny_cihp.human)
    with pytest.raises(
            ValueError,
            match=r'Category_ids/0007.png is 40x60 pixels \(w x h\), but '
            r'.*Images/0007.jpg is 60x40'):
        LoadPersonParsing()(sample_of(tiny_cihp, 0))


def test_size_of_both_label_maps(tiny_cihp):
    tiny_cihp.write_pixels('0007', tiny_cihp.category, tiny_cihp.human[:, :-1])
    with pytest.raises(ValueError, match='Human_ids/0007.png is 59x40'):
        LoadPersonParsing()(sample_of(tiny_cihp, 0))


def test_unknown_label(tiny_cihp):
    tiny_cihp.category[0, 0] = 20
    tiny_cihp.write_pixels('0007', tiny_cihp.category, tiny_cihp.human)
    with pytest.raises(ValueError, match=r'Category_ids/0007.png .*\[20\]'):
        LoadPersonParsing()(sample_of(tiny_cihp, 0))


def test_black_and_white_mask(tiny_cihp):
    mask = (tiny_cihp.category > 0).astype(np.uint8) * 255
    tiny_cihp.write_pixels('0007', mask, tiny_cihp.human)
    with pytest.raises(
            ValueError,
            match='Category_ids/0007.png .* labels must be class indices'):
        LoadPersonParsing()(sample_of(tiny_cihp, 0))


def test_colour_label(tiny_cihp):
    path = str(tiny_cihp.split / 'Human_ids' / '0007.png')
    cv2.imwrite(path, np.zeros((40, 60, 3), np.uint8))
    with pytest.raises(ValueError, match=f'{path} has several channels'):
        LoadPersonParsing()(sample_of(tiny_cihp, 0))


def test_label_removed_later(tiny_cihp):
    sample = sample_of(tiny_cihp, 0)
    (tiny_cihp.split / 'Human_ids' / '0007.png').unlink()
    with pytest.raises(FileNotFoundError, match='Human_ids/0007.png'):
        LoadPersonParsing()(sample)


def test_repr():
    assert repr(LoadPersonParsing()) == 'LoadPersonParsing(backend_args=None)'
