# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from PIL import Image

from projects.qanet.ground_truth import (ImageInfo, PersonInfo, empty_truth,
                                         make_label_runs, read_label_runs)
from projects.qanet.utils.errors import InputError

FOLDERS = ('Category_ids', 'Human_ids', 'Instance_ids')
IMAGE = ImageInfo(7, '0007.jpg', 6, 4, (PersonInfo(1, False), ))
LABELS = np.array(
    [[0] * 6, [0, 0, 1, 1, 1, 0], [0, 0, 1, 1, 1, 0], [0, 0, 2, 2, 0, 0]],
    np.uint8)


def save(root, name, labels):
    Image.fromarray(np.asarray(labels)).save(root / name / '0007.png')


@pytest.fixture
def root(tmp_path):
    """One 4 x 6 image (height x width) with a person of two parts."""
    for name in FOLDERS:
        (tmp_path / name).mkdir()
        save(tmp_path, name, LABELS)
    save(tmp_path, 'Human_ids', (LABELS > 0).astype(np.uint8))
    (tmp_path / 'Instance_ids/0007.txt').write_text('1 1 1\n2 2 1\n')
    return tmp_path


def assert_runs(runs, *maps):
    """The runs, drawn down the columns, are the maps."""
    lengths = np.diff(np.append(runs.starts, maps[0].size))
    for labels, values in zip(maps, runs[1:4]):
        np.testing.assert_array_equal(
            np.repeat(values, lengths), labels.T.flat)


def test_runs_are_the_maps(root):
    runs = read_label_runs(IMAGE, str(root), 3)
    assert_runs(runs, LABELS, LABELS > 0, LABELS)
    assert runs.instance_ids.tolist() == [1, 2]
    assert runs.instance_classes.tolist() == [1, 2]
    rng = np.random.default_rng(0)
    maps = [rng.integers(0, 2, (9, 5)).astype(np.uint8) for _ in range(3)]
    assert_runs(make_label_runs(*maps, {}), *maps)


def test_part_instances_may_be_missing(root):
    (root / 'Instance_ids/0007.png').unlink()
    with pytest.raises(FileNotFoundError, match='Instance_ids/0007.png'):
        read_label_runs(IMAGE, str(root), 3)
    runs = read_label_runs(IMAGE, str(root), 3, with_instances=False)
    assert_runs(runs, LABELS, LABELS > 0, LABELS * 0)
    assert not len(runs.instance_ids)


def test_forms_of_files(root):
    """A byte order mark, sixteen bits, and a palette."""
    path = root / 'Instance_ids/0007.txt'
    path.write_text(path.read_text(), encoding='utf-8-sig')
    wide = LABELS.astype(np.uint16) * 300
    save(root, 'Instance_ids', wide)
    palette = Image.fromarray(LABELS)
    palette.putpalette([9, 9, 9] * 256)
    palette.save(root / 'Category_ids/0007.png')
    runs = read_label_runs(IMAGE, str(root), 3)
    assert_runs(runs, LABELS, LABELS > 0, wide)
    assert runs.instance_ids.tolist() == [1, 2]


def test_empty_truth_is_that_of_empty_maps():
    runs = make_label_runs(*np.zeros((3, 4, 6), np.uint8), {})
    for one, other in zip(empty_truth(), runs):
        assert one.dtype == other.dtype
        assert one.tolist() == other[:1].tolist()


@pytest.mark.parametrize('name, content, message', [
    ('Human_ids', None, 'label map .*Human_ids.0007.png does not exist'),
    ('Human_ids', b'x', 'Human_ids.0007.png is not a PNG file'),
    ('Human_ids', LABELS.T,
     'Human_ids.0007.png is 4x6 pixels .*0007.jpg .* is 6x4'),
    ('Human_ids', np.zeros((4, 6, 3), np.uint8), 'has several channels'),
    ('Category_ids', LABELS + 1,
     r'Category_ids.0007.png holds .*\[3\], allowed are 0 to 2 and 255'),
    ('Category_ids', np.uint8(255) * (LABELS > 0), 'no labels but 0 and 255'),
    ('list', None, 'list of instances .*0007.txt does not exist'),
    ('list', b'1 1\n2\n', '0007.txt, line 2: not'),
    ('list', b'\xff 1', '0007.txt, line 1: not'),
    ('list', b'0 1 1', 'line 1: instance 0, allowed are 1..65535'),
    ('list', b'-50 1 1', 'line 1: instance -50, allowed are 1..65535'),
    ('list', b'65536 1', 'line 1: instance 65536, allowed are 1..65535'),
    ('list', b'1 3 1', 'line 1: class 3, allowed are 0..2'),
    ('list', b'1 1 1\n1 2 1', 'line 2: instance 1 is listed twice'),
])
def test_damaged_label_files(root, name, content, message):
    path = root / ('Instance_ids/0007.txt'
                   if name == 'list' else f'{name}/0007.png')
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        save(root, name, content)
    with pytest.raises((InputError, FileNotFoundError), match=message):
        read_label_runs(IMAGE, str(root), 3)
