# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from PIL import Image

from projects.qanet.ground_truth import (ImageInfo, PersonInfo, empty_truth,
                                         make_label_runs, read_label_runs)
from projects.qanet.utils.errors import InputError

IMAGE = ImageInfo(7, '0007.jpg', 6, 4, (PersonInfo(1, False), ))
LABELS = np.array(
    [[0] * 6, [0, 0, 1, 1, 1, 0], [0, 0, 1, 1, 1, 0], [0, 0, 2, 2, 0, 0]],
    np.uint8)
CATEGORIES = LABELS.copy()
CATEGORIES[0, 1] = 255  # ignored
WIDE = LABELS.astype(np.uint16) * 300


@pytest.fixture
def root(tmp_path):
    """One 4 x 6 image (height x width) with a person of two parts."""
    for name, labels in (('Category_ids', CATEGORIES),
                         ('Human_ids', LABELS > 0), ('Instance_ids', WIDE)):
        (tmp_path / name).mkdir()
        labels = labels.astype(labels.dtype if labels is WIDE else np.uint8)
        Image.fromarray(labels).save(tmp_path / name / '0007.png')
    (tmp_path / 'Instance_ids/0007.txt').write_text(
        '1 1 1\n\n2 2 1\n300 255 1\n', encoding='utf-8-sig')
    return tmp_path


def assert_runs(runs, *maps):
    """The runs, drawn down the columns, are the maps."""
    lengths = np.diff(np.append(runs.starts, maps[0].size))
    for labels, values in zip(maps, runs[1:4]):
        np.testing.assert_array_equal(
            np.repeat(values, lengths), labels.T.flat)


def test_runs_are_the_maps(root):
    runs = read_label_runs(IMAGE, str(root), 3)
    assert_runs(runs, CATEGORIES, LABELS > 0, WIDE)
    assert runs.instance_ids.tolist() == [1, 2, 300]
    assert runs.instance_classes.tolist() == [1, 2, 255]
    rng = np.random.default_rng(0)
    maps = [rng.integers(0, 2, (9, 5)).astype(np.uint8) for _ in range(3)]
    assert_runs(make_label_runs(*maps, {}), *maps)
    # Nothing else is read where instances do not count.
    (root / 'Instance_ids/0007.png').unlink()
    runs = read_label_runs(IMAGE, str(root), 3, with_instances=False)
    assert_runs(runs, CATEGORIES, LABELS > 0, LABELS * 0)
    assert not len(runs.instance_ids)


def test_empty_truth_is_that_of_empty_maps():
    runs = make_label_runs(*np.zeros((3, 4, 6), np.uint8), {})
    for one, other in zip(empty_truth(), runs):
        assert one.dtype == other.dtype
        assert one.tolist() == other[:1].tolist()


@pytest.mark.parametrize('name, content, message', [
    ('Human_ids', None, 'label map .*Human_ids.0007.png does not exist'),
    ('Instance_ids', b'x', 'Instance_ids.0007.png is not a PNG file'),
    ('Human_ids', LABELS.T,
     'Human_ids.0007.png is 4x6 pixels .*0007.jpg .* is 6x4'),
    ('Category_ids', LABELS + 1,
     r'Category_ids.0007.png holds .*\[3\], allowed are 0 to 2 and 255'),
    ('Category_ids', np.uint8(255) * (LABELS > 0), 'no labels but 0 and 255'),
    ('list', None, 'list of instances .*0007.txt does not exist'),
    ('list', b'1 1\n2\n', '0007.txt, line 2: not'),
    ('list', b'\xff 1', '0007.txt, line 1: not'),
    ('list', b'0 1 1', 'line 1: instance 0, allowed are 1..65535'),
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
        Image.fromarray(np.ascontiguousarray(content)).save(path)
    with pytest.raises((InputError, FileNotFoundError), match=message):
        read_label_runs(IMAGE, str(root), 3)
