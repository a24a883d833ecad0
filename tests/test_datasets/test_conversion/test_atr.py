# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.datasets import ATRParsingDataset
from projects.qanet.datasets.conversion import convert_atr
from projects.qanet.datasets.conversion.atr import split_by_name
from projects.qanet.utils.errors import InputError

STEMS = [f'2500_{i}' for i in range(1, 6)] + ['dataset10k_1', 'fash_2']


def person():
    labels = np.zeros((30, 40), np.uint8)
    labels[2:12, 15:25] = 11
    labels[12:28, 10:30] = 17
    labels[0, 0] = 255
    return labels


@pytest.fixture
def raw(mini):
    for stem in STEMS:
        mini.photo(f'humanparsing/JPEGImages/{stem}.jpg')
        mini.labels(f'humanparsing/SegmentationClassAug/{stem}.png', person())
    return mini


def names(mini, split):
    document = mini.document(f'ATR_{split}')
    return [image['file_name'][:-4] for image in document['images']]


def test_split_by_name():
    splits = split_by_name(STEMS, 2, 1)
    # By sha1sum of '0:<name>'; the split must never move.
    assert splits == dict(
        Training=['2500_3', '2500_4', '2500_5', 'dataset10k_1'],
        Validation=['2500_2', 'fash_2'],
        Testing=['2500_1'])
    assert split_by_name(STEMS[::-1], 2, 1) == splits
    assert split_by_name(STEMS, 2, 1, seed=1) != splits
    assert list(split_by_name(STEMS, 0, 0)) == ['Training']
    with pytest.raises(InputError, match='leave none of 7 to train on'):
        split_by_name(STEMS, 3, 4)
    with pytest.raises(InputError, match='-1 images for validation'):
        split_by_name(STEMS, -1, 4)


def test_conversion(raw):
    for _ in range(2):
        reports = convert_atr(str(raw.raw), str(raw.out), 2, 1)
    assert [report.num_images for report in reports] == [4, 2, 1]
    assert names(raw, 'val') == split_by_name(STEMS, 2, 1)['Validation']
    stem = names(raw, 'test')[0]
    categories, humans, instances, table = raw.maps('Testing', stem)
    np.testing.assert_array_equal(categories, person())
    np.testing.assert_array_equal(humans, person() > 0)
    np.testing.assert_array_equal(instances, person() % 255)
    assert table == [(11, 11, 1), (17, 17, 1)]
    annotation = raw.document('ATR_train')['annotations'][0]
    assert annotation['bbox'] == [0, 0, 40, 30] and annotation['area'] == 421
    dataset = ATRParsingDataset(
        'annotations/ATR_train.json', data_root=str(raw.out))
    assert len(dataset) == 4


def test_palette_labels_are_indices(raw):
    raw.labels('humanparsing/SegmentationClassAug/2500_1.png', person(),
               'palette')
    convert_atr(str(raw.raw), str(raw.out), 0, 0)
    np.testing.assert_array_equal(raw.maps('Training', '2500_1')[0], person())


def test_lists(raw, tmp_path):
    (tmp_path / 'train.txt').write_text('2500_1\nfash_2\n')
    (tmp_path / 'test.txt').write_text('2500_2\n')
    convert_atr(
        str(raw.raw),
        str(raw.out),
        train_ids=str(tmp_path / 'train.txt'),
        test_ids=str(tmp_path / 'test.txt'))
    assert names(raw, 'train') == ['2500_1', 'fash_2']
    assert names(raw, 'test') == ['2500_2']
    assert not (raw.out / 'annotations/ATR_val.json').exists()
    (tmp_path / 'test.txt').write_text('fash_2\n')
    with pytest.raises(InputError, match='fash_2 is in both .*train.txt and'):
        convert_atr(
            str(raw.raw),
            str(raw.out),
            train_ids=str(tmp_path / 'train.txt'),
            test_ids=str(tmp_path / 'test.txt'))


def test_incomplete_download(raw):
    (raw.raw / 'humanparsing/SegmentationClassAug').rename(raw.raw / 'x')
    with pytest.raises(InputError, match='no folder SegmentationClassAug'):
        convert_atr(str(raw.raw), str(raw.out))
