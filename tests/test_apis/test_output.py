# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from contextlib import suppress
from functools import partial
from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest

from projects.qanet.apis.output import OutputFolder
from projects.qanet.apis.sources import Frame, Source
from projects.qanet.structures import ParsingInstances
from projects.qanet.structures.results_io import read_results_document
from projects.qanet.testing.layout import make_persons
from projects.qanet.utils.errors import InputError

BLACK = np.zeros((24, 32, 3), np.uint8)
CLIP = Source('gone.mp4', 'clip')
NOBODY = ParsingInstances.empty((32, 24), 2)


@pytest.fixture
def open_folder(tmp_path):
    """An output folder that takes pictures."""
    return partial(OutputFolder, str(tmp_path), ('Background', 'Hat'), None,
                   None)


def add_image(output, picture=BLACK, stem='a', source=None, persons=NOBODY):
    source = source or Source(f'{stem}.jpg')
    frame = Frame(len(output._images), BLACK, f'{stem}.jpg', stem, source)
    output.add(frame, persons, picture, range(len(persons)))


def written_images(folder):
    images = read_results_document(str(folder / 'results.json')).images
    return [image['file_name'] for image in images]


def test_pictures_of_a_video_get_even_sides_and_one_size(
        open_folder, tmp_path):
    """Red pictures; what is beyond a picture is white."""
    with open_folder() as output:
        for height, width in [(41, 65), (24, 99)]:
            picture = np.full((height, width, 3), (230, 20, 20), np.uint8)
            add_image(output, picture, source=CLIP)
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


def test_more_persons_than_a_byte_can_number(open_folder, tmp_path):
    """Human_ids has 16 bits then, and nobody's number wraps round."""
    persons = make_persons(0, np.eye(300)[:, None], np.ones(300), 2)
    add_image(open_folder(True, False), persons=persons)
    humans = cv2.imread(
        str(tmp_path / 'Human_ids/a.png'), cv2.IMREAD_UNCHANGED)
    assert humans.dtype == np.uint16
    assert humans[0].tolist() == list(range(1, 301))


def test_label_maps_of_a_data_set_are_not_overwritten(open_folder, tmp_path):
    """Neither beside results of a run that wrote none."""
    truth = tmp_path / 'Human_ids' / 'a.png'
    truth.parent.mkdir()
    cv2.imwrite(str(truth), np.full((24, 32), 7, np.uint8))
    with open_folder(save_vis=False) as output:
        add_image(output)
    assert written_images(tmp_path) == ['a.jpg']
    text = f'^{truth} has no mark of this tool: it may be a label map of a '
    for content in (truth.read_bytes(), b''):
        truth.write_bytes(content)
        with pytest.raises(InputError, match=text):
            open_folder(save_label_maps=True, save_vis=False)
        assert truth.read_bytes() == content


def test_label_maps_of_a_run_that_was_killed_may_be_replaced(
        open_folder, tmp_path):
    for _ in range(2):
        for stem in ('a', 'n' * 250):
            add_image(open_folder(True, False), stem=stem)
    names = sorted(path.name for path in tmp_path.rglob('*'))
    assert names[:4] == ['Category_ids', 'Human_ids', 'a.png', 'a.png']
    assert names[4:] == ['n' * 250 + '.png'] * 2
    (tmp_path / 'Human_ids' / 'notes.txt').touch()
    open_folder(True, False)


def test_a_run_that_fails_at_once_leaves_older_results(open_folder, tmp_path):
    for count, fails, expected in ((0, True, 0), (1, True, 1), (0, True, 1),
                                   (0, False, 0)):
        with suppress(KeyError), open_folder() as output:
            for _ in range(count):
                add_image(output)
            if fails:
                raise KeyError
        assert len(written_images(tmp_path)) == expected


def test_a_video_that_does_not_reach_the_disk_is_said(open_folder, tmp_path):
    with pytest.raises(OSError, match='clip.* has only 3 of 4 frames'):
        with open_folder() as output:
            for k in range(3):
                add_image(output, source=CLIP)
            output._video._count = 4
    assert len(written_images(tmp_path)) == 3


def test_a_full_disk_is_said_by_name_and_leaves_no_half_a_picture(
        open_folder, tmp_path, monkeypatch):

    def fill(image, path):
        Path(path).write_bytes(b'half a picture')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(mmcv, 'imwrite', fill)
    with pytest.raises(OSError, match='vis/a.png cannot be written.*No space'):
        with open_folder() as output:
            add_image(output)
    assert list((tmp_path / 'vis').iterdir()) == []
    assert written_images(tmp_path) == ['a.jpg']


@pytest.mark.parametrize('place', ['vis/a.png', 'in/link.png', 'vis/b.png'])
def test_inputs_are_not_overwritten(open_folder, tmp_path, place):
    """Neither files of the folder, nor what links into or out of it."""
    for name in ('vis', 'in'):
        (tmp_path / name).mkdir()
    (tmp_path / 'vis/a.png').write_bytes(b'mine')
    (tmp_path / 'in/b.png').write_bytes(b'mine')
    (tmp_path / 'in/link.png').symlink_to(tmp_path / 'vis/a.png')
    (tmp_path / 'vis/b.png').symlink_to(tmp_path / 'in/b.png')
    sources = [Source('c.png'), Source(str(tmp_path / place))]
    with pytest.raises(
            InputError, match=f'{place} is in a folder that is wri'):
        open_folder(sources=sources)
    open_folder(save_vis=False, sources=sources)


@pytest.mark.parametrize('link', [Path.symlink_to, Path.hardlink_to])
def test_links_in_the_folder_do_not_lead_to_inputs(open_folder, tmp_path,
                                                   link):
    (tmp_path / 'vis').mkdir()
    files = [tmp_path / name for name in ('a.png', 'clip.mp4')]
    for file in files:
        file.write_bytes(b'mine')
        link(tmp_path / 'vis' / file.name, file)
    with open_folder() as output:
        for file in files:
            add_image(output, BLACK + 7, file.stem, Source(str(file)))
    assert [file.read_bytes() for file in files] == [b'mine'] * 2
    written = cv2.imread(str(tmp_path / 'vis/a.png'))
    assert np.array_equal(written, BLACK + 7)


def test_a_folder_in_the_place_of_a_file(open_folder, tmp_path):
    (tmp_path / 'vis/a.png').mkdir(parents=True)
    with pytest.raises(OSError, match='vis/a.png cannot be written: '):
        add_image(open_folder())
    (tmp_path / 'results.json').mkdir()
    with pytest.raises(InputError, match='results.json is a folder, not a'):
        open_folder()
