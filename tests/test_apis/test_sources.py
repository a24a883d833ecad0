# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from projects.qanet.apis import InputError
from projects.qanet.apis.sources import collect_sources, read_frames


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


def test_iterators_are_lists(folder):
    found = collect_sources(sorted(folder.glob('*.png')))
    assert found and collect_sources(iter([source.path
                                           for source in found])) == found
    with pytest.raises(InputError, match='^inputs is an empty list$'):
        collect_sources(path for path in ())


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


def test_a_photo_cut_off_is_refused_by_any_opencv(tmp_path, monkeypatch):
    path = str(tmp_path / 'a.jpg')
    cv2.imwrite(path, np.full((40, 60, 3), 99, np.uint8))
    with open(path, 'rb+') as file:
        file.truncate(len(file.read()) - 2)
    monkeypatch.setattr('mmcv.imfrombytes', lambda *_, **__: np.zeros(1))
    (source, ) = collect_sources(path)
    with pytest.raises(
            InputError,
            match=f'^{path} is no image that can be '
            'read; it may be cut off$'):
        list(source.images())


def test_brackets_in_the_name_of_a_folder(tmp_path):
    (tmp_path / 'a[1]').mkdir()
    write_picture(tmp_path / 'a[1]' / 'b.png')
    with pytest.raises(
            InputError,
            match=r'\(a bracket in a name is written '
            r'\[\[\]\) holds no image or video'):
        collect_sources(str(tmp_path / 'a[1]' / '*.png'))
    assert len(collect_sources(str(tmp_path / 'a[[]1]' / '*.png'))) == 1


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


def write_clip(path, num, size=(32, 16)):
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'mp4v'), 10, size)
    for k in range(num):
        writer.write(np.full((size[1], size[0], 3), 10 * k, np.uint8))
    writer.release()


def write_picture(path, value=9):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((6, 9, 3), value, np.uint8))


def test_no_two_inputs_have_one_name_for_their_output(tmp_path, warnings):
    write_clip(tmp_path / 'clip.mp4', 2)
    names = [
        'clip_000001.png', 'a.png', 'a.bmp', 'A.tif', 'v0/0001.png',
        'v1/0001.png', 'a_2.png'
    ]
    for name in names:
        write_picture(tmp_path / name)
    names += ['clip.mp4']
    sources = collect_sources([str(tmp_path / name) for name in names])
    assert [source.stem for source in sources] == [
        'clip_000001_image', 'a', 'a_2', 'A_3', '0001', '0001_2', 'a_2_2',
        'clip'
    ]
    assert [source.name
            for source in sources[4:6]] == ['v0/0001.png', 'v1/0001.png']
    assert sources[1].name == 'a.png'
    stems = [frame.stem for frame in read_frames(sources, [])]
    assert len(set(map(str.lower, stems))) == len(stems) == 9
    assert stems[-1] == 'clip_000001'
    assert 'v1/0001.png is written as 0001_2: another' in ''.join(warnings)


def test_endings_in_any_case_and_what_a_folder_has_besides(tmp_path, warnings):
    for name in ('a.JPEG', 'b.Jpe', 'c.jfif'):
        (tmp_path / name).write_bytes(b'')
    for name in ('x.txt', 'y.gif'):
        (tmp_path / name).write_bytes(b'')
    (tmp_path / 'z.jpg').mkdir()
    sources = collect_sources(tmp_path)
    assert [source.stem for source in sources] == ['a', 'b', 'c']
    assert 'ignored 3 entries' in ''.join(warnings)
    assert 'x.txt, y.gif, z.jpg' in ''.join(warnings)


def test_patterns_and_several_folders(tmp_path):
    for name in ('a/1.png', 'a/2.bmp', 'b/3.png', 'c[1].png'):
        write_picture(tmp_path / name)

    def stems(*inputs):
        return [
            source.stem
            for source in collect_sources([str(tmp_path / i) for i in inputs])
        ]

    assert stems('b', 'a') == ['3', '1', '2']
    assert stems('a/*.png') == ['1']
    assert stems('**/*.png') == ['1', '3', 'c[1]']
    # A file of this very name is no pattern.
    assert stems('c[1].png') == ['c[1]']
    with pytest.raises(InputError, match='pattern .*x.* holds no image'):
        stems('x*')


