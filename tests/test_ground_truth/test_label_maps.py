# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from projects.qanet.ground_truth import (check_label_values, label_path,
                                         read_label_map)

LABELS = np.arange(15, dtype=np.uint8).reshape(3, 5) * 17


def with_palette(labels):
    image = Image.fromarray(labels)
    image.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0] + [9, 9, 9] * 253)
    return image


def few_bits(bits):
    """A grey PNG of 6 x 4 pixels (width x height), which Pillow cannot write.
    """
    rows = np.zeros((4, 1 + -(-6 * bits // 8)), np.uint8)
    header = struct.pack('>IIBBBBB', 6, 4, bits, 0, 0, 0, 0)
    data = b'\x89PNG\r\n\x1a\n'
    for name, content in ((b'IHDR', header), (b'IDAT',
                                              zlib.compress(rows.tobytes())),
                          (b'IEND', b'')):
        data += struct.pack('>I', len(content)) + name + content
        data += struct.pack('>I', zlib.crc32(name + content))
    return data


@pytest.mark.parametrize('image,labels', [
    (Image.fromarray(LABELS), LABELS),
    (with_palette(LABELS % 4), LABELS % 4),
    (Image.fromarray(LABELS.astype(np.uint16) * 100), LABELS * np.uint16(100)),
])
def test_one_channel(image, labels, tmp_path):
    """Grey, palette (its indices) and sixteen bits."""
    path = str(tmp_path / 'label.png')
    image.save(path)
    found = read_label_map(path)
    assert found.dtype == labels.dtype
    np.testing.assert_array_equal(found, labels)
    with open(path, 'rb+') as file:
        file.truncate(60)
    with pytest.raises(ValueError, match=f'{path} is a broken PNG'):
        read_label_map(path)


@pytest.mark.parametrize('kind,message', [
    ('RGB', 'has several channels'),
    ('LA', 'has several channels'),
    ('1', 'has 1 bit per pixel'),
    (few_bits(2), 'has 2 bit per pixel'),
    (few_bits(4), 'has 4 bit per pixel'),
    ('JPEG', 'is not a PNG'),
    ('GIF', 'is not a PNG'),
])
def test_refused_files(kind, message, tmp_path):
    """Readers stretch few bits: 3 of 4 bits would be class 51."""
    path = str(tmp_path / 'label.png')
    if isinstance(kind, bytes):
        (tmp_path / 'label.png').write_bytes(kind)
        assert np.asarray(Image.open(path)).shape == (4, 6)
    elif kind in ('JPEG', 'GIF'):
        Image.fromarray(LABELS).save(path, kind)
    else:
        Image.fromarray(LABELS).convert(kind).save(path)
    with pytest.raises(ValueError, match=f'{path} {message}'):
        read_label_map(path)


def test_check_label_values():
    labels = np.array([[0, 3], [255, 2]], np.uint8)
    check_label_values(labels, 4, 'x.png')
    with pytest.raises(
            ValueError, match=r'x.png holds .*\[3\], allowed are 0 to 2 and'):
        check_label_values(labels, 3, 'x.png')


@pytest.mark.parametrize('arguments,expected', [
    (('a/0001.jpg', ), 'a/0001.png'),
    (('Images/0001.jpg', ), '0001.png'),
    (('img/0001.b.jpg', '.txt', 'img'), '0001.b.txt'),
])
def test_label_paths(arguments, expected):
    path = label_path('root/Human_ids', *arguments).replace('\\', '/')
    assert path == f'root/Human_ids/{expected}'
