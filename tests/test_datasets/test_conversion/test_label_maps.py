# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from PIL import Image

from projects.qanet.datasets.conversion import label_maps
from projects.qanet.ground_truth import read_label_map
from projects.qanet.utils.errors import InputError

CATEGORIES = np.array([[0, 3, 3, 2], [1, 3, 0, 2], [255, 3, 0, 1]], np.uint8)
HUMANS = np.array([[0, 1, 4, 4], [1, 1, 0, 4], [1, 1, 4, 4]], np.uint8)


def test_persons_of():
    # Persons 2 and 3 have no pixels.
    assert label_maps.persons_of(HUMANS) == [
        dict(parsing_id=1, bbox=[0, 0, 2, 3], area=5),
        dict(parsing_id=4, bbox=[2, 0, 2, 3], area=5)
    ]
    assert label_maps.persons_of(np.zeros((3, 4), np.uint8)) == []


def test_instance_map_by_formula():
    instances = label_maps.build_instance_map(
        CATEGORIES, HUMANS, num_classes=5)
    assert instances.dtype == np.uint8
    np.testing.assert_array_equal(
        instances, [[0, 3, 18, 17], [1, 3, 0, 17], [0, 3, 0, 16]])
    assert label_maps.instance_table(instances, CATEGORIES,
                                     HUMANS) == [(1, 1, 1), (3, 3, 1),
                                                 (16, 1, 4), (17, 2, 4),
                                                 (18, 3, 4)]


@pytest.mark.parametrize('everywhere', [False, True])
def test_instance_map_running_numbers(everywhere):
    # 3 * 100 + 1 does not fit into 8 bits.
    categories = np.maximum(CATEGORIES % 255, everywhere)
    humans = np.maximum(HUMANS, everywhere)
    instances = label_maps.build_instance_map(
        categories, humans, num_classes=100)
    assert instances.dtype == np.uint8
    table = label_maps.instance_table(instances, categories, humans)
    assert [row[0] for row in table] == list(range(1, len(table) + 1))
    for number, label, human in table:
        np.testing.assert_array_equal(
            instances == number, (categories == label) & (humans == human))
    part = (categories > 0) & (humans > 0)
    np.testing.assert_array_equal(instances > 0, part)


def test_instance_map_of_many_parts():
    categories = np.arange(1, 301).reshape(15, 20) % 100 + 1
    humans = np.arange(1, 301).reshape(15, 20) // 100 + 1
    instances = label_maps.build_instance_map(
        categories, humans, num_classes=101)
    assert instances.dtype == np.uint16
    assert len(label_maps.instance_table(instances, categories, humans)) == 300


def test_instance_table_takes_the_majority():
    instances = np.array([[7, 7, 7, 9], [7, 9, 8, 8]])
    categories = np.array([[5, 5, 6, 0], [0, 0, 4, 4]])
    humans = np.array([[1, 1, 2, 3], [3, 3, 0, 0]])
    # 9 lies on background, 8 on nobody.
    assert label_maps.instance_table(instances, categories,
                                     humans) == [(7, 5, 1)]


def test_read_labels_of(tmp_path):
    path = str(tmp_path / 'a.png')
    label_maps.write_label_map(path, CATEGORIES)
    labels = label_maps.read_labels_of('a.jpg', (4, 3), path, num_classes=4)
    np.testing.assert_array_equal(labels, CATEGORIES)
    with pytest.raises(InputError, match=r'a.png is 4x3 .* a.jpg is 3x4'):
        label_maps.read_labels_of('a.jpg', (3, 4), path)
    with pytest.raises(InputError, match=r'a.png holds .*\[3\]'):
        label_maps.read_labels_of('a.jpg', (4, 3), path, num_classes=3)


@pytest.mark.parametrize('mode', ['RGB', 'RGBA', 'L', 'P'])
def test_read_red_labels(mode, tmp_path):
    path = tmp_path / 'a.png'
    image = Image.fromarray(CATEGORIES)
    if mode == 'P':
        image.putpalette([255 - value % 256 for value in range(768)])
    elif mode != 'L':
        others = [Image.new('L', image.size, 99)] * (len(mode) - 1)
        image = Image.merge(mode, [image, *others])
    image.save(path)
    labels = label_maps.read_red_labels(str(path))
    np.testing.assert_array_equal(labels, CATEGORIES)
    assert labels.dtype == np.uint8


def test_read_red_labels_errors(tmp_path):
    path = tmp_path / 'a.png'
    with pytest.raises(FileNotFoundError, match='a.png does not exist'):
        label_maps.read_red_labels(str(path))
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match='a.png is a broken PNG'):
        label_maps.read_red_labels(str(path))
    path.write_bytes(b'')
    with pytest.raises(InputError, match='a.png is not a PNG'):
        label_maps.read_red_labels(str(path))


@pytest.mark.parametrize('palette', [False, True])
def test_place_label_map(palette, tmp_path):
    source, target = tmp_path / 'a.png', tmp_path / 'out' / 'a.png'
    image = Image.fromarray(CATEGORIES)
    if palette:
        image.putpalette(list(range(256)) * 3)
    image.save(source)
    label_maps.place_label_map(str(source), str(target), CATEGORIES)
    np.testing.assert_array_equal(read_label_map(str(target)), CATEGORIES)
    with Image.open(target) as written:
        assert written.mode == 'L'
    assert target.is_symlink() != palette
