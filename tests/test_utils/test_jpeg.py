# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import io

import numpy as np
import pytest
from PIL import Image

from projects.qanet.utils.jpeg import is_cut_jpeg


def encode(seed=0, size=(60, 90, 3), kind='JPEG', **options):
    image = np.random.default_rng(seed).integers(0, 255, size, np.uint8)
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def with_thumbnail():
    """A photo whose EXIF block holds a whole JPEG."""
    return encode(exif=b'Exif\0\0' + encode(1, (8, 12, 3)))


@pytest.mark.parametrize('content', [
    encode(),
    encode(progressive=True),
    encode(restart_marker_rows=1),
    encode(size=(60, 90)),
    with_thumbnail(),
])
def test_a_picture_ends_with_its_marker(content):
    """What follows it, even half a picture, is another matter."""
    assert content.count(b'\xff\xda') >= 1
    assert not is_cut_jpeg(content)
    rest = np.random.default_rng(0).bytes(99999)
    for more in (b'\0' * 9, rest, encode(1)[:900]):
        assert not is_cut_jpeg(content + more)
    for length in (2, 3, 40, len(content) // 3, len(content) - 200,
                   len(content) - 2, len(content) - 1):
        assert is_cut_jpeg(content[:length])
        assert is_cut_jpeg(content[:length] + b'\0' * 99)


def test_of_a_phones_two_pictures_the_first_counts():
    second = Image.open(io.BytesIO(encode(1)))
    content = encode(kind='MPO', save_all=True, append_images=[second])
    assert not is_cut_jpeg(content) and not is_cut_jpeg(content[:-99])
    assert is_cut_jpeg(content[:len(content) // 4])


@pytest.mark.parametrize('content', [b'', b'text', encode(kind='PNG')[:50]])
def test_of_other_files_nothing_is_said(content):
    assert not is_cut_jpeg(content)
