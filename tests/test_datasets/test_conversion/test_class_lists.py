# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import pytest

from projects.qanet.datasets.conversion.class_lists import (read_classes,
                                                            special_label,
                                                            suggest_flip_pairs,
                                                            with_background,
                                                            write_classes)
from projects.qanet.utils.errors import InputError


def test_with_background():
    assert with_background(['hat', 'arm']) == ('Background', 'hat', 'arm')
    assert with_background(['__ignore__', '_background_',
                            'hat']) == ('Background', 'hat')
    names = [f'part {i}' for i in range(254)]
    assert with_background(names)[254] == 'part 253'
    with pytest.raises(InputError, match='num_classes is 256, allowed are 2 '):
        with_background([*names, 'one more'])
    assert [
        special_label(name) for name in ('Background', '__IGNORE__', 'hat')
    ] == [0, 255, None]


def test_files(tmp_path):
    path = tmp_path / 'new' / 'classes.txt'
    write_classes(str(path), ('Background', 'left leg', 'hat'))
    assert path.read_text() == 'Background\nleft leg\nhat\n'
    assert read_classes(str(path)) == ('Background', 'left leg', 'hat')
    names = ('Background', '\u5e3d\u5b50', 'J\u00e4ckchen')
    write_classes(str(path), names)
    assert read_classes(str(path)) == names
    path.write_bytes(b'\xef\xbb\xbf' + path.read_bytes())
    assert read_classes(str(path)) == names
    path.write_bytes('J\u00e4ckchen'.encode('latin-1'))
    with pytest.raises(InputError, match='classes.txt is no text in UTF-8'):
        read_classes(str(path))
    path.write_text('hat\n\n boot \nhat\n')
    with pytest.raises(InputError, match='classes.txt: the classes hat stand'):
        read_classes(str(path))
    path.write_text('background\n')
    with pytest.raises(InputError, match='classes.txt: there is no class'):
        read_classes(str(path))
    with pytest.raises(InputError, match='nowhere.txt does not exist'):
        read_classes(str(tmp_path / 'nowhere.txt'))


def test_suggested_flip_pairs():
    classes = ('Background', 'Right-arm', 'hat', 'Left-arm', 'boot left',
               'boot right', 'leftover', 'left eye')
    assert suggest_flip_pairs(classes) == [(3, 1), (4, 5)]
    assert suggest_flip_pairs(('Background', 'hat')) == []
