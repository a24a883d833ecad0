# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest

from projects.qanet.datasets.folder_listing import FolderListing, check_image
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import read_bytes


def test_files_in_several_folders(tmp_path, monkeypatch):
    for name in ('a/1.png', 'a/2.png', 'b/1.png'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    listing = FolderListing()
    listing.require([f'{tmp_path}/a/1.png', f'{tmp_path}/b/1.png'])
    assert f'{tmp_path}/b/2.png' not in listing
    assert f'{tmp_path}/c/1.png' not in listing
    monkeypatch.chdir(tmp_path / 'a')
    assert '2.png' in listing and '3.png' not in listing


@pytest.mark.parametrize('share', [0, .5, .99])
def test_images_that_are_cut_off(tmp_path, monkeypatch, share):
    """Also where OpenCV decodes them in silence."""
    path = tmp_path / 'a.jpg'
    cv2.imwrite(str(path), np.full((40, 60, 3), 99, np.uint8))
    check_image(str(path), read_bytes)
    content = path.read_bytes()
    path.write_bytes(content[:int(share * len(content))])
    monkeypatch.setattr('mmcv.imfrombytes', lambda *_, **__: np.zeros(1))
    why = 'cut off or no image' if share else 'empty'
    with pytest.raises(InputError, match=f'cannot be decoded: it is {why}$'):
        check_image(str(path), read_bytes)
