# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from projects.qanet.ground_truth import label_path, read_label_map

LABELS = np.arange(15, dtype=np.uint8).reshape(3, 5) * 17


def with_palette(labels):
    image = Image.fromarray(labels)
    image.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0] + [9, 9, 9] * 253)
    return image


def encode(image, kind='PNG'):
    file = BytesIO()
    image.save(file, kind)
    return bytearray(file.getvalue())


@pytest.mark.parametrize('image,labels', [
    (Image.fromarray(LABELS), LABELS),
    (with_palette(LABELS % 4), LABELS % 4),
    (Image.fromarray(LABELS.astype(np.uint16) * 100), LABELS * np.uint16(100)),
])
def test_one_channel(image, labels, tmp_path):
    """Grey, palette (its indices) and sixteen bits."""
    path = tmp_path / 'label.png'
    path.write_bytes(encode(image))
    found = read_label_map(str(path))
    assert found.dtype == labels.dtype
    np.testing.assert_array_equal(found, labels)
    path.write_bytes(encode(image)[:60])
    with pytest.raises(ValueError, match=f'{path} is a broken PNG'):
        read_label_map(str(path))


@pytest.mark.parametrize('mode,message', [
    ('RGB', 'has several channels'),
    ('LA', 'has several channels'),
    ('1', 'has 4 bit per pixel'),
    ('JPEG', 'is not a PNG'),
])
def test_refused_files(mode, message, tmp_path):
    image = Image.fromarray(LABELS)
    data = encode(image, 'JPEG') if mode == 'JPEG' else encode(
        image.convert(mode))
    if mode == '1':  # Pillow writes no other grey with few bits
        data[24] = 4
    path = tmp_path / 'label.png'
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f'{path} {message}'):
        read_label_map(str(path))


@pytest.mark.parametrize('arguments,expected', [
    (('a/0001.jpg', ), 'a/0001.png'),
    (('Images/0001.jpg', ), '0001.png'),
    (('img/0001.b.jpg', '.txt', 'img'), '0001.b.txt'),
])
def test_label_paths(arguments, expected):
    path = label_path('root/Human_ids', *arguments).replace('\\', '/')
    assert path == f'root/Human_ids/{expected}'
