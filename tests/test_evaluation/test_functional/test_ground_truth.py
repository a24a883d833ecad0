# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest
from PIL import Image

from projects.qanet.evaluation.functional import read_annotations
from projects.qanet.evaluation.functional.label_maps import (label_path,
                                                             maps_to_runs,
                                                             read_label_runs)
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


def test_runs_of_random_maps():
    rng = np.random.default_rng(0)
    maps = [rng.integers(0, 2, (9, 5)).astype(np.uint8) for _ in range(3)]
    starts, *values = maps_to_runs(*maps)
    lengths = np.diff(np.append(starts, 45))
    for labels, found in zip(maps, values):
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


def test_label_paths():
    path = label_path('root', 'Human_ids', 'a/0001.jpg')
    assert path.replace('\\', '/') == 'root/Human_ids/a/0001.png'
    path = label_path('root', 'Human_ids', 'img/0001.b.jpg', '.txt', 'img')
    assert path.replace('\\', '/') == 'root/Human_ids/0001.b.txt'


def save_labels(root, name, labels):
    Image.fromarray(labels).save(root / name / '0007.png')


@pytest.mark.parametrize('damage, message', [
    (lambda root: (root / 'Human_ids' / '0007.png').unlink(),
     r'no label map .*Human_ids.0007.png for the image 0007.jpg'),
    (lambda root: (root / 'Human_ids' / '0007.png').write_text('x'),
     r'Human_ids.0007.png is not readable'),
    (lambda root: save_labels(root, 'Human_ids', np.zeros((6, 4), np.uint8)),
     r'Human_ids.0007.png has \(height, width\) = \(6, 4\).*\(4, 6\)'),
    (lambda root: save_labels(root, 'Human_ids', np.zeros(
        (4, 6, 3), 'u1')), r'Human_ids.0007.png has the mode RGB'),
    (lambda root: save_labels(root, 'Category_ids', np.full((4, 6), 3, 'u1')),
     r'Category_ids.0007.png has the label 3, allowed are 0..2 and 255'),
    (lambda root: (root / 'Instance_ids' / '0007.txt').unlink(),
     r'no list of instances .*0007.txt'),
    (lambda root: (root / 'Instance_ids' / '0007.txt').write_text('1 1\n2\n'),
     r'0007.txt, line 2: not'),
    (lambda root: (root / 'Instance_ids' / '0007.txt').write_text('1 3 1'),
     r'0007.txt, line 1: class 3, allowed are 0..2'),
    (lambda root:
     (root / 'Instance_ids' / '0007.txt').write_text('1 1 1\n1 2 1'),
     r'line 2: instance 1 is listed twice'),
])
def test_damaged_label_files(dataset, damage, message):
    ann_file, root = dataset
    damage(root)
    with pytest.raises(InputError, match=message):
        read_label_runs(read_annotations(ann_file)[7], str(root), 3)


def test_cut_off_png(dataset):
    ann_file, root = dataset
    path = root / 'Category_ids' / '0007.png'
    path.write_bytes(path.read_bytes()[:-25])
    with pytest.raises(InputError, match='0007.png is not readable'):
        read_label_runs(read_annotations(ann_file)[7], str(root), 3)


@pytest.mark.parametrize('change, message', [
    (lambda doc: doc['images'][0].pop('width'), "lacks the key 'width'"),
    (lambda doc: doc.pop('annotations'), "lacks the key 'annotations'"),
    (lambda doc: doc['annotations'][0].pop('parsing_id'),
     "lacks the key 'parsing_id'"),
    (lambda doc: doc['annotations'][0].update(image_id=8),
     'annotations for the image id 8'),
    (lambda doc: doc['images'].append(doc['images'][0]), 'an image id twice'),
    (lambda doc: doc['annotations'].append(doc['annotations'][0]),
     'two annotations with the parsing_id 1'),
    (lambda doc: doc.update(images=3), 'is not laid out as a COCO'),
])
def test_wrong_annotations(dataset, change, message):
    ann_file, _ = dataset
    with open(ann_file) as file:
        document = json.load(file)
    change(document)
    with open(ann_file, 'w') as file:
        json.dump(document, file)
    with pytest.raises(InputError, match=message) as caught:
        read_annotations(ann_file)
    assert 'val.json' in str(caught.value)


def test_broken_annotations(tmp_path):
    path = tmp_path / 'val.json'
    path.write_text('{"images": [')
    with pytest.raises(InputError, match='val.json is not a complete'):
        read_annotations(str(path))
