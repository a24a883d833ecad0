# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.datasets import MHPv2ParsingDataset
from projects.qanet.datasets.conversion import convert_mhp_v2
from projects.qanet.datasets.conversion.mhp_v2 import list_masks
from projects.qanet.utils.errors import InputError

ROOT = 'LV-MHP-v2/LV-MHP-v2'


def person(rows, columns, label, hair=0):
    """A box of one class, its top row of another."""
    labels = np.zeros((30, 40), np.uint8)
    labels[slice(*rows), slice(*columns)] = label
    if hair:
        labels[rows[0], slice(*columns)] = hair
    return labels


@pytest.fixture
def raw(mini):
    """Image 96 with three persons, the second covering part of the first."""
    mini.photo(f'{ROOT}/train/images/96.jpg')
    masks = f'{ROOT}/train/parsing_annos'
    mini.labels(f'{masks}/96_03_01.png', person((5, 25), (2, 14), 17, 4),
                'red')
    mini.labels(f'{masks}/96_03_02.png', person((10, 20), (8, 30), 58, 5),
                'red')
    mini.labels(f'{masks}/96_03_03.png', person((0, 4), (36, 40), 20))
    mini.photo(f'{ROOT}/train/images/100.jpg')
    mini.labels(f'{masks}/100_02_01.png', np.zeros((30, 40)), 'red')
    mini.labels(f'{masks}/100_02_02.png', person((1, 9), (3, 5), 7), 'red')
    mini.photo(f'{ROOT}/train/images/7.jpg')
    mini.labels(f'{masks}/7_01_01.png', person((1, 9), (3, 5), 8), 'palette')
    mini.photo(f'{ROOT}/train/images/unlisted.jpg')
    mini.text(f'{ROOT}/list/train.txt', '96\n100\n7\n')
    mini.photo(f'{ROOT}/test/images/12.jpg')
    return mini


def test_overlapping_persons(raw, messages):
    for _ in range(2):
        train, test = convert_mhp_v2(str(raw.raw), str(raw.out))
    assert (train.num_images, train.num_persons) == (3, 5)
    categories, humans, instances, table = raw.maps('Training', '96')
    first = person((5, 25), (2, 14), 17, 4)
    second = person((10, 20), (8, 30), 58, 5)
    third = person((0, 4), (36, 40), 20)
    # The later person covers the earlier one.
    expected = np.where(second > 0, second, first) + third
    np.testing.assert_array_equal(categories, expected)
    np.testing.assert_array_equal(
        humans,
        np.where(second > 0, 2, first > 0) + 3 * (third > 0))
    # 2 * 59 + 20 fits into 8 bits, hence the formula of CIHP.
    assert table == [(4, 4, 1), (17, 17, 1), (64, 5, 2), (117, 58, 2),
                     (138, 20, 3)]
    np.testing.assert_array_equal(
        instances,
        np.where(categories > 0, (humans.astype(int) - 1) * 59 + categories,
                 0))
    document = raw.document('MHP-v2_train')
    assert [image['id'] for image in document['images']] == [96, 100, 7]
    boxes = {
        person['parsing_id']: (person['bbox'], person['area'])
        for person in document['annotations'] if person['image_id'] == 96
    }
    assert boxes == {
        1: ([2, 5, 12, 20], 240 - 60),
        2: ([8, 10, 22, 10], 220),
        3: ([36, 0, 4, 4], 16)
    }
    # Test images come without masks.
    assert test.num_images == 1 and test.num_persons == 0
    assert any(
        message.startswith('val/images is not in') for message in messages)


def test_box_is_that_of_the_visible_pixels(raw):
    masks = f'{ROOT}/train/parsing_annos'
    raw.labels(f'{masks}/7_02_01.png', person((0, 10), (0, 20), 4), 'red')
    raw.labels(f'{masks}/7_02_02.png', person((0, 10), (0, 15), 7), 'red')
    (raw.raw / masks / '7_01_01.png').unlink()
    convert_mhp_v2(str(raw.raw), str(raw.out))
    first = [
        person for person in raw.document('MHP-v2_train')['annotations']
        if person['image_id'] == 7
    ][0]
    assert first['bbox'] == [15, 0, 5, 10] and first['area'] == 50


