# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.qanet.datasets import LIPParsingDataset
from projects.qanet.datasets.conversion import convert_lip
from projects.qanet.utils.errors import InputError

IMAGES = 'LIP/TrainVal_images/TrainVal_images'
LABELS = 'LIP/TrainVal_parsing_annotations/TrainVal_parsing_annotations'
PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPersonParsing'),
    dict(type='GetParsingBox', crop_size=(24, 32)),
    dict(type='TopDownAffine', crop_size=(24, 32)),
    dict(type='PackParsingInputs')
]


def person():
    labels = np.zeros((30, 40), np.uint8)
    labels[2:12, 15:25] = 13
    labels[12:28, 10:30] = 5
    labels[12:14, 10:30] = 255
    return labels


@pytest.fixture
def raw(mini):
    """Doubled folders; lists beside the images and a level further up."""
    for stem, mode in (('7_1', 'RGB'), ('7_2', 'L'), ('8_1', 'RGB')):
        mini.photo(f'{IMAGES}/train_images/{stem}.jpg', mode=mode)
        mini.labels(f'{LABELS}/train_segmentations/{stem}.png', person())
    mini.photo(f'{IMAGES}/train_images/unlisted.jpg')
    mini.photo(f'{IMAGES}/val_images/9_3.jpg', size=(22, 34))
    mini.labels(f'{LABELS}/val_segmentations/9_3.png', np.zeros((34, 22)))
    mini.photo(f'{IMAGES}/val_images/9_4.jpg')
    mini.labels(f'{LABELS}/val_segmentations/9_4.png', person())
    mini.photo('LIP/Testing_images/Testing_images/testing_images/5_5.jpg')
    mini.text(f'{IMAGES}/train_id.txt', '7_2\n7_1\n8_1')
    mini.text('LIP/TrainVal_images/val_id.txt', '9_3\n9_4\n')
    mini.text('LIP/Testing_images/Testing_images/test_id.txt', '5_5\n')
    return mini


def test_all_splits(raw, messages):
    for _ in range(2):  # again, on top of the first run
        train, val, test = convert_lip(str(raw.raw), str(raw.out))
        assert (train.num_images, train.num_persons) == (3, 3)
        assert not train.skipped
    document = raw.document('LIP_train')
    assert [image['file_name'] for image in document['images']
            ] == ['7_2.jpg', '7_1.jpg', '8_1.jpg']
    assert document['annotations'][0] == dict(
        id=1,
        image_id=1,
        category_id=1,
        iscrowd=0,
        parsing_id=1,
        bbox=[0, 0, 40, 30],
        area=420)
    categories, humans, instances, table = raw.maps('Training', '7_2')
    np.testing.assert_array_equal(categories, person())
    np.testing.assert_array_equal(humans, person() > 0)
    np.testing.assert_array_equal(instances, person() % 255)
    assert table == [(5, 5, 1), (13, 13, 1)]
    assert (raw.out / 'Training/Images/7_2.jpg').is_symlink()
    assert (raw.out / 'Training/Category_ids/7_2.png').is_symlink()
    # Nothing is labelled, but the image counts.
    assert raw.document('LIP_val')['annotations'][0]['bbox'] == [0, 0, 22, 34]
    assert val.notes == [('9_3', 'no pixel is labelled')]
    # No labels, but the box is known.
    assert raw.document('LIP_test')['annotations'][0]['bbox'] == [0, 0, 40, 30]
    assert not (raw.out / 'Testing/Category_ids').exists()
    assert test.num_images == 1
    assert any(
        'the data set has 30462 images in this split, 3 were found' in message
        for message in messages)


def test_gray_photo_is_fed_as_three_channels(raw):
    convert_lip(str(raw.raw), str(raw.out))
    dataset = LIPParsingDataset(
        'annotations/LIP_train.json',
        data_root=str(raw.out),
        pipeline=PIPELINE)
    sample = dataset[0]  # 7_2, one channel on disk
    assert tuple(sample['inputs'].shape) == (3, 32, 24)
    red, green, blue = sample['inputs'].numpy()
    assert red.any()
    np.testing.assert_array_equal(red, green)
    np.testing.assert_array_equal(red, blue)
    labels = sample['data_samples'].gt_sem_seg.data[0].numpy()
    assert set(np.unique(labels)) == {0, 5, 13, 255}


