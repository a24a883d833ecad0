# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os

import numpy as np
import pytest
from PIL import Image

from projects.qanet.datasets.conversion import files
from projects.qanet.utils.errors import InputError


def save_image(path, size=(50, 30), **kwargs):
    pixels = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3))
    Image.fromarray(pixels.astype(np.uint8)).save(path, **kwargs)
    return str(path)


def test_find_root(tmp_path):
    inner = tmp_path / 'a' / 'b' / 'b'
    (inner / 'Training').mkdir(parents=True)
    (tmp_path / 'other').mkdir()
    found = files.find_root(str(tmp_path), ['Training', 'Validation'])
    assert found == str(inner)
    assert files.find_root(str(inner), ['Training']) == str(inner)
    with pytest.raises(InputError, match='has no folder Testing'):
        files.find_root(str(tmp_path), ['Testing'])
    with pytest.raises(InputError, match='nowhere is not a folder'):
        files.find_root(str(tmp_path / 'nowhere'), ['Training'])


def test_link_file(tmp_path):
    first, second = tmp_path / '1.txt', tmp_path / '2.txt'
    first.write_text('one')
    second.write_text('two')
    target = tmp_path / 'out' / 'x.txt'
    for source, text in ((first, 'one'), (first, 'one'), (second, 'two')):
        files.link_file(str(source), str(target))
        assert target.is_symlink() and target.read_text() == text
    files.link_file(str(first), str(first))
    assert first.read_text() == 'one' and not first.is_symlink()


@pytest.mark.parametrize('broken', [['symlink'], ['symlink', 'link']])
def test_link_file_falls_back(broken, tmp_path, monkeypatch):

    def refuse(*args):
        raise OSError('no links here')

    source, target = tmp_path / 'a.txt', tmp_path / 'out' / 'a.txt'
    source.write_text('text')
    for name in broken:
        monkeypatch.setattr(os, name, refuse)
    files.link_file(str(source), str(target))
    assert target.read_text() == 'text' and not target.is_symlink()
    assert os.path.samefile(source, target) == (broken == ['symlink'])


def test_writing_does_not_go_through_old_links(tmp_path):
    source, target = tmp_path / 'raw.txt', tmp_path / 'out.txt'
    source.write_text('download')
    files.link_file(str(source), str(target))
    files.make_place(str(target))
    target.write_text('new')
    assert source.read_text() == 'download'


def test_stems(tmp_path):
    listing = tmp_path / 'train_id.txt'
    listing.write_text('b\n\n/x/a.jpg\n c \nb\n2.5')
    assert files.read_stems(str(listing)) == ['b', 'a', 'c', '2.5']
    listing.write_text('\n')
    with pytest.raises(InputError, match='train_id.txt is empty'):
        files.read_stems(str(listing))
    with pytest.raises(InputError, match='val_id.txt does not exist'):
        files.read_stems(str(tmp_path / 'val_id.txt'))
    # As Windows writes it: with a byte order mark and backslashes.
    listing.write_bytes(b'\xef\xbb\xbfb.Jpg\r\nx\\a.webp\r\n')
    assert files.read_stems(str(listing)) == ['b', 'a']
    listing.write_bytes('\u4eba'.encode('gb2312'))
    with pytest.raises(InputError, match='train_id.txt is no text in UTF-8'):
        files.read_stems(str(listing))


def test_image_folder(tmp_path, capsys):
    with pytest.raises(InputError, match='nowhere does not exist'):
        files.ImageFolder(str(tmp_path / 'nowhere'))
    (tmp_path / 'notes.txt').touch()
    with pytest.raises(InputError, match='holds no images: .*jpg.*webp'):
        files.ImageFolder(str(tmp_path))
    names = ('b.jpg', 'a.JPG', 'c.png', 'd.Jpg', 'e.webp', 'f.bmp', 'x.jpg',
             'x.png')
    for name in names:
        save_image(tmp_path / name)
    (tmp_path / 'raw.cr2').touch()
    (tmp_path / '._a.jpg').touch()  # as macOS writes beside a.JPG
    folder = files.ImageFolder(str(tmp_path))
    assert folder.stems == ['a', 'b', 'c', 'd', 'e', 'f', 'x']
    assert '3 files of' in capsys.readouterr().err
    for name in names[:6]:
        path = str(tmp_path / name)
        assert folder.require(name[0]) == (path, (50, 30))
    with pytest.raises(InputError, match='y.jpg is missing'):
        folder.require('y')
    with pytest.raises(InputError, match='x.jpg and x.png would share one'):
        folder.require('x')


def test_huge_image(tmp_path, monkeypatch):
    path = save_image(tmp_path / 'a.png')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 50 * 30 // 2 - 1)
    with pytest.raises(InputError, match='unreadable image .*a.png.*1500'):
        files.image_size(path)


def test_image_size(tmp_path):
    path = save_image(tmp_path / 'a.jpg')
    assert files.image_size(path) == (50, 30)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    path = save_image(tmp_path / 'turned.jpg', exif=exif)
    assert files.image_size(path) == (30, 50)


@pytest.mark.parametrize('kept', [.7, .01, 0])
def test_damaged_image(kept, tmp_path):
    path = save_image(tmp_path / 'a.jpg', size=(300, 200))
    with open(path, 'rb') as file:
        data = file.read()
    with open(path, 'wb') as file:
        file.write(data[:int(len(data) * kept)])
    with pytest.raises(InputError, match='unreadable image'):
        files.image_size(path)


def test_find_folder_and_file(tmp_path):
    inner = tmp_path / 'a' / 'list' / 'list'
    inner.mkdir(parents=True)
    (inner / 'train.txt').touch()
    (tmp_path / 'b').mkdir()
    assert files.find_folder(str(tmp_path), 'list') == str(inner.parent)
    assert files.find_folder(str(inner), 'list') == str(inner)
    found = files.find_file(str(tmp_path), 'list/train.txt')
    assert found == str(inner / 'train.txt')
    (tmp_path / 'b' / 'train.txt').touch()
    found = files.find_file(str(tmp_path), 'train.txt')
    assert found == str(tmp_path / 'b' / 'train.txt')  # the nearest
    assert files.find_file(str(tmp_path), 'val.txt') is None
    assert files.search_root(str(tmp_path),
                             ['x', 'list/list']) == str(tmp_path / 'a')
    assert files.search_root(str(tmp_path), ['x']) is None
