# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest

from projects.qanet.apis.output import OutputFolder
from projects.qanet.apis.sources import Frame, Source
from projects.qanet.structures import ParsingInstances
from projects.qanet.structures.results_io import read_results_document
from projects.qanet.utils.errors import InputError


def test_pictures_of_a_video_get_even_sides_and_one_size(tmp_path):
    """Red pictures; what is beyond a picture is white."""
    output = OutputFolder(str(tmp_path), ('Background', 'Hat'), None, None)
    source = Source('gone.mp4', 'clip')
    for k, (height, width) in enumerate([(41, 65), (24, 99)]):
        picture = np.full((height, width, 3), (230, 20, 20), np.uint8)
        nobody = ParsingInstances.empty((65, 41), 2, k)
        frame = Frame(k, np.zeros((41, 65, 3), np.uint8), f'clip#{k}', '',
                      source)
        output.add(frame, nobody, picture, [])
    output.close()
    written, = (tmp_path / 'vis').glob('clip.*')
    capture = cv2.VideoCapture(str(written))
    assert capture.get(cv2.CAP_PROP_FPS) == 25
    first, second = capture.read()[1], capture.read()[1]
    assert first.shape == second.shape == (42, 66, 3)
    red = np.array([20, 20, 230])  # BGR
    assert abs(first[:32, :56] - red).max() < 30
    assert abs(second[:14, :64] - red).max() < 30
    assert second[32:].min() > 225
    assert not capture.read()[0]


def test_more_persons_than_a_byte_can_number(tmp_path):
    """Human_ids has 16 bits then, and nobody's number wraps round."""
    count, size = 300, (330, 20)
    boxes = [[k, 2, k + 1, 9] for k in range(count)]
    instances = ParsingInstances(boxes, *np.ones((4, count)),
                                 *np.ones((2, count, 1)), np.zeros(count),
                                 [np.ones((7, 1), np.uint8)] * count,
                                 [[k, 2] for k in range(count)], size)
    output = OutputFolder(
        str(tmp_path), ('Background', 'Hat'),
        None,
        None,
        save_label_maps=True,
        save_vis=False)
    frame = Frame(0, np.zeros((20, 330, 3), np.uint8), 'a.jpg', 'a',
                  Source('a.jpg', 'a'))
    output.add(frame, instances, None, range(count))
    humans = cv2.imread(
        str(tmp_path / 'Human_ids/a.png'), cv2.IMREAD_UNCHANGED)
    assert humans.dtype == np.uint16
    assert humans[5, :count].tolist() == list(range(1, count + 1))


def add_image(output, picture=None, stem='a'):
    """One image without persons."""
    image = np.zeros((24, 32, 3), np.uint8)
    name = f'{stem}.jpg'
    frame = Frame(0, image, name, stem, Source(name, stem))
    output.add(frame, ParsingInstances.empty((32, 24), 2), picture, [])


def test_label_maps_of_a_data_set_are_not_overwritten(tmp_path):
    """Neither beside results of a run that wrote none."""
    args = (str(tmp_path), ('Background', 'Hat'), None, None)
    for name in ('Category_ids', 'Human_ids'):
        (tmp_path / name).mkdir()
    truth = tmp_path / 'Human_ids' / 'a.png'
    cv2.imwrite(str(truth), np.full((24, 32), 7, np.uint8))
    with OutputFolder(*args, save_vis=False) as output:
        add_image(output)
    assert (tmp_path / 'results.json').is_file()
    text = f'^{truth} has no mark of this tool: it may be a label map of a '
    for content in (truth.read_bytes(), b''):
        truth.write_bytes(content)
        with pytest.raises(InputError, match=text):
            OutputFolder(*args, save_label_maps=True, save_vis=False)
        assert truth.read_bytes() == content


def test_label_maps_of_a_run_that_was_killed_may_be_replaced(tmp_path):
    args = (str(tmp_path), ('Background', 'Hat'), None, None, True, False)
    for _ in range(2):
        add_image(OutputFolder(*args))
        add_image(OutputFolder(*args), stem='n' * 250)
    names = sorted(path.name for path in tmp_path.rglob('*'))
    assert names[:4] == ['Category_ids', 'Human_ids', 'a.png', 'a.png']
    assert names[4:] == ['n' * 250 + '.png'] * 2
    (tmp_path / 'Human_ids' / 'notes.txt').touch()
    OutputFolder(*args)


def test_a_run_that_fails_at_once_leaves_older_results(tmp_path):
    args = (str(tmp_path), ('Background', 'Hat'), None, None, False, False)
    path = tmp_path / 'results.json'

    def names():
        images = read_results_document(str(path)).images
        return [image['file_name'] for image in images]

    with pytest.raises(KeyError), OutputFolder(*args):
        raise KeyError
    assert names() == []
    with pytest.raises(KeyError), OutputFolder(*args) as output:
        add_image(output)
        raise KeyError
    assert names() == ['a.jpg']
    with pytest.raises(KeyError), OutputFolder(*args):
        raise KeyError
    assert names() == ['a.jpg']
    with OutputFolder(*args):
        pass
    assert names() == []


