# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The converters as programs: their options reach the library."""
import importlib.util
import sys

import numpy as np
import pytest

from tools.common.cli import run_tool


@pytest.fixture
def program(request, monkeypatch):
    """Run a tool's main function with a command line; its exit code."""

    def run(name, *arguments):
        path = request.config.rootpath / f'tools/dataset_converters/{name}.py'
        spec = importlib.util.spec_from_file_location(f'tool_{name}', path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setattr(sys, 'path', list(sys.path))
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, arguments)])
        spec.loader.exec_module(module)
        try:
            run_tool(module.main)
        except SystemExit as error:
            return error.code
        return 0

    return run


def labelled(mini, folder, label_folder, stem, label=3):
    mini.photo(f'{folder}/{stem}.jpg')
    mini.labels(f'{label_folder}/{stem}.png', np.full((30, 40), label))


def test_lip(program, mini):
    labelled(mini, 'train_images', 'train_segmentations', '1')
    assert program('lip', mini.raw, mini.out, '--workers', 2) == 0
    assert len(mini.document('LIP_train')['images']) == 1


def test_mhp_v2(program, mini):
    mini.photo('train/images/5.jpg')
    mini.labels('train/parsing_annos/5_01_01.png', np.full((30, 40), 58),
                'red')
    assert program('mhp_v2', mini.raw, mini.out, '--workers', 1) == 0
    assert mini.document('MHP-v2_train')['images'][0]['id'] == 5


def test_atr(program, mini):
    for stem in 'abcdef':
        labelled(mini, 'JPEGImages', 'SegmentationClassAug', stem)
    options = ('--val', 2, '--test', 1, '--seed', 3, '--workers', 1)
    assert program('atr', mini.raw, mini.out, *options) == 0
    numbers = [
        len(mini.document(f'ATR_{split}')['images'])
        for split in ('train', 'val', 'test')
    ]
    assert numbers == [3, 2, 1]
    ids = mini.raw / 'ids.txt'
    ids.write_text('b\nc\n')
    for split, folder in (('train', 'Training'), ('val', 'Validation'),
                          ('test', 'Testing')):
        out = mini.out / split
        assert program('atr', mini.raw, out, f'--{split}-ids', ids) == 0
        assert len(list((out / folder / 'Images').iterdir())) == 2


def test_pascal_person_part(program, mini):
    mask = np.ones((30, 40), np.uint8)
    for stem in ('a', 'b'):
        mini.mat(f'Annotations_Part/{stem}.mat',
                 [('person', mask, [('head', mask)])])
        mini.photo(f'JPEGImages/{stem}.jpg')
        (mini.raw / f'{stem}.txt').write_text(stem)
    options = ('--label-order', 'released', '--train-ids', mini.raw / 'a.txt',
               '--val-ids', mini.raw / 'b.txt')
    assert program('pascal_person_part', mini.raw, mini.out, *options) == 0
    assert (mini.maps('Training', 'a')[0] == 2).all()
    assert (mini.maps('Validation', 'b')[0] == 2).all()


def test_polygons(program, mini, capsys):
    mini.photo('photos/a.jpg')
    square = [[1, 1], [1, 9], [9, 9], [9, 1]]
    shapes = [
        dict(label=label, points=square, shape_type='polygon')
        for label in ('body', 'left ear', 'right ear')
    ]
    mini.text('json/a.json',
              str(dict(imagePath='a.jpg', shapes=shapes)).replace("'", '"'))
    mini.text('classes.txt', 'right ear\nleft ear')
    mini.text('ids.txt', 'a')
    options = ('--name', 'Mine', '--split', 'val', '--images',
               mini.raw / 'photos', '--person-label', 'body', '--classes',
               mini.raw / 'classes.txt', '--ids', mini.raw / 'ids.txt')
    assert program('polygons', mini.raw / 'json', mini.out, *options) == 0
    assert mini.document('Mine_val')['annotations'][0]['bbox'] == [1, 1, 8, 8]
    assert mini.maps('Validation', 'a')[0].max() == 1
    printed = capsys.readouterr().out
    assert "classes=('Background', 'right ear', 'left ear')" in printed
    assert 'flip_pairs=[(2, 1)]' in printed


@pytest.mark.parametrize(
    'name', ['lip', 'mhp_v2', 'atr', 'pascal_person_part', 'polygons'])
def test_empty_folder_ends_with_2(name, program, mini, capsys):
    assert program(name, mini.raw, mini.out) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: ') and str(mini.raw) in error
    assert not mini.out.exists()