def test_broken_photo_is_skipped_and_named(raw):
    raw.photo(f'{IMAGES}/train_images/7_1.jpg', broken=True)
    train = convert_lip(str(raw.raw), str(raw.out))[0]
    (stem, reason), = train.skipped
    assert stem == '7_1' and 'unreadable image' in reason
    assert train.num_images == 2


def test_without_lists_all_images(raw):
    for path in raw.raw.rglob('*_id.txt'):
        path.unlink()
    train = convert_lip(str(raw.raw), str(raw.out))[0]
    (stem, reason), = train.skipped
    assert stem == 'unlisted' and 'unlisted.png does not exist' in reason


def test_split_without_labelled_pixels(raw):
    raw.labels(f'{LABELS}/val_segmentations/9_4.png', np.zeros((30, 40)))
    with pytest.raises(InputError, match='LIP_val: none of 2 images shows'):
        convert_lip(str(raw.raw), str(raw.out))


def test_labels_with_endings_in_capitals(raw):
    path = raw.raw / LABELS / 'train_segmentations/7_2.png'
    path.rename(path.with_suffix('.PNG'))
    train, *_ = convert_lip(str(raw.raw), str(raw.out))
    assert not train.skipped
    np.testing.assert_array_equal(raw.maps('Training', '7_2')[0], person())


def test_incomplete_downloads(raw, messages):
    split = raw.raw / LABELS / 'val_segmentations'
    split.rename(raw.raw / 'elsewhere')
    with pytest.raises(InputError, match='no folder val_segmentations'):
        convert_lip(str(raw.raw), str(raw.out))
    (raw.raw / IMAGES / 'val_images').rename(raw.raw / 'gone')
    reports = convert_lip(str(raw.raw), str(raw.out))
    assert len(reports) == 2
    assert any('Validation (val_images, val_segm' in message
               for message in messages)
    (raw.raw / 'elsewhere').rename(split)
    with pytest.raises(InputError, match='no folder val_images'):
        convert_lip(str(raw.raw), str(raw.out))
    with pytest.raises(InputError, match='none of the folders train_images'):
        convert_lip(str(raw.raw / 'gone'), str(raw.out))
    with pytest.raises(InputError, match='nowhere is not a folder'):
        convert_lip('nowhere', str(raw.out))


def test_real_download(shared_dir, tmp_path):
    raw = shared_dir / 'data/lip_raw'
    if not raw.is_dir():
        pytest.skip('the real photos are absent')
    train, val = convert_lip(str(raw), str(tmp_path))
    assert not train.skipped and not val.skipped
    # One photo per split; that of the validation split is grey.
    for split, size in (('train', (154, 220)), ('val', (130, 377))):
        dataset = LIPParsingDataset(
            f'annotations/LIP_{split}.json',
            data_root=str(tmp_path),
            data_prefix=dict(img='Training/Images' if split ==
                             'train' else 'Validation/Images'),
            pipeline=PIPELINE)
        info = dataset.get_data_info(0)
        np.testing.assert_array_equal(info['bbox'], [0, 0, *size])
        labels = dataset[0]['data_samples'].gt_sem_seg.data
        assert {5, 13} <= set(np.unique(labels))


def test_black_and_white_masks_are_refused(raw):
    raw.labels(f'{LABELS}/train_segmentations/7_2.png', 255 * (person() > 0))
    (train, *_) = convert_lip(str(raw.raw), str(raw.out))
    (stem, why), = train.skipped
    assert stem == '7_2' and 'labels must be class indices, 1 to 19' in why
    # The other images keep the numbers of the list.
    assert [image['id']
            for image in raw.document('LIP_train')['images']] == [2, 3]
