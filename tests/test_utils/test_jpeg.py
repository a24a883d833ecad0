# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import io

import numpy as np
import pytest
from PIL import Image

from projects.qanet.utils.jpeg import is_cut_jpeg


def picture(seed=0, size=(60, 90, 3)):
    return Image.fromarray(
        np.random.default_rng(seed).integers(0, 255, size, np.uint8))


def encode(image, kind='JPEG', **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


THUMBNAIL = b'Exif\0\0' + encode(picture(1, (8, 12, 3)))


@pytest.mark.parametrize('content', [
    encode(picture()),
    encode(picture(), progressive=True),
    encode(picture(), restart_marker_rows=1),
    encode(picture(size=(60, 90))),
    encode(picture(), exif=THUMBNAIL),
])
def test_a_picture_ends_with_its_marker(content):
    """What follows it, even half a picture, is another matter."""
    rest = np.random.default_rng(0).bytes(99999)
    for more in (b'', b'\0' * 9, rest, encode(picture(1))[:900]):
        assert not is_cut_jpeg(content + more)
    for length in (2, 3, 40, len(content) // 3, len(content) - 1):
        assert is_cut_jpeg(content[:length])
        assert is_cut_jpeg(content[:length] + b'\0' * 99)


def test_of_a_phones_two_pictures_the_first_counts():
    content = encode(
        picture(), kind='MPO', save_all=True, append_images=[picture(1)])
    assert not is_cut_jpeg(content) and not is_cut_jpeg(content[:-99])
    assert is_cut_jpeg(content[:len(content) // 4])


def test_of_other_files_nothing_is_said():
    for content in (b'', b'text', encode(picture(), 'PNG')[:50]):
        assert not is_cut_jpeg(content)
