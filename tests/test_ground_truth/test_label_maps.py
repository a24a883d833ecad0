# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from projects.qanet.ground_truth import (check_label_values, label_path,
                                         read_label_map)

LABELS = np.arange(15, dtype=np.uint8).reshape(3, 5) * 17


def save(image, tmp_path, name='label.png'):
    path = tmp_path / name
    image.save(path)
    return str(path)


def test_grey_png(tmp_path):
    labels = read_label_map(save(Image.fromarray(LABELS), tmp_path))
    assert labels.dtype == np.uint8
    np.testing.assert_array_equal(labels, LABELS)


def test_palette_png_gives_indices(tmp_path):
    image = Image.fromarray(LABELS % 4)
    image.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0, 9, 9, 9])
    assert image.mode == 'P'
    np.testing.assert_array_equal(
        read_label_map(save(image, tmp_path)), LABELS % 4)


def test_sixteen_bit(tmp_path):
    wide = LABELS.astype(np.uint16) * 100
    labels = read_label_map(save(Image.fromarray(wide), tmp_path))
    np.testing.assert_array_equal(labels, wide)


@pytest.mark.parametrize('bits', [2, 4])
def test_few_bits_of_grey(bits, tmp_path):
    """Readers stretch them: 3 of 4 bits would be class 51."""
    path = tmp_path / 'label.png'
    rows = np.zeros((4, 1 + -(-6 * bits // 8)), np.uint8)
    header = struct.pack('>IIBBBBB', 6, 4, bits, 0, 0, 0, 0)
    data = b'\x89PNG\r\n\x1a\n'
    for name, content in ((b'IHDR', header), (b'IDAT',
                                              zlib.compress(rows.tobytes())),
                          (b'IEND', b'')):
        data += struct.pack('>I', len(content)) + name + content
        data += struct.pack('>I', zlib.crc32(name + content))
    path.write_bytes(data)
    assert np.asarray(Image.open(path)).shape == (4, 6)
    with pytest.raises(ValueError, match=f'{path} has {bits} bit per pixel'):
        read_label_map(str(path))


@pytest.mark.parametrize('mode,pattern', [('RGB', 'several channels'),
                                          ('LA', 'several channels'),
                                          ('1', '1 bit per pixel')])
def test_refused_kinds_of_png(mode, pattern, tmp_path):
    path = save(Image.fromarray(LABELS).convert(mode), tmp_path)
    with pytest.raises(ValueError, match=f'{path} has {pattern}'):
        read_label_map(path)


@pytest.mark.parametrize('kind', ['JPEG', 'GIF'])
def test_not_a_png(kind, tmp_path):
    path = str(tmp_path / 'label.png')
    Image.fromarray(LABELS).save(path, kind)
    with pytest.raises(ValueError, match=f'{path} is not a PNG'):
        read_label_map(path)


@pytest.mark.parametrize('palette', [False, True])
def test_truncated_png(palette, tmp_path):
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 200, (50, 40)).astype(np.uint8))
    if palette:
        image.putpalette(list(range(256)) * 3)
    path = save(image, tmp_path)
    with open(path, 'rb') as file:
        data = file.read()
    with open(path, 'wb') as file:
        file.write(data[:60])
    with pytest.raises(ValueError, match=f'{path} is a broken PNG'):
        read_label_map(path)


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match='label map .*no.png does'):
        read_label_map(str(tmp_path / 'no.png'))


def test_check_label_values():
    labels = np.array([[0, 3], [255, 2]], np.uint8)
    check_label_values(labels, 4, 'x.png')
    with pytest.raises(
            ValueError,
            match=r'x.png holds .*\[3\], allowed are 0'
            ' to 2 and 255'):
        check_label_values(labels, 3, 'x.png')


def test_label_paths():
    path = label_path('root/Human_ids', 'a/0001.jpg')
    assert path.replace('\\', '/') == 'root/Human_ids/a/0001.png'
    path = label_path('root/Human_ids', 'Images/0001.jpg')
    assert path.replace('\\', '/') == 'root/Human_ids/0001.png'
    path = label_path('root/Human_ids', 'img/0001.b.jpg', '.txt', 'img')
    assert path.replace('\\', '/') == 'root/Human_ids/0001.b.txt'
