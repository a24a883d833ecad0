# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from projects.qanet.evaluation.functional import ParsingEvaluator
from projects.qanet.ground_truth import (empty_truth, make_label_runs,
                                         read_annotations, read_label_runs)
from projects.qanet.utils.errors import InputError


@pytest.fixture
def dataset(scenes, tmp_path):
    """One 4 x 6 image with a person of two parts; its paths."""
    categories = np.zeros((4, 6), np.uint8)
    categories[1:3, 2:5] = 1
    categories[3, 2:4] = 2
    image = scenes.make_image(7, categories, categories > 0)
    ann_file, root = scenes.write_dataset(tmp_path, [image])
    return ann_file, tmp_path / 'Validation'


def test_runs_are_the_maps(dataset):
    ann_file, root = dataset
    image = read_annotations(ann_file)[7]
    runs = read_label_runs(image, str(root), 3)
    lengths = np.diff(np.append(runs.starts, 24))
    for name, values in (('Category_ids', runs.categories),
                         ('Human_ids', runs.humans), ('Instance_ids',
                                                      runs.instances)):
        labels = np.asarray(Image.open(root / name / '0007.png'))
        np.testing.assert_array_equal(
            np.repeat(values, lengths), labels.T.flat)
    assert runs.instance_ids.tolist() == [1, 2]
    assert runs.instance_classes.tolist() == [1, 2]


def test_part_instances_may_be_missing(dataset):
    """Only AP^r needs them."""
    ann_file, root = dataset
    image = read_annotations(ann_file)[7]
    shutil.rmtree(root / 'Instance_ids')
    with pytest.raises(FileNotFoundError, match='Instance_ids/0007.png'):
        read_label_runs(image, str(root), 3)
    runs = read_label_runs(image, str(root), 3, with_instances=False)
    lengths = np.diff(np.append(runs.starts, 24))
    labels = np.asarray(Image.open(root / 'Category_ids/0007.png'))
    np.testing.assert_array_equal(
        np.repeat(runs.categories, lengths), labels.T.flat)
    assert not runs.instances.any() and not len(runs.instance_ids)
    metrics = ('mIoU', 'APp', 'APh')
    classes = ('background', 'a', 'b')
    values = ParsingEvaluator(
        ann_file, str(root), classes, metrics=metrics,
        protocol='strict').evaluate([])
    assert values['APp'] == values['APh'] == 0
    with pytest.raises(FileNotFoundError, match='Instance_ids/0007.png'):
        ParsingEvaluator(
            ann_file, str(root), classes, protocol='strict').evaluate([])


def test_instance_list_with_a_byte_order_mark(dataset):
    ann_file, root = dataset
    path = root / 'Instance_ids' / '0007.txt'
    path.write_text(path.read_text(), encoding='utf-8-sig')
    runs = read_label_runs(read_annotations(ann_file)[7], str(root), 3)
    assert runs.instance_ids.tolist() == [1, 2]


def test_runs_of_random_maps():
    rng = np.random.default_rng(0)
    maps = [rng.integers(0, 2, (9, 5)).astype(np.uint8) for _ in range(3)]
    runs = make_label_runs(*maps, {})
    lengths = np.diff(np.append(runs.starts, 45))
    for labels, found in zip(maps, runs[1:4]):
        np.testing.assert_array_equal(np.repeat(found, lengths), labels.T.flat)


@pytest.mark.parametrize('mode', ['P', 'I;16'])
def test_other_one_channel_files(dataset, mode):
    ann_file, root = dataset
    path = root / 'Instance_ids' / '0007.png'
    labels = np.asarray(Image.open(path))
    if mode == 'P':
        file = Image.fromarray(labels)
        file.putpalette([9, 9, 9] * 256)
        assert file.mode == 'P'
    else:
        labels = labels.astype(np.uint16) * 300
        file = Image.fromarray(labels)
    file.save(path)
    runs = read_label_runs(read_annotations(ann_file)[7], str(root), 3)
    assert set(runs.instances) == set(labels.ravel())


def test_empty_truth_is_that_of_empty_maps():
    nothing = np.zeros((4, 6), np.uint8)
    runs = make_label_runs(nothing, nothing, nothing, {})
    assert [values.dtype
            for values in empty_truth()] == [values.dtype for values in runs]
    for one, other in zip(empty_truth(), runs):
        assert one.tolist() == other[:1].tolist()


def save_labels(root, name, labels):
    Image.fromarray(labels).save(root / name / '0007.png')


@pytest.mark.parametrize('damage, message', [
    (lambda root: (root / 'Human_ids' / '0007.png').unlink(),
     r'label map .*Human_ids.0007.png does not exist'),
    (lambda root: (root / 'Human_ids' / '0007.png').write_text('x'),
     r'Human_ids.0007.png is not a PNG file'),
    (lambda root: save_labels(root, 'Human_ids', np.zeros((6, 4), np.uint8)),
     r'Human_ids.0007.png is 4x6 pixels .*0007.jpg .* is 6x4'),
    (lambda root: save_labels(root, 'Human_ids', np.zeros(
        (4, 6, 3), 'u1')), r'Human_ids.0007.png has several channels'),
    (lambda root: save_labels(root, 'Category_ids', np.full((4, 6), 3, 'u1')),
     r'Category_ids.0007.png holds .*\[3\], allowed are 0 to 2 and 255'),
    (lambda root: (root / 'Instance_ids' / '0007.txt').unlink(),
     r'list of instances .*0007.txt does not exist'),
    (lambda root: (root / 'Instance_ids' / '0007.txt').write_text('1 1\n2\n'),
     r'0007.txt, line 2: not'),
    (lambda root: (root / 'Instance_ids' / '0007.txt').write_bytes(b'\xff 1'),
     r'0007.txt, line 1: not'),
    (lambda root: (root / 'Instance_ids' / '0007.txt').write_text('0 1 1'),
     r'0007.txt, line 1: instance 0, allowed are 1..65535'),
    (lambda root: (root / 'Instance_ids' / '0007.txt').write_text('-50 1 1'),
     r'line 1: instance -50, allowed are 1..65535'),
    (lambda root: (root / 'Instance_ids' / '0007.txt').write_text('65536 1'),
     r'line 1: instance 65536, allowed are 1..65535'),
    (lambda root: (root / 'Instance_ids' / '0007.txt').write_text('1 3 1'),
     r'0007.txt, line 1: class 3, allowed are 0..2'),
    (lambda root:
     (root / 'Instance_ids' / '0007.txt').write_text('1 1 1\n1 2 1'),
     r'line 2: instance 1 is listed twice'),
])
def test_damaged_label_files(dataset, damage, message):
    ann_file, root = dataset
    damage(root)
    with pytest.raises((InputError, FileNotFoundError), match=message):
        read_label_runs(read_annotations(ann_file)[7], str(root), 3)


def test_cut_off_png(dataset):
    ann_file, root = dataset
    path = root / 'Category_ids' / '0007.png'
    path.write_bytes(path.read_bytes()[:-25])
    with pytest.raises(InputError, match='0007.png is a broken PNG'):
        read_label_runs(read_annotations(ann_file)[7], str(root), 3)


def test_two_persons_with_one_id(dataset):
    ann_file, _ = dataset
    with open(ann_file) as file:
        document = json.load(file)
    document['annotations'] *= 2
    with open(ann_file, 'w') as file:
        json.dump(document, file)
    with pytest.raises(
            InputError,
            match='val.json: the image id 7 has two annotations with the '
            'parsing_id 1'):
        read_annotations(ann_file)
