# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Photos are read as the inferencer reads them."""
import numpy as np
import pytest
from PIL import Image

from projects.qanet.apis.sources import Source
from projects.qanet.runtime.photos import read_photo
from projects.qanet.utils.errors import InputError


@pytest.mark.parametrize('name', ['a.jpg', 'a.png', 'grey.png', 'rgba.png'])
@pytest.mark.parametrize('orientation', [1, 3, 6])
def test_pixels_and_orientation(tmp_path, image, name, orientation):
    picture = Image.fromarray(image[..., ::-1])
    if not name.startswith('a'):
        picture = picture.convert(dict(grey='L', rgba='RGBA')[name[:4]])
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = str(tmp_path / name)
    picture.save(path, exif=exif)
    found = read_photo(path)
    np.testing.assert_array_equal(found, next(Source(path).images()))
    assert found.dtype == np.uint8
    if name == 'a.jpg':
        assert found.shape[:2] == ((150, 110) if orientation == 6 else
                                   (110, 150))


def test_what_cannot_be_read(tmp_path, image):
    whole = tmp_path / 'whole.jpg'
    Image.fromarray(image).save(whole)
    content = whole.read_bytes()
    for number, wrong in enumerate(
        (content[:len(content) // 2], b'', b'text')):
        path = tmp_path / f'{number}.jpg'
        path.write_bytes(wrong)
        with pytest.raises(InputError, match=f'{number}.jpg is no image that'):
            read_photo(str(path))
    for path in (tmp_path / 'gone.jpg', tmp_path):
        with pytest.raises(InputError, match=f'{path} cannot be read: '):
            read_photo(str(path))