def test_a_video_goes_on_after_a_damaged_frame(tmp_path, warnings):
    """The frames after the damage keep their numbers."""
    path = tmp_path / 'clip.mp4'
    write_clip(path, 24, (64, 48))
    content = bytearray(path.read_bytes())
    # The seventh to ninth frame become noise; the mp4v stream's frames begin
    # with this code, the first after its header.
    starts, at = [], content.find(b'\x00\x00\x01\xb6')
    while at >= 0:
        starts.append(at)
        at = content.find(b'\x00\x00\x01\xb6', at + 4)
    assert len(starts) == 24
    content[starts[6]:starts[9]] = b'\xaa' * (starts[9] - starts[6])
    path.write_bytes(content)
    write_picture(tmp_path / 'photo.png')
    skipped = []
    frames = list(
        read_frames(
            collect_sources([str(path), str(tmp_path / 'photo.png')]),
            skipped))
    numbers = [int(f.name.split('#')[1]) for f in frames[:-1]]
    missing = sorted(set(range(24)) - set(numbers))
    assert missing and set(missing) <= set(range(6, 13))
    assert numbers[-1] == 23
    assert [f.index for f in frames] == numbers + [24]
    text = f'{24 - len(missing)} of 24 frames of {path}'
    assert text in ''.join(warnings) and skipped == [
        (str(path), f'{text} could be decoded')
    ]


def png_header(width, height):
    """A PNG that has nothing but its size."""
    head = b'IHDR' + struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + head +
            struct.pack('>I', zlib.crc32(head)) + b'\0\0\0\x09IDAT')


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path):
    write_picture(tmp_path / 'good.png', 40)
    whole = (tmp_path / 'good.png').read_bytes()
    (tmp_path / 'cut.png').write_bytes(whole[:-20])
    (tmp_path / 'empty.jpg').write_bytes(b'')
    (tmp_path / 'huge.png').write_bytes(png_header(20000, 9000))
    write_picture(tmp_path / 'thin.png')
    cv2.imwrite(str(tmp_path / 'thin.png'), np.full((1, 600, 3), 5, np.uint8))
    skipped = []
    frames = list(read_frames(collect_sources(tmp_path), skipped))
    assert [(f.name, f.index, f.image.shape)
            for f in frames] == [('good.png', 2, (6, 9, 3)),
                                 ('thin.png', 4, (1, 600, 3))]
    for (path, reason), words in zip(
            skipped, ('cut off', 'empty.jpg is empty', 'huge.png is too lar')):
        assert words in reason and path in reason
    assert len(skipped) == 3


def test_a_file_that_is_gone_when_its_turn_comes(tmp_path):
    write_picture(tmp_path / 'a.png')
    source, = collect_sources(str(tmp_path / 'a.png'))
    (tmp_path / 'a.png').unlink()
    with pytest.raises(InputError, match='a.png cannot be read.*No such'):
        list(source.images())


def test_pictures_of_other_kinds(tmp_path):
    """16 bits, CMYK and several pages become one image of 8 bits."""
    value = np.full((6, 9, 3), 200, np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), value.astype(np.uint16) * 257)
    page = Image.fromarray(value)
    page.convert('CMYK').save(tmp_path / 'b.jpg')
    page.save(
        tmp_path / 'c.webp',
        save_all=True,
        lossless=True,
        append_images=[Image.new('RGB', (9, 6))])
    for source in collect_sources(tmp_path):
        image, = source.images()
        assert image.dtype == np.uint8 and abs(image.astype(int) -
                                               200).max() <= 3


def test_of_several_pictures_the_first_is_parsed_and_that_is_said(
        tmp_path, warnings):
    pages = [Image.new('RGB', (30, 20), (k, 2 * k, 7)) for k in (60, 90, 90)]
    for name, more in (('a.webp', pages[1:2]), ('b.tif', pages[1:]),
                       ('one.webp', []), ('phone.mpo', pages[1:])):
        pages[0].save(
            tmp_path / name,
            save_all=True,
            append_images=more,
            **dict(lossless=True) if 'webp' in name else {})
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    for frame in read_frames(collect_sources(paths), []):
        assert abs(frame.image - np.array([7., 120, 60])).max() < 4
    assert warnings == [
        f'{paths[0]} holds 2 pictures, only the first is parsed',
        f'{paths[1]} holds 3 pictures, only the first is parsed'
    ]
