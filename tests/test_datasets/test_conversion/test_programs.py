# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The converters as programs: their options reach the library."""
import json

import pytest

from .miniature import box


@pytest.fixture
def convert(run_tool):
    """Run a converter."""

    def run(name, *arguments, code=0, **kwargs):
        return run_tool(
            f'tools/dataset_converters/{name}.py',
            *arguments,
            code=code,
            **kwargs)

    return run


@pytest.mark.parametrize('name,data_set,split', [
    ('cihp', 'CIHP', 'Training'),
    ('lip', 'LIP', 'Validation'),
    ('mhp_v2', 'MHP-v2', 'Training'),
])
def test_official(name, data_set, split, convert, mini):
    mini.write(data_set, split, '5', [box((2, 9), (3, 9), 17)])
    convert(name, mini.raw, mini.out, '--workers', 2)
    assert mini.maps(split, '5')[0][5, 5] == 17
    if name == 'cihp':
        options = '--name', 'Mine', '--num-classes', 18
        convert(name, mini.raw, mini.out, *options)
        assert mini.file_names('Mine_train') == ['5.jpg']
        convert(name, mini.raw, mini.out, '--num-classes', 17, code=2)


def test_lists(convert, mini):
    """The options that choose images, of three programs."""
    for stem in 'abcdef':
        for data_set in ('ATR', 'Own', 'PASCAL-Person-Part'):
            mini.write(data_set, 'Training', stem, [box((2, 9), (3, 9), 1)])
        mini.text(f'{stem}.txt', stem)
    options = ('--val', 2, '--test', 1, '--seed', 3, '--workers', 1)
    convert('atr', mini.raw, mini.out, *options)
    assert [
        len(mini.file_names(f'ATR_{split}'))
        for split in ('train', 'val', 'test')
    ] == [3, 2, 1]
    assert mini.file_names('ATR_test') != ['a.jpg']  # as of seed 0
    lists = [
        item for split, stem in (('train', 'b'), ('val', 'e'), ('test', 'c'))
        for item in (f'--{split}-ids', mini.raw / f'{stem}.txt')
    ]
    convert('atr', mini.raw, mini.out, *lists)
    assert mini.file_names('ATR_test') == ['c.jpg']
    options = (*lists[:4], '--name', 'Mine', '--num-classes', 2)
    convert('single_person', mini.raw / 'images', mini.raw / 'parsing',
            mini.out, *options)
    options = (*lists[:4], '--label-order', 'released')
    convert('pascal_person_part', mini.raw, mini.out, *options)
    assert mini.maps('Training', 'b')[0].max() == 2
    for name in ('ATR', 'Mine', 'PASCAL-Person-Part'):
        assert mini.file_names(f'{name}_train') == ['b.jpg']
        assert mini.file_names(f'{name}_val') == ['e.jpg']
    (mini.out / 'annotations/Mine_train.json').unlink()
    convert('single_person', mini.raw / 'images', mini.raw / 'parsing',
            mini.out)
    assert len(mini.file_names('LIP_train')) == 6


def test_polygons(convert, mini):
    mini.photo('photos/a.jpg')
    mini.photo('json/a.jpg')
    shapes = [
        dict(label=label, points=[[1, 1], [x, 9]], shape_type='rectangle')
        for label, x in (('body', 9), ('left ear', 9), ('right ear', 5))
    ]
    shapes[2]['group_id'] = 3
    mini.text('json/a.json',
              json.dumps(dict(imagePath='a.jpg', shapes=shapes)))
    mini.text('json/b.json', '{}')
    mini.text('classes.txt', 'right ear\nleft ear')
    mini.text('ids.txt', 'a')
    raw, mine = mini.raw / 'json', ('--name', 'Mine', '--split', 'val')
    options = (*mine, '--images', mini.raw / 'photos', '--person-label',
               'body', '--classes', mini.raw / 'classes.txt', '--ids',
               mini.raw / 'ids.txt')
    done = convert('polygons', raw, mini.out, *options)
    boxes = [a['bbox'] for a in mini.document('Mine_val')['annotations']]
    assert boxes == [[5, 1, 4, 8], [1, 1, 4, 8]]
    photo = mini.out / 'Validation/Images/a.jpg'
    assert photo.resolve().parent.name == 'photos'
    assert mini.maps('Validation', 'a')[0].max() == 2
    assert "classes=('Background', 'right ear', 'left ear')" in done.stdout
    assert 'flip_pairs=[(2, 1)]' in done.stdout
    assert 'b.json' not in done.stderr
    options = (*mine, '--person-label', 'body', '--single-person')
    convert('polygons', raw, mini.out, *options)
    boxes = [a['bbox'] for a in mini.document('Mine_val')['annotations']]
    assert boxes == [[1, 1, 8, 8]]
    parts = [
        dict(id=i, image_id=1, category_id=1, owner=7 + i, segmentation=[row])
        for i, row in enumerate(([1, 1, 1, 9, 9, 9], [1, 1, 9, 9, 9, 1]))
    ]
    mini.text(
        'coco.json',
        json.dumps(
            dict(
                images=[dict(id=1, file_name='photos/a.jpg')],
                categories=[dict(id=1, name='ear')],
                annotations=parts)))
    options = '--person-keys', 'x', 'owner', '--workers', 1
    convert('polygons', mini.raw / 'coco.json', mini.out / '2', *options)
    assert mini.out.joinpath(
        '2/annotations/Custom_train.json').read_text().count('parsing_id') == 2


@pytest.mark.parametrize(
    'name', ['cihp', 'lip', 'mhp_v2', 'atr', 'pascal_person_part', 'polygons'])
def test_empty_folder_ends_with_2(name, convert, mini):
    error = convert(name, mini.raw, mini.out, code=2).stderr
    assert error.startswith('error: ') and str(mini.raw) in error
    assert not mini.out.exists()


def test_folders_are_relative_to_the_place_of_the_call(mini, convert):
    mini.write('CIHP', 'Training', '5', [box((2, 9), (3, 9), 17)])
    done = convert('cihp', '.', '../out', cwd=mini.raw)
    assert '1 images, 1 persons, 0 images skipped' in done.stdout
    assert mini.maps('Training', '5')[0][5, 5] == 17
