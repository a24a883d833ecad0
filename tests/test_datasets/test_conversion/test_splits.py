# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import errno
import json

import pytest

from projects.qanet.datasets.conversion import (ImageRecord, Split,
                                                convert_split, convert_splits)
from projects.qanet.utils.errors import InputError


def convert_one(stem):
    if stem.endswith('9'):
        raise InputError(f'{stem} is bad')
    if stem.endswith('8'):
        raise FileNotFoundError(f'{stem} is gone')
    persons = [
        dict(parsing_id=i + 1, bbox=[0, 0, 2, 3], area=6)
        for i in range(int(stem[-1]))
    ]
    return ImageRecord(f'{stem}.jpg', 30, 40, persons)


@pytest.mark.parametrize(
    'stems,ids',
    [
        (['007', '019', '011', '028', '002'], [7, 11, 2]),
        (['x7', '019', '011', '028', 'x2'], [1, 3, 5]),
        # What cannot be converted does not matter.
        (['7', 'x9', '11', 'x8', '2'], [7, 11, 2]),
        (['7', '1_9', '01', '28', '1'], [1, 3, 5]),
    ])
def test_convert_split(stems, ids, tmp_path):
    path = tmp_path / 'new' / 'X_train.json'
    report = convert_split(str(path), stems, convert_one, workers=3)
    assert report.num_images == 3
    assert report.skipped == [(stems[1], f'{stems[1]} is bad'),
                              (stems[3], f'{stems[3]} is gone')]
    document = json.loads(path.read_text())
    assert document['images'] == [
        dict(id=i, file_name=f'{stem}.jpg', width=30, height=40)
        for i, stem in zip(ids, [stems[0], stems[2], stems[4]])
    ]
    assert document['categories'][0]['id'] == 1
    annotations = document['annotations']
    assert report.num_persons == len(annotations)
    assert [a['id']
            for a in annotations] == list(range(1,
                                                len(annotations) + 1))
    assert annotations[-1] == dict(
        id=len(annotations),
        image_id=ids[-1],
        parsing_id=int(stems[4][-1]),
        bbox=[0, 0, 2, 3],
        area=6,
        category_id=1,
        iscrowd=0)


def test_incomplete_download(tmp_path):
    path = tmp_path / 'X_train.json'
    with pytest.raises(
            InputError,
            match='X_train: 2 of 3 images cannot be .*'
            'incomplete download.* The first one: 19 is bad'):
        convert_split(str(path), ['1', '19', '28'], convert_one)
    assert not path.exists()


def test_files_that_cannot_be_read_and_full_disks(tmp_path):

    def convert(stem):
        if stem == 'folder':
            open(tmp_path)
        if stem == 'full':
            raise OSError(errno.ENOSPC, 'No space left on device')
        return convert_one('1')

    path = str(tmp_path / 'X_train.json')
    report = convert_split(path, ['1', '2', 'folder'], convert)
    assert report.skipped == [('folder',
                               f"[Errno 21] Is a directory: '{tmp_path}'")]
    with pytest.raises(OSError, match='No space left'):
        convert_split(path, ['1', '2', '3', 'full'], convert)


def test_nobody_is_an_error_where_there_are_labels(tmp_path):
    path = tmp_path / 'X_train.json'
    with pytest.raises(InputError, match='X_train: none of 2 images shows'):
        convert_split(str(path), ['10', '20'], convert_one)
    assert not path.exists()
    report = convert_split(
        str(path), ['10', '20'], convert_one, labelled=False)
    assert (report.num_images, report.num_persons) == (2, 0)


def test_unexpected_errors_are_not_hidden(tmp_path):
    with pytest.raises(IndexError):
        convert_split(str(tmp_path / 'a.json'), [''], lambda stem: stem[0])


def test_nobody_notes_and_ids(tmp_path, messages):

    def convert(stem):
        if stem == 'empty':
            return None
        notes = [f'{stem} is odd'] if stem == 'b' else []
        persons = [dict(parsing_id=1, bbox=[0, 0, 1, 1], area=1)]
        return ImageRecord(f'{stem}.jpg', 3, 4, persons, notes, ord(stem))

    report, = convert_splits(
        str(tmp_path),
        'X', [Split('Validation', ['b', 'empty', 'a'], convert, official=5)],
        info=dict(classes=['x']))
    assert report.ann_file == str(tmp_path / 'annotations/X_val.json')
    assert report.empty == ['empty']
    assert report.notes == [('b', 'b is odd')]
    document = json.loads((tmp_path / 'annotations/X_val.json').read_text())
    assert document['info'] == dict(classes=['x'])
    assert [image['id'] for image in document['images']] == [98, 97]
    assert [a['image_id'] for a in document['annotations']] == [98, 97]
    assert 'b: b is odd' in messages
    assert any(
        '2 images, 2 persons, 0 images skipped, 1 without persons' in message
        for message in messages)
    assert any('has 5 images in this split, 3 were found' in message
               for message in messages)
    with pytest.raises(InputError, match='X_val: none of 1 images shows'):
        convert_split(
            str(tmp_path / 'X_val.json'), ['empty'], convert, workers=1)


def test_complete_split_is_not_warned_about(tmp_path, messages):
    convert_splits(
        str(tmp_path), 'X', [Split('Training', ['1'], convert_one, 1)])
    assert not any('were found' in message for message in messages)


@pytest.mark.parametrize('name', ['a/b', '../X', '', 'X/'])
def test_names_are_no_paths(tmp_path, name):
    with pytest.raises(InputError) as error:
        convert_splits(str(tmp_path), name, [Split('Training', ['a'], None)])
    assert str(error.value) == ('name must be the beginning of a file name, '
                                f'without folders, not {name!r}')
    assert list(tmp_path.iterdir()) == []
