# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest

from projects.qanet.apis import InputError
from projects.qanet.apis.sources import collect_sources


@pytest.fixture
def folder(tmp_path):
    """Two pictures of one stem, a video of 5 frames and a text file."""
    cv2.imwrite(str(tmp_path / 'b.png'), np.full((6, 9, 3), 7, np.uint8))
    cv2.imwrite(str(tmp_path / 'b.bmp'), np.full((4, 5, 3), 9, np.uint8))
    writer = cv2.VideoWriter(
        str(tmp_path / 'a.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 12, (32, 16))
    for value in range(5):
        writer.write(np.full((16, 32, 3), 40 * value, np.uint8))
    writer.release()
    (tmp_path / 'notes.txt').write_text('no image')
    (tmp_path / 'folder.jpg').mkdir()
    return tmp_path


def test_a_folder_is_sorted_and_filtered(folder):
    sources = collect_sources(folder)
    assert [(s.stem, s.is_video, s.num_images)
            for s in sources] == [('a', True, 5), ('b', False, 1),
                                  ('b_2', False, 1)]
    assert sources[0].fps == 12
    assert [image.shape for image in sources[1].images()] == [(4, 5, 3)]
    (image, ) = sources[2].images()
    assert image.dtype == np.uint8 and (image == 7).all()
    frames = list(sources[0].images())
    assert [round(f.mean() / 40) for f in frames] == [0, 1, 2, 3, 4]
    assert frames[0].shape == (16, 32, 3)


def test_lists_mix_files_and_arrays(folder):
    array = np.zeros((3, 8, 3), np.uint8)
    sources = collect_sources([array, str(folder / 'b.png'), array])
    assert [s.stem for s in sources] == ['00000000', 'b', '00000002']
    assert next(sources[0].images()) is array
    assert len(collect_sources(array)) == 1


def test_missing_and_empty_inputs_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such image.*gone.jpg'):
        collect_sources(str(tmp_path / 'gone.jpg'))
    with pytest.raises(InputError, match=f'folder {tmp_path} holds no image'):
        collect_sources(str(tmp_path))
    with pytest.raises(InputError, match='empty list'):
        collect_sources([])
    with pytest.raises(InputError, match='but got int'):
        collect_sources(3)


@pytest.mark.parametrize('array', [
    np.zeros((4, 5), np.uint8),
    np.zeros((4, 5, 4), np.uint8),
    np.zeros((4, 5, 3)),
    np.zeros((0, 5, 3), np.uint8)
])
def test_arrays_that_are_no_image(array):
    with pytest.raises(InputError, match=r'input 0 .*\(H, W, 3\) uint8'):
        collect_sources([array])


@pytest.mark.parametrize('name', ['broken.jpg', 'broken.mp4'])
def test_broken_files_are_named(tmp_path, name):
    (tmp_path / name).write_bytes(b'nothing of the kind')
    (source, ) = collect_sources(str(tmp_path / name))
    with pytest.raises(InputError, match=name):
        list(source.images())


def test_grey_and_transparent_pictures_become_bgr(tmp_path):
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    clear = np.dstack([grey, grey + 1, grey + 2, grey])
    for name, image in (('grey.png', grey), ('clear.png', clear)):
        cv2.imwrite(str(tmp_path / name), image)
    clear_source, grey_source = collect_sources(str(tmp_path))
    (image, ) = grey_source.images()
    assert np.array_equal(image, np.dstack([grey] * 3))
    (image, ) = clear_source.images()
    assert np.array_equal(image, clear[..., :3])
