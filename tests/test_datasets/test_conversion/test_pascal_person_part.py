# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from scipy.io import savemat

from projects.qanet.datasets import PPPParsingDataset
from projects.qanet.datasets.conversion import convert_pascal_person_part
from projects.qanet.datasets.conversion.pascal_parts import (PascalObject,
                                                             read_pascal_parts)
from projects.qanet.datasets.conversion.pascal_person_part import \
    labels_of_person
from projects.qanet.utils.errors import InputError

# Official label -> label in the released order.
TO_RELEASED = {1: 2, 2: 4, 3: 6, 4: 1, 5: 3, 6: 5}


def box(rows, columns):
    mask = np.zeros((30, 40), np.uint8)
    mask[slice(*rows), slice(*columns)] = 1
    return mask


PERSON = ('person', box((2, 28), (4, 20)), [('head', box((2, 8), (8, 16))),
                                            ('hair', box((2, 4), (8, 16))),
                                            ('torso', box((8, 18), (4, 20))),
                                            ('neck', box((8, 9), (10, 14))),
                                            ('llarm', box((14, 17), (4, 8))),
                                            ('ruarm', box((9, 14), (16, 20))),
                                            ('ruleg', box((18, 24), (6, 10))),
                                            ('lfoot', box((24, 26), (6, 10)))])
OTHER = ('person', box((10, 30), (18, 30)), [('torso', box((12, 30),
                                                           (18, 30)))])


def expected_categories():
    labels = np.zeros((30, 40), np.uint8)
    labels[2:8, 8:16] = 1
    labels[8:18, 4:20] = 2
    labels[14:17, 4:8] = 4
    labels[9:14, 16:20] = 3
    labels[18:24, 6:10] = 5
    labels[24:26, 6:10] = 6
    return labels


@pytest.fixture
def raw(mini):
    """Two training images and one to validate on, in separate archives."""
    anno, images = 'parts/Annotations_Part', 'VOCdevkit/VOC2010/JPEGImages'
    for stem, objects in {
            '2008_000001': [PERSON],
            '2008_000002': [
                PERSON, OTHER,
                ('dog', box((0, 6), (0, 12)), [('head', box((0, 6),
                                                            (0, 12)))]),
                ('person', box((0, 3), (33, 36)), [])
            ],
            '2008_000003': [OTHER],
            '2008_000004': [('cat', box((0, 6), (0, 12)), [])],
    }.items():
        mini.mat(f'{anno}/{stem}.mat', objects)
        mini.photo(f'{images}/{stem}.jpg')
    lists = 'pascal_person_part/pascal_person_part_trainval_list'
    mini.text(f'{lists}/train_id.txt', '2008_000001\n2008_000002\n')
    mini.text(f'{lists}/val_id.txt', '2008_000003')
    return mini


def test_one_person(raw):
    path, = raw.raw.rglob('2008_000001.mat')
    path.rename(path.with_suffix('.MAT'))
    for _ in range(2):
        train, val = convert_pascal_person_part(str(raw.raw), str(raw.out))
    assert (train.num_images, train.num_persons) == (2, 4 - 1)
    categories, humans, instances, table = raw.maps('Training', '2008_000001')
    np.testing.assert_array_equal(categories, expected_categories())
    # Pixels of the silhouette without a part are background.
    np.testing.assert_array_equal(humans, expected_categories() > 0)
    np.testing.assert_array_equal(instances, expected_categories())
    assert table == [(label, label, 1) for label in range(1, 7)]
    document = raw.document('PASCAL-Person-Part_train')
    assert document['info'] == dict(label_order='official')
    assert document['annotations'][0]['bbox'] == [4, 2, 16, 24]
    assert document['annotations'][0]['area'] == int(humans.sum())
    assert val.num_images == 1


def test_overlaps_and_persons_without_parts(raw):
    report = convert_pascal_person_part(str(raw.raw), str(raw.out))[0]
    categories, humans, _, table = raw.maps('Training', '2008_000002')
    expected = expected_categories()
    first = expected > 0
    silhouette = OTHER[1] > 0
    torso = OTHER[2][0][1] > 0
    dog = box((0, 6), (0, 12)) > 0
    for region in (silhouette, dog):  # later objects hide earlier ones
        expected[region], first[region] = 0, False
    expected[torso] = 2
    np.testing.assert_array_equal(categories, expected)
    np.testing.assert_array_equal(humans, first + 2 * torso)
    assert table[-1] == (9, 2, 2)
    boxes = [
        person['bbox']
        for person in raw.document('PASCAL-Person-Part_train')['annotations']
        if person['image_id'] == 2
    ]
    assert boxes == [[4, 2, 16, 24], [18, 12, 12, 18]]
    assert report.notes == [('2008_000002',
                             'person 3 left out, no part of it is visible')]


def test_released_order(raw):
    convert_pascal_person_part(str(raw.raw), str(raw.out), 'released')
    official = expected_categories()
    expected = np.zeros_like(official)
    for label, released in TO_RELEASED.items():
        expected[official == label] = released
    np.testing.assert_array_equal(
        raw.maps('Training', '2008_000001')[0], expected)
    arguments = dict(
        ann_file='annotations/PASCAL-Person-Part_train.json',
        data_root=str(raw.out))
    with pytest.raises(InputError, match='labels in the released order'):
        PPPParsingDataset(**arguments)
    dataset = PPPParsingDataset(label_order='released', **arguments)
    head = expected[3, 10]
    assert dataset.metainfo['classes'][head] == 'Head'
    foot = expected[25, 7]
    assert dataset.metainfo['classes'][foot] == 'Lower-legs'


