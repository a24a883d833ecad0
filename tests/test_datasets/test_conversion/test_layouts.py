# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What holds for all downloads, and for data of one's own in their layout."""
import re

import numpy as np
import pytest

from projects.qanet.utils.errors import InputError
from .miniature import (FOLDERS, NUM_CLASSES, SINGLE, merge, persons_of,
                        write_all)

PNGS = [data_set for data_set in FOLDERS if data_set != 'PASCAL-Person-Part']
each_data_set = pytest.mark.parametrize('data_set', list(FOLDERS))


def naive_persons(data_set, humans):
    """parsing_id, xywh and area by person."""
    persons = []
    for person in np.unique(humans[humans > 0]).tolist():
        rows, columns = np.nonzero(humans == person)
        x, y = int(columns.min()), int(rows.min())
        box = [x, y, int(columns.max()) - x + 1, int(rows.max()) - y + 1]
        box = [0, 0, 40, 30] if data_set in SINGLE else box
        persons.append(dict(parsing_id=person, bbox=box, area=len(rows)))
    return persons


@each_data_set
def test_conversion(data_set, mini):
    write_all(mini, data_set, ('20', '3', '100'))
    for _ in range(2):  # again, on top of the first run
        reports = mini.convert(data_set)
    categories, humans = merge(persons_of(data_set))
    for stem in ('20', '3', '100'):
        mini.check('Training', stem, categories, humans, NUM_CLASSES[data_set])
    document = mini.document(f'{data_set}_train')
    assert document['images'] == [
        dict(id=i, file_name=f'{i}.jpg', width=40, height=30)
        for i in (20, 3, 100)
    ]
    expected = [
        dict(person, image_id=image_id, category_id=1, iscrowd=0)
        for image_id in (20, 3, 100)
        for person in naive_persons(data_set, humans)
    ]
    assert document['annotations'] == [
        dict(row, id=i) for i, row in enumerate(expected, 1)
    ]
    assert set(reports) == {'train', 'val'}
    assert not reports['train'].skipped and not reports['train'].notes
    photo = mini.out / 'Training/Images/20.jpg'
    assert photo.is_symlink() and mini.raw in photo.resolve().parents


@pytest.mark.parametrize('data_set,images,listing', [
    ('CIHP', 'p/p/Testing/Images', 'p/p/Testing/test_id.txt'),
    ('LIP', 'LIP/T/T/testing_images', 'LIP/T/test_id.txt'),
    ('MHP-v2', 'LV/LV/test/images', 'LV/LV/list/test_all.txt'),
])
def test_test_split_without_labels(data_set, images, listing, mini, capsys):
    mini.photo(f'{images}/x.jpg')
    mini.photo(f'{images}/unlisted.jpg')
    mini.text(listing, 'x\n')
    assert set(mini.convert(data_set)) == {'test'}
    # The box of a single person is known all the same.
    boxes = [[0, 0, 40, 30]] if data_set == 'LIP' else []
    assert mini.boxes(f'{data_set}_test') == boxes
    assert mini.file_names(f'{data_set}_test') == ['x.jpg']
    folder, = (mini.out / 'Testing').iterdir()
    assert folder.name == 'Images'
    output = capsys.readouterr()
    assert 'Training (' in output.out and 'left out' in output.out
    number = 10000 if data_set == 'LIP' else 5000
    assert (f'the data set has {number} images in this split, 1 were found'
            in output.err)


def test_without_list_all_images_count(mini):
    write_all(mini, 'LIP')
    for path in mini.raw.rglob('*.txt'):
        path.unlink()
    mini.convert('LIP')
    assert mini.file_names('LIP_train') == ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg']


def label_of(height, width, value):
    labels = np.full((height, width), value)
    return lambda mini, photo, label: mini.labels(label, labels)


def no_label(mini, photo, label):
    for path in (mini.raw / label).parent.glob('a[._]*'):
        path.unlink()


DAMAGES = [
    (FOLDERS, lambda mini, photo, label: mini.photo(photo, broken=True),
     'unreadable image .*a.jpg'),
    (FOLDERS, lambda mini, photo, label: mini.photo(photo[:-3] + 'png'),
     'a.jpg and a.png would share one label map'),
    (FOLDERS, lambda mini, photo, label: (mini.raw / photo).unlink(),
     'a.jpg is missing'),
    (FOLDERS, no_label, 'a.(png|mat) does not exist|a has no masks'),
    (PNGS, label_of(40, 30, 1), 'is 30x40 pixels .* but .*40x30'),
    (PNGS, label_of(30, 40, 59), r'label values \[59\], allowed are'),
    (PNGS, label_of(30, 40, 255), 'no labels but 0 and 255'),
    (PNGS, lambda mini, photo, label: mini.text(label, 'JFIF' * 40),
     'is not a PNG file'),
]  # yapf: disable


