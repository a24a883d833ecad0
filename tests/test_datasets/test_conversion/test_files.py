# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os

import numpy as np
import pytest
from PIL import Image

from projects.qanet.datasets.conversion import files, maps
from projects.qanet.utils.errors import InputError


def test_search(tmp_path):
    inner = tmp_path / 'a/list/list'
    for name in (inner, 'b', '.c/x', 'd/1/2/3/4/far', 'd/1/2/3/4/5/too_far'):
        (tmp_path / name).mkdir(parents=True)
    assert files.find_folder(tmp_path, 'list') == inner.parent
    assert files.find_folder(inner, 'list') == inner
    assert files.search(tmp_path, ['x', 'list/list']) == tmp_path / 'a'
    assert files.search(tmp_path, ['x', 'too_far']) is None
    assert files.search(tmp_path, ['far']) == tmp_path / 'd/1/2/3/4'
    assert files.search(tmp_path, ['list'], depth=0) is None
    for folder in (inner, tmp_path / 'd', tmp_path / 'b'):
        (folder / 'train.txt').touch()
    assert files.find_file(tmp_path, 'list/train.txt').parent == inner
    found = files.find_file(tmp_path, 'train.txt')
    assert found == tmp_path / 'b' / 'train.txt'  # the nearest, by name
    assert files.find_file(tmp_path, 'val.txt') is None


@pytest.mark.parametrize('broken', [[], ['symlink'], ['symlink', 'link']])
def test_link_file(broken, tmp_path, monkeypatch):

    def refuse(*args):
        raise OSError('no links here')

    first, second = tmp_path / '1.txt', tmp_path / '2.txt'
    first.write_text('one')
    second.write_text('two')
    for name in broken:
        monkeypatch.setattr(os, name, refuse)
    target = tmp_path / 'out' / 'x.txt'
    for source, text in ((first, 'one'), (first, 'one'), (second, 'two')):
        files.link_file(source, target)
        assert target.read_text() == text
        assert target.is_symlink() == (not broken)
        assert target.samefile(source) == (len(broken) < 2)
    files.link_file(first, first)
    assert first.read_text() == 'one' and not first.is_symlink()
    # Labels that are written anew do not go through the link.
    labels = np.array([[1, 2, 300]], np.uint16)
    maps.write_label_map(target, labels)
    assert second.read_text() == 'two' and not target.is_symlink()
    np.testing.assert_array_equal(maps.read_label_map(target), labels)


@pytest.mark.parametrize(
    'content,stems',
    [
        (b'b\n\n/x/a.jpg\n c \nb\n2.5', ['b', 'a', 'c', '2.5']),
        # As Windows writes it: with a byte order mark and backslashes.
        (b'\xef\xbb\xbfb.Jpg\r\nx\\a.webp\r\n', ['b', 'a']),
        (b'\n', 'train_id.txt is empty'),
        (None, 'train_id.txt does not exist'),
    ])
def test_stems(content, stems, tmp_path):
    listing = tmp_path / 'train_id.txt'
    if content is not None:
        listing.write_bytes(content)
    if isinstance(stems, list):
        assert files.read_stems(str(listing)) == stems
    else:
        with pytest.raises(InputError, match=stems):
            files.read_stems(str(listing))


def test_image_folder(mini, capsys):
    names = ('b.jpg', 'a.JPG', 'c.png', 'd.Jpg', 'e.webp', 'f.bmp')
    for name in names:
        mini.photo(name)
    for name in ('1.cr2', '2.cr2', '3.cr2', '4.cr2', '5.txt', '._a.jpg'):
        (mini.raw / name).touch()
    folder = files.ImageFolder(mini.raw)
    assert folder.stems == list('abcdef')
    warning = capsys.readouterr().err
    assert '6 files of' in warning
    assert warning.endswith('._a.jpg, 1.cr2, 2.cr2, 3.cr2, 4.cr2, ...\n')
    for name in names:
        assert folder.require(name[0]) == (mini.raw / name, (40, 30))


def test_image_size(mini, monkeypatch):
    path = mini.raw / 'a.jpg'
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    mini.photo('a.jpg', exif=exif)
    assert files.image_size(path) == (30, 40)
    with monkeypatch.context() as context:
        context.setattr(Image, 'MAX_IMAGE_PIXELS', 40 * 30 // 2 - 1)
        with pytest.raises(InputError, match='unreadable image .*jpg.*1200'):
            files.image_size(path)
    mini.photo('a.jpg', size=(300, 200))
    data = path.read_bytes()
    for kept in (.7, .01, 0):
        path.write_bytes(data[:int(len(data) * kept)])
        with pytest.raises(InputError, match='unreadable image'):
            files.image_size(path)


def test_read_red_labels(tmp_path):
    expected = np.array([[0, 3, 3, 2], [255, 3, 0, 1]], np.uint8)
    path, red = tmp_path / 'a.png', Image.fromarray(expected)
    others = [Image.new('L', red.size, 99)] * 3
    Image.merge('RGBA', [red, *others]).save(path)
    np.testing.assert_array_equal(maps.read_red_labels(path), expected)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match='a.png is a broken PNG'):
        maps.read_red_labels(path)
