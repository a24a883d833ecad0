# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The converters as programs: their options reach the library."""
import json

import pytest

from .drawings import draw, flat, shape
from .miniature import box


@pytest.fixture
def convert(run_tool):
    """Run a converter."""

    def run(name, *arguments, code=0, **kwargs):
        path = f'tools/dataset_converters/{name}.py'
        return run_tool(path, *arguments, code=code, **kwargs)

    return run


@pytest.mark.parametrize('name,data_set', [('cihp', 'CIHP'), ('lip', 'LIP'),
                                           ('mhp_v2', 'MHP-v2')])
def test_official(name, data_set, convert, mini):
    error = convert(name, mini.raw, mini.out, code=2).stderr
    assert error.startswith('error: ') and str(mini.raw) in error
    mini.write(data_set, 'Validation', '5', [box((2, 9), (3, 9), 17)])
    done = convert(name, '.', '../out', '--workers', 2, cwd=mini.raw)
    assert '1 images, 1 persons, 0 images skipped' in done.stdout
    assert mini.maps('Validation', '5')[0][5, 5] == 17
    if name == 'cihp':
        options = '--name', 'Mine', '--num-classes', 18
        convert(name, mini.raw, mini.out, *options)
        assert mini.file_names('Mine_val') == ['5.jpg']
        convert(name, mini.raw, mini.out, '--num-classes', 17, code=2)


def test_lists(convert, mini):
    """The options that choose images, of three programs."""
    for stem in 'abcdef':
        for data_set in ('ATR', 'Own', 'PASCAL-Person-Part'):
            mini.write(data_set, 'Training', stem, [box((2, 9), (3, 9), 1)])
        mini.text(f'{stem}.txt', stem)
    convert('atr', mini.raw, mini.out, '--val', 2, '--test', 1, '--seed', 3)
    numbers = [
        len(mini.file_names(f'ATR_{split}'))
        for split in ('train', 'val', 'test')
    ]
    assert numbers == [3, 2, 1]
    assert mini.file_names('ATR_test') != ['a.jpg']  # as of seed 0
    train, val, test = ((f'--{split}-ids', mini.raw / f'{stem}.txt')
                        for split, stem in (('train', 'b'), ('val', 'e'),
                                            ('test', 'c')))
    convert('atr', mini.raw, mini.out, *train, *val, *test)
    assert mini.file_names('ATR_test') == ['c.jpg']
    folders = mini.raw / 'images', mini.raw / 'parsing', mini.out
    convert('single_person', *folders, *train, *val, '--name', 'Mine',
            '--num-classes', 2)
    convert('pascal_person_part', mini.raw, mini.out, *train, *val,
            '--label-order', 'released')
    assert mini.maps('Training', 'b')[0].max() == 2
    for name in ('ATR', 'Mine', 'PASCAL-Person-Part'):
        assert mini.file_names(f'{name}_train') == ['b.jpg']
        assert mini.file_names(f'{name}_val') == ['e.jpg']
    convert('single_person', *folders)
    assert len(mini.file_names('LIP_train')) == 6


def test_polygons(convert, mini):
    mini.photo('photos/a.jpg')
    draw(mini, 'a', [
        shape('body'),
        shape('left ear'),
        shape('right ear', (1, 1, 5, 9), 3)
    ])  # yapf: disable
    mini.text('one/b.json', '{}')
    mini.text('classes.txt', 'right ear\nleft ear')
    mini.text('ids.txt', 'a')
    options = ('--name', 'Mine', '--split', 'val', '--person-label', 'body')
    done = convert('polygons', mini.raw / 'one', mini.out, *options,
                   '--images', mini.raw / 'photos', '--classes',
                   mini.raw / 'classes.txt', '--ids', mini.raw / 'ids.txt')
    assert mini.boxes('Mine_val') == [[5, 1, 4, 8], [1, 1, 4, 8]]
    photo = mini.out / 'Validation/Images/a.jpg'
    assert photo.resolve().parent.name == 'photos'
    assert "classes=('Background', 'right ear', 'left ear')" in done.stdout
    assert 'flip_pairs=[(2, 1)]' in done.stdout
    assert 'b.json' not in done.stderr
    convert('polygons', mini.raw / 'one', mini.out, *options,
            '--single-person')
    assert mini.boxes('Mine_val') == [[1, 1, 8, 8]]
    part = dict(id=1, image_id=1, category_id=1, segmentation=flat(1, 1, 9, 9))
    coco = dict(
        images=[dict(id=1, file_name='photos/a.jpg')],
        categories=[dict(id=1, name='left ear')],
        annotations=[dict(part, owner=7)])
    mini.text('coco.json', json.dumps(coco))
    convert('polygons', mini.raw / 'coco.json', mini.out, '--person-keys', 'x',
            'owner')
    assert mini.file_names('Custom_train') == ['a.jpg']
