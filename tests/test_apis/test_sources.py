# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import re
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from projects.qanet.apis import InputError
from projects.qanet.apis.sources import collect_sources, read_frames


def write_picture(path, value=9):
    """A picture of 9x6 pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((6, 9, 3), value, np.uint8))
    return path


def first_image(path):
    source, = collect_sources(path)
    return next(source.images())


def test_a_folder_is_sorted_and_filtered(tmp_path, warnings, write_clip):
    write_picture(tmp_path / 'b.png', 7)
    write_picture(tmp_path / 'b.bmp')
    write_clip(tmp_path / 'a.mp4', 5, fps=12)
    for name in ('c.JPEG', 'd.Jpe', 'e.jfif', 'x.txt', 'y.gif'):
        (tmp_path / name).write_bytes(b'')
    (tmp_path / 'z.jpg').mkdir()
    sources = collect_sources(tmp_path)
    assert [(s.stem, s.is_video, s.num_images)
            for s in sources[:3]] == [('a', True, 5), ('b', False, 1),
                                      ('b_2', False, 1)]
    assert [s.stem for s in sources[3:]] == ['c', 'd', 'e']
    assert sources[0].fps == 12
    frames = list(sources[0].images())
    assert [round(f.mean() / 30) for f in frames] == [0, 1, 2, 3, 4]
    assert frames[0].shape == (16, 32, 3)
    image, = sources[2].images()
    assert image.dtype == np.uint8 and (image == 7).all()
    text = ''.join(warnings)
    assert 'ignored 3 entries' in text and 'x.txt, y.gif, z.jpg' in text


def test_lists_and_iterators_mix_files_and_arrays(tmp_path):
    array = np.zeros((3, 8, 3), np.uint8)
    items = [array, write_picture(tmp_path / 'b.png'), array]
    for inputs in (items, iter(items)):
        sources = collect_sources(inputs)
        assert [s.stem for s in sources] == ['00000000', 'b', '00000002']
        assert next(sources[0].images()) is array
    assert len(collect_sources(array)) == 1


@pytest.mark.parametrize('inputs, text', [
    ([], '^inputs is an empty list$'),
    (iter([]), '^inputs is an empty list$'),
    (3, 'input 0 must be a path or an array, but got int'),
    ('.', 'folder . holds no image or video; known are .jpg'),
    ('x*', r'pattern x\* holds no image'),
    ('a[1]/*.png', r'\(a bracket in a name is written \[\[\]\) holds no'),
    *(([np.zeros(shape, kind)], r'input 0 .*\(H, W, 3\) uint8')
      for shape, kind in [((4, 5), np.uint8), (
          (4, 5, 4), np.uint8), ((4, 5, 3), float), ((0, 5, 3), np.uint8)]),
])
def test_inputs_that_are_none(inputs, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=text):
        collect_sources(inputs)
    with pytest.raises(FileNotFoundError, match='no such image.*gone.jpg'):
        collect_sources(str(tmp_path / 'gone.jpg'))


def test_patterns_and_several_folders(tmp_path, monkeypatch):
    """A file's own name is no pattern."""
    monkeypatch.chdir(tmp_path)
    for name in ('a/1.png', 'a/2.bmp', 'b/3.png', 'c[1].png'):
        write_picture(tmp_path / name)
    for inputs, stems in ((['b', 'a'], ['3', '1', '2']), ('a/*.png', ['1']),
                          ('**/*.png', ['1', '3', 'c[1]']),
                          ('c[1].png', ['c[1]']), ('c[[]1].*', ['c[1]'])):
        assert [source.stem for source in collect_sources(inputs)] == stems


def test_no_two_inputs_have_one_name_for_their_output(tmp_path, warnings,
                                                      write_clip):
    stems = {
        'clip_000001.png': 'clip_000001_image',
        'a.png': 'a',
        'a.bmp': 'a_2',
        'A.tif': 'A_3',
        'v0/0001.png': '0001',
        'v1/0001.png': '0001_2',
        'a_2.png': 'a_2_2',
        'clip.mp4': 'clip'
    }
    for name in stems:
        write_picture(tmp_path / name.replace('.mp4', '.webp'))
    write_clip(tmp_path / 'clip.mp4', 2)
    sources = collect_sources([str(tmp_path / name) for name in stems])
    for _ in range(2):  # what is named once stays so
        assert {source.name: source.stem for source in sources} == stems
        sources = collect_sources(sources)
    frames = list(read_frames(sources, []))
    assert len(frames) == 9 and frames[-1].stem == 'clip_000001'
    assert 'v1/0001.png is written as 0001_2: another' in ''.join(warnings)


