# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import errno
import json

import pytest

from projects.qanet.datasets.conversion import (ImageRecord, Split,
                                                convert_split, convert_splits)
from projects.qanet.utils.errors import InputError


def convert_one(stem):
    """As many persons as the last digit says; 8 and 9 are bad."""
    if stem == 'full':
        raise OSError(errno.ENOSPC, 'No space left on device')
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
def test_ids(stems, ids, tmp_path):
    path = tmp_path / 'new' / 'X_train.json'
    report = convert_split(str(path), stems, convert_one, workers=3)
    assert report.skipped == [(stems[1], f'{stems[1]} is bad'),
                              (stems[3], f'{stems[3]} is gone')]
    document = json.loads(path.read_text())
    assert [image['id'] for image in document['images']] == ids
    owners = [
        i for i, stem in zip(ids, stems[::2]) for _ in range(int(stem[-1]))
    ]
    assert [(a['id'], a['image_id'])
            for a in document['annotations']] == list(enumerate(owners, 1))
    assert (report.num_images, report.num_persons) == (3, len(owners))


@pytest.mark.parametrize('stem,error', [('full', OSError), ('x', ValueError)])
def test_full_disks_and_defects_end_the_run(stem, error, tmp_path):
    with pytest.raises(error, match='No space left|invalid literal'):
        convert_split(str(tmp_path / 'X.json'), ['1', '2', stem], convert_one)


def test_log(tmp_path, capsys):

    def convert(stem):
        record = convert_one(stem)
        if not record.persons:
            return None
        record.notes = [f'{stem} is odd'] * (stem == '2')
        record.image_id = 50 - int(stem)
        return record

    stems = ['2', '0', '1'] + [f'{i}9' for i in range(22)] + ['1'] * 20
    report, = convert_splits(
        str(tmp_path), 'X', [Split('Validation', stems, convert, 50)],
        info=dict(classes=['x']))  # yapf: disable
    assert report.ann_file == str(tmp_path / 'annotations/X_val.json')
    assert (report.empty, report.notes) == (['0'], [('2', '2 is odd')])
    document = json.loads((tmp_path / 'annotations/X_val.json').read_text())
    assert document['info'] == dict(classes=['x'])
    assert document['categories'] == [
        dict(id=1, name='person', supercategory='person')
    ]
    assert [image['id'] for image in document['images']] == [48, 49]
    output = capsys.readouterr()
    assert ('2 images, 3 persons, 22 images skipped, 1 without persons left '
            'out') in output.out
    assert output.err.splitlines()[19:] == [
        'warning: Skipped 199: 199 is bad',
        'warning: ... and 2 more skipped images', 'warning: 2: 2 is odd',
        f'warning: {report.ann_file}: the data set has 50 images in this '
        'split, 25 were found'
    ]


@pytest.mark.parametrize('name', ['a/b', ''])
def test_names_are_no_paths(tmp_path, name):
    with pytest.raises(InputError, match='name must be the beginning of a fi'):
        convert_splits(str(tmp_path), name, [Split('Training', ['a'], None)])
