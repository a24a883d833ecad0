# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from unittest import mock

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger

from projects.qanet.datasets import CIHPParsingDataset, LoadPersonParsing


def sample_of(tiny_cihp, index=0):
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
    assert results['seg_fields'] == ['gt_seg_map']


def test_person_without_pixels(tiny_cihp):
    tiny_cihp.annotations[0]['parsing_id'] = 3
    tiny_cihp.write_annotations()
    sample, transform = sample_of(tiny_cihp), LoadPersonParsing()
    with mock.patch.object(MMLogger, 'warning') as warning:
        for _ in range(2):
            assert not transform(dict(sample))['gt_seg_map'].any()
    (message, ), _ = warning.call_args
    assert warning.call_count == 1
    assert 'Human_ids/0007.png has no pixel of the person 3' in message
    assert message.endswith('3 values are there: [0, 1, 2]')


@pytest.mark.parametrize('change, pattern', [
    (lambda category, human:
     (category, 255 *
      (human > 0)), 'Human_ids/0007.png holds no values but 0'),
    (lambda category, human: (category.T, human),
     r'Category_ids/0007.png is 40x60 pixels \(w x h\), but '
     r'.*Images/0007.jpg is 60x40'),
    (lambda category, human:
     (category, human[:, :-1]), 'Human_ids/0007.png is 59x40'),
    (lambda category, human:
     (category + 11, human), r'Category_ids/0007.png .*\[20, 25\]'),
    (lambda category, human: (255 * (category > 0), human),
     'Category_ids/0007.png .* labels must be class indices'),
])
def test_wrong_label_maps(tiny_cihp, change, pattern):
    maps = change(tiny_cihp.category, tiny_cihp.human)
    for folder, labels in zip(('Category_ids', 'Human_ids'), maps):
        path = str(tiny_cihp.split / folder / '0007.png')
        cv2.imwrite(path, labels.astype(np.uint8))
    with pytest.raises(ValueError, match=pattern):
        LoadPersonParsing()(sample_of(tiny_cihp))