def test_a_video_goes_on_after_a_damaged_frame(tmp_path, warnings, write_clip):
    """The frames after the damage keep their numbers."""
    path = tmp_path / 'clip.mp4'
    write_clip(path, 24, (64, 48))
    content = bytearray(path.read_bytes())
    # The seventh to ninth frame become noise.
    starts = [m.start() for m in re.finditer(b'\x00\x00\x01\xb6', content)]
    assert len(starts) == 24
    content[starts[6]:starts[9]] = b'\xaa' * (starts[9] - starts[6])
    path.write_bytes(content)
    skipped = []
    photo = write_picture(tmp_path / 'photo.png')
    frames = list(read_frames(collect_sources([path, photo]), skipped))
    numbers = [int(f.name.split('#')[1]) for f in frames[:-1]]
    missing = sorted(set(range(24)) - set(numbers))
    assert missing and set(missing) <= set(range(6, 13))
    assert numbers[-1] == 23
    assert [f.index for f in frames] == numbers + [24]
    text = f'{24 - len(missing)} of 24 frames of {path}'
    assert skipped == [(str(path), f'{text} could be decoded')]
    assert text in ''.join(warnings)


def png_header(width, height):
    """A PNG that has nothing but its size."""
    head = b'IHDR' + struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return (b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + head +
            struct.pack('>I', zlib.crc32(head)) + b'\0\0\0\x09IDAT')


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(tmp_path, warnings):
    whole = write_picture(tmp_path / 'good.png').read_bytes()
    photo = write_picture(tmp_path / 'cut.jpg').read_bytes()
    cut = ' is no image that can be read; it may be cut off'
    broken = {
        'broken.mp4': (b'nothing', ' is no video that can be read'),
        'cut.jpg': (photo[:-2], cut),
        'cut.png': (whole[:-20], cut),
        'empty.jpg': (b'', ' is empty'),
        'huge.png': (png_header(20000, 9000), ' is too large: '),
    }
    for name, (content, _) in broken.items():
        (tmp_path / name).write_bytes(content)
    cv2.imwrite(str(tmp_path / 'thin.png'), np.full((1, 600, 3), 5, np.uint8))
    skipped = []
    frames = list(read_frames(collect_sources(tmp_path), skipped))
    assert [(f.name, f.index, f.image.shape)
            for f in frames] == [('good.png', 4, (6, 9, 3)),
                                 ('thin.png', 6, (1, 600, 3))]
    assert [path for path, _ in skipped
            ] == [str(tmp_path / name) for name in broken]
    for (path, reason), (_, text) in zip(skipped, broken.values()):
        assert reason.startswith(path + text)
    assert warnings[-1] == 'Skipped 5 of 7 inputs'
    with pytest.raises(InputError, match='none of the 2 inputs can be read'):
        list(
            read_frames(
                collect_sources([path for path, _ in skipped[:2]]), []))


def test_a_photo_cut_off_is_refused_by_any_opencv(tmp_path, monkeypatch):
    path = write_picture(tmp_path / 'a.jpg')
    path.write_bytes(path.read_bytes()[:-2])
    monkeypatch.setattr('mmcv.imfrombytes', lambda *_, **__: np.zeros(1))
    with pytest.raises(InputError, match='a.jpg is no image'):
        first_image(path)


def test_a_file_that_is_gone_when_its_turn_comes(tmp_path):
    path = write_picture(tmp_path / 'a.png')
    source, = collect_sources(path)
    path.unlink()
    with pytest.raises(InputError, match='a.png cannot be read.*No such'):
        list(source.images())


def test_pictures_of_other_kinds(tmp_path):
    """Grey, transparent, of 16 bits and CMYK: one BGR image of 8 bits."""
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    colours = np.dstack([grey, grey + 90, grey + 2])
    path = tmp_path / 'a.png'
    for image, expected in ((grey, np.dstack([grey] * 3)),
                            (np.dstack([colours, grey]), colours),
                            (colours.astype(np.uint16) * 257, colours)):
        cv2.imwrite(str(path), image)
        found = first_image(path)
        assert found.dtype == np.uint8 and np.array_equal(found, expected)
    path = tmp_path / 'print.jpg'
    Image.new('RGB', (9, 6), (200, 100, 50)).convert('CMYK').save(path)
    assert abs(first_image(path) - np.array([50., 100, 200])).max() < 4


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