@pytest.mark.parametrize('data_set,damage,reason',
                         [(name, damage, reason)
                          for names, damage, reason in DAMAGES
                          for name in names])
def test_damaged_image_is_skipped_and_named(data_set, damage, reason, mini):
    found = write_all(mini, data_set)
    damage(mini, *found[1])
    (stem, why), = mini.convert(data_set)['train'].skipped
    assert stem == 'a' and re.search(reason, why), why
    # The other images keep the numbers of the list.
    images = mini.document(f'{data_set}_train')['images']
    assert [(image['id'], image['file_name'])
            for image in images] == [(1, 'b.jpg'), (3, 'c.jpg'), (4, 'd.jpg')]


@pytest.mark.parametrize('data_set,folder,message', [
    ('CIHP', 'p/p/Training/Human_ids', 'has no folder Training/Human_ids'),
    ('CIHP', 'p', 'none of the folders Training/Images, Validation/Images, '),
    ('LIP', 'LIP/L/L/val_segmentations', 'no folder val_segmentations'),
    ('LIP', 'LIP', 'none of the folders train_images, val_images, testing_'),
    ('MHP-v2', 'LV/LV/train/images', 'no folder train/images'),
    ('MHP-v2', 'LV', 'none of the folders train/images, val/images, test/'),
    ('PASCAL-Person-Part', 'VOC', 'no folder JPEGImages'),
    ('PASCAL-Person-Part', 'parts', 'no folder Annotations_Part'),
    ('ATR', 'hp/SegmentationClassAug', 'no folder SegmentationClassAug'),
    ('Own', 'parsing', 'folder .*/parsing does not exist'),
    ('Own', 'images', 'folder .*/images does not exist'),
])
def test_incomplete_download(data_set, folder, message, mini, tmp_path):
    write_all(mini, data_set)
    # Other labels of CIHP lie beside each other; too deep is nowhere.
    depth = 2 if folder.endswith('Human_ids') else 6
    elsewhere = mini.raw.joinpath(*depth * 'q', folder)
    elsewhere.parent.mkdir(parents=True)
    (mini.raw / folder).rename(elsewhere)
    with pytest.raises(InputError, match=message):
        mini.convert(data_set)
    assert not (mini.out / 'annotations').exists()


@each_data_set
def test_empty_folders_and_missing_images(data_set, mini):
    found = write_all(mini, data_set)
    for photo, _ in found[:3]:
        (mini.raw / photo).unlink()
    with pytest.raises(
            InputError, match=f'{data_set}_train: 3 of 4 images cannot be'):
        mini.convert(data_set)
    for path in (mini.raw / found[3][0]).parent.iterdir():
        path.unlink()
    with pytest.raises(InputError, match='holds no images: incomplete'):
        mini.convert(data_set)
    mini.raw = mini.raw / 'nowhere'
    with pytest.raises(InputError, match='nowhere.* (is not a|not exist)'):
        mini.convert(data_set)


@pytest.mark.parametrize('data_set', PNGS)
def test_palettes_and_endings_in_capitals(data_set, mini):
    _, label = write_all(mini, data_set)[1]
    categories, humans = merge(persons_of(data_set))
    if data_set != 'MHP-v2':
        mini.labels(label, categories, 'palette')
    path = mini.raw / label
    path.rename(path.with_suffix('.PNG'))
    assert not mini.convert(data_set)['train'].skipped
    mini.check('Training', 'a', categories, humans, NUM_CLASSES[data_set])
    # Grey labels are linked, palettes written anew without their colours.
    written = [mini.out / f'Training/Category_ids/{stem}.png' for stem in 'ab']
    linked = data_set != 'MHP-v2'
    assert [path.is_symlink() for path in written] == [False, linked]


@pytest.mark.parametrize('data_set', SINGLE)
def test_single_person_without_labels(data_set, mini):
    found = write_all(mini, data_set)
    mini.labels(found[1][1], np.zeros((30, 40)))
    report = mini.convert(data_set)['train']
    assert report.notes == [('a', 'no pixel is labelled')]
    assert mini.document(f'{data_set}_train')['annotations'][1]['area'] == 0
    for _, label in found:
        mini.labels(label, np.zeros((30, 40)))
    with pytest.raises(InputError, match='none of 4 images shows a person'):
        mini.convert(data_set)