def test_all_24_parts():
    classes = {
        1: 'head hair lear rear leye reye lebrow rebrow mouth nose',
        2: 'torso neck',
        3: 'luarm ruarm',
        4: 'llarm rlarm lhand rhand',
        5: 'luleg ruleg',
        6: 'llleg rlleg lfoot rfoot'
    }
    number = 0
    for label, names in classes.items():
        for name in names.split():
            mask = box((1, 2), (3, 5)) > 0
            person = PascalObject('person', mask, [(name, mask)])
            labels = labels_of_person(person, 'official')
            assert labels[1, 3] == label and labels.sum() == 2 * label
            labels = labels_of_person(person, 'released')
            assert labels[1, 3] == TO_RELEASED[label]
            number += 1
    assert number == 24


def test_lists(raw, tmp_path, messages):
    official = raw.raw / 'pascal_person_part/pascal_person_part_trainval_list'
    for name in ('train', 'val'):
        (official / f'{name}_id.txt').unlink()
    raw.text(
        'pascal_person_part/pascal_person_part_trainval_list/train.txt',
        '/JPEGImages/2008_000001.jpg /pascal_person_part_gt/2008_000001.png\n')
    train, = convert_pascal_person_part(str(raw.raw), str(raw.out))
    assert train.num_images == 1
    (official / 'train.txt').unlink()
    raw.text('VOCdevkit/VOC2010/ImageSets/Main/train.txt',
             '2008_000001\n2008_000004\n')
    raw.text('VOCdevkit/VOC2010/ImageSets/Main/val.txt', '2008_000003\n')
    train, val = convert_pascal_person_part(str(raw.raw), str(raw.out))
    assert (train.empty, val.num_images) == (['2008_000004'], 1)
    (raw.raw / 'VOCdevkit/VOC2010/ImageSets').rename(tmp_path / 'sets')
    train, = convert_pascal_person_part(str(raw.raw), str(raw.out))
    assert train.num_images == 3 and train.empty == ['2008_000004']
    assert any('everything goes to Training' in message
               for message in messages)
    ids = tmp_path / 'ids.txt'
    ids.write_text('2008_000002')
    val, = convert_pascal_person_part(
        str(raw.raw), str(raw.out), val_ids=str(ids))
    assert val.ann_file.endswith('_val.json') and val.num_images == 1


TURNED = np.ones((40, 30), np.uint8)
NARROW = np.ones((30, 39), np.uint8)


@pytest.mark.parametrize('objects,reason', [
    ([('person', PERSON[1], [('tail', PERSON[1])])
      ], "000003.mat: unknown part 'tail' of a person"),
    ([('person', TURNED, [('head', TURNED)])
      ], 'a mask is 30x40 pixels (w x h), but the image is 40x30'),
    ([('person', PERSON[1], [('head', NARROW)])
      ], "the mask of part 'head' is not as large"),
    (b'MATLAB 5.0 MAT-file' + b'.' * 200,
     '000003.mat is no readable annotation of PASCAL-Part'),
    (dict(anno=dict(imname='x')),
     '000003.mat is no readable annotation of PASCAL-Part'),
    (dict(other=1), '000003.mat is no readable annotation of PASCAL-Part'),
    (None, '000003.mat does not exist'),
])
def test_skipped_with_reason(objects, reason, raw, tmp_path):
    path = raw.raw / 'parts/Annotations_Part/2008_000003.mat'
    if objects is None:
        path.unlink()
    elif isinstance(objects, bytes):
        path.write_bytes(objects)
    elif isinstance(objects, dict):
        savemat(path, objects)
    else:
        raw.mat('parts/Annotations_Part/2008_000003.mat', objects)
    ids = tmp_path / 'ids.txt'
    ids.write_text('2008_000001\n2008_000003\n')
    report, = convert_pascal_person_part(
        str(raw.raw), str(raw.out), train_ids=str(ids))
    (stem, why), = report.skipped
    assert stem == '2008_000003' and reason in why


def test_incomplete_download(raw, tmp_path):
    with pytest.raises(ValueError, match='label_order must be one of'):
        convert_pascal_person_part(str(raw.raw), str(raw.out), 'other')
    ids = tmp_path / 'ids.txt'
    ids.write_text('2008_000004\n')
    with pytest.raises(InputError, match='none of 1 images shows a person'):
        convert_pascal_person_part(
            str(raw.raw), str(raw.out), val_ids=str(ids))
    (raw.raw / 'VOCdevkit/VOC2010/JPEGImages').rename(tmp_path / 'images')
    with pytest.raises(InputError, match='no folder JPEGImages'):
        convert_pascal_person_part(str(raw.raw), str(raw.out))
    (raw.raw / 'parts/Annotations_Part').rename(tmp_path / 'parts')
    with pytest.raises(InputError, match='no folder Annotations_Part'):
        convert_pascal_person_part(str(raw.raw), str(raw.out))


def test_real_annotations(shared_dir):
    folder = shared_dir / 'data/pascal_part_raw/Annotations_Part'
    if not folder.is_dir():
        pytest.skip('the real annotations are absent')
    baby, = read_pascal_parts(str(folder / '2008_000652.mat'))
    assert baby.name == 'person' and baby.mask.shape == (213, 320)
    assert baby.mask.sum() == 23609 and len(baby.parts) == 18
    labels = labels_of_person(baby, 'official')
    assert np.count_nonzero(labels) == 23152
    assert set(np.unique(labels)) == set(range(7))


def test_real_conversion(shared_dir, tmp_path):
    raw = shared_dir / 'data/pascal_part_raw'
    if not raw.is_dir():
        pytest.skip('the real annotations are absent')
    report, = convert_pascal_person_part(str(raw), str(tmp_path))
    assert (report.num_images, report.num_persons) == (5, 8)
    assert report.empty == ['2008_001978', '2008_003497']