def test_a_video_that_does_not_reach_the_disk_is_said(tmp_path):
    output = OutputFolder(str(tmp_path), ('Background', 'Hat'), None, None)
    picture = np.zeros((24, 32, 3), np.uint8)
    source = Source('gone.mp4', 'clip')
    for k in range(3):
        frame = Frame(k, picture, f'clip#{k}', '', source)
        output.add(frame, ParsingInstances.empty((32, 24), 2, k), picture, [])
    output._video._count = 4
    with pytest.raises(OSError, match='clip.* has only 3 of 4 frames'):
        output.close()
    assert len(read_results_document(str(tmp_path /
                                         'results.json')).images) == 3


def test_a_full_disk_is_said_by_name_and_leaves_no_half_a_picture(
        tmp_path, monkeypatch):

    def fill(image, path):
        Path(path).write_bytes(b'half a picture')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(mmcv, 'imwrite', fill)
    output = OutputFolder(str(tmp_path), ('Background', 'Hat'), None, None)
    picture = np.zeros((24, 32, 3), np.uint8)
    frame = Frame(0, picture, 'a.jpg', 'a', Source('a.jpg', 'a'))
    with pytest.raises(OSError, match='vis/a.png cannot be written.*No space'):
        output.add(frame, ParsingInstances.empty((32, 24), 2), picture, [])
    assert list((tmp_path / 'vis').iterdir()) == []
    output.close()
    images = read_results_document(str(tmp_path / 'results.json')).images
    assert [image['file_name'] for image in images] == ['a.jpg']


@pytest.mark.parametrize('place', ['vis/a.png', 'in/link.png', 'vis/b.png'])
def test_inputs_are_not_overwritten(tmp_path, place):
    """Neither files of the folder, nor what links into or out of it."""
    for name in ('vis', 'in'):
        (tmp_path / name).mkdir()
    (tmp_path / 'vis' / 'a.png').write_bytes(b'mine')
    (tmp_path / 'in' / 'b.png').write_bytes(b'mine')
    (tmp_path / 'in' / 'link.png').symlink_to(tmp_path / 'vis' / 'a.png')
    (tmp_path / 'vis' / 'b.png').symlink_to(tmp_path / 'in' / 'b.png')
    sources = [Source('c.png', 'c'), Source(str(tmp_path / place), 'b')]
    args = (str(tmp_path), ('Background', 'Hat'), None, None)
    with pytest.raises(
            InputError,
            match=f'{place} is in a folder that is written to; give another '
            'output folder'):
        OutputFolder(*args, sources=sources)
    OutputFolder(*args, save_vis=False, sources=sources)


@pytest.mark.parametrize('link', [Path.symlink_to, Path.hardlink_to])
def test_links_in_the_folder_do_not_lead_to_inputs(tmp_path, link):
    (tmp_path / 'out' / 'vis').mkdir(parents=True)
    photo = tmp_path / 'a.png'
    clip = tmp_path / 'clip.mp4'
    for file in (photo, clip):
        file.write_bytes(b'mine')
        link(tmp_path / 'out' / 'vis' / file.name, file)
    sources = [Source(str(photo), 'a'), Source(str(clip), 'clip')]
    output = OutputFolder(
        str(tmp_path / 'out'), ('Background', 'Hat'),
        None,
        None,
        sources=sources)
    picture = np.full((24, 32, 3), 7, np.uint8)
    for k, source in enumerate(sources):
        frame = Frame(k, picture, source.name, source.stem, source)
        output.add(frame, ParsingInstances.empty((32, 24), 2), picture, [])
    output.close()
    assert photo.read_bytes() == clip.read_bytes() == b'mine'
    written = cv2.imread(str(tmp_path / 'out' / 'vis' / 'a.png'))
    assert np.array_equal(written, picture)


def test_a_folder_in_the_place_of_a_file(tmp_path):
    args = (str(tmp_path), ('Background', 'Hat'), None, None)
    (tmp_path / 'vis' / 'a.png').mkdir(parents=True)
    output = OutputFolder(*args)
    picture = np.zeros((24, 32, 3), np.uint8)
    frame = Frame(0, picture, 'a.jpg', 'a', Source('a.jpg', 'a'))
    with pytest.raises(OSError, match='vis/a.png cannot be written: '):
        output.add(frame, ParsingInstances.empty((32, 24), 2), picture, [])
    (tmp_path / 'results.json').mkdir()
    with pytest.raises(InputError, match='results.json is a folder, not a'):
        OutputFolder(*args)