def test_empty_and_hidden_persons_are_named(raw):
    masks = f'{ROOT}/train/parsing_annos'
    raw.labels(f'{masks}/7_02_02.png', person((0, 20), (0, 20), 3), 'red')
    report = convert_mhp_v2(str(raw.raw), str(raw.out))[0]
    assert report.notes == [
        ('100', 'person 1 left out, no pixel of it is visible'),
        ('7', 'person 1 left out, no pixel of it is visible'),
        ('7', '2 of 1 person masks are there'),
    ]
    # The ids that are left have no gap.
    np.testing.assert_array_equal(
        raw.maps('Training', '100')[1], person((1, 9), (3, 5), 1))


def test_image_of_empty_masks_only(raw):
    raw.labels(f'{ROOT}/train/parsing_annos/100_02_02.png', np.zeros((30, 40)))
    report = convert_mhp_v2(str(raw.raw), str(raw.out))[0]
    assert report.empty == ['100'] and report.num_images == 2


def test_more_parts_than_8_bits_hold(raw):
    raw.photo(f'{ROOT}/train/images/7.jpg')
    for number in range(1, 27):
        labels = np.zeros((30, 40), np.uint8)
        labels[number] = np.minimum(np.arange(40) + 1, 58)
        raw.labels(f'{ROOT}/train/parsing_annos/7_26_{number:02d}.png', labels,
                   'red')
    (raw.raw / ROOT / 'train/parsing_annos/7_01_01.png').unlink()
    convert_mhp_v2(str(raw.raw), str(raw.out))
    categories, humans, instances, table = raw.maps('Training', '7')
    assert instances.dtype == np.uint16 and len(table) == 26 * 40
    assert table[-1] == (1040, 40, 26)
    assert instances[26, 39] == 1040 and categories[26, 39] == 40
    assert humans.dtype == np.uint8 and humans.max() == 26


def damage_photo(raw):
    raw.photo(f'{ROOT}/train/images/7.jpg', broken=True)


def damage_label(raw):
    raw.labels(f'{ROOT}/train/parsing_annos/7_01_01.png',
               person((1, 9), (3, 5), 59), 'red')


def damage_size(raw):
    raw.labels(f'{ROOT}/train/parsing_annos/7_01_01.png', np.ones((40, 30)),
               'red')


def damage_mask(raw):
    path = raw.raw / ROOT / 'train/parsing_annos/7_01_01.png'
    path.write_bytes(b'JFIF is no PNG' * 9)


def no_mask(raw):
    (raw.raw / ROOT / 'train/parsing_annos/7_01_01.png').unlink()


@pytest.mark.parametrize('damage,reason', [
    (damage_photo, 'unreadable image'),
    (damage_label, '7_01_01.png holds the label values [59]'),
    (damage_size, '7_01_01.png is 30x40 pixels (w x h), but'),
    (damage_mask, '7_01_01.png is not a PNG file'),
    (no_mask, '7 has no masks in parsing_annos'),
])
def test_skipped_with_reason(damage, reason, raw):
    damage(raw)
    report = convert_mhp_v2(str(raw.raw), str(raw.out))[0]
    (stem, why), = report.skipped
    assert stem == '7' and reason in why
    dataset = MHPv2ParsingDataset(
        'annotations/MHP-v2_train.json', data_root=str(raw.out))
    assert len(dataset) == 4


def test_list_masks(tmp_path):
    for name in ('2_02_01.png', '._2_02_01.png', '2_02_02.PNG',
                 'a_b_12_10.png', 'a_b_12_2.png', 'readme.txt'):
        (tmp_path / name).touch()
    found = list_masks(str(tmp_path))
    assert [row[:2] for row in found['2']] == [(2, 1), (2, 2)]
    assert [row[:2] for row in found['a_b']] == [(12, 2), (12, 10)]
    assert len(found) == 2


def test_incomplete_download(raw):
    train = raw.raw / ROOT / 'train'
    (train / 'parsing_annos').rename(train / 'x')
    with pytest.raises(InputError, match='train/parsing_annos does not exist'):
        convert_mhp_v2(str(raw.raw), str(raw.out))
    (train / 'x').rename(train / 'parsing_annos')
    (train / 'images').rename(train / 'x')
    with pytest.raises(InputError, match='train/images does not exist'):
        convert_mhp_v2(str(raw.raw), str(raw.out))
    with pytest.raises(InputError, match='none of the folders train/images'):
        convert_mhp_v2(str(train / 'x'), str(raw.out))
