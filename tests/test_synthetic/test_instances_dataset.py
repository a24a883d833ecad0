# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO

from projects.qanet.synthetic import instances_dataset
from projects.qanet.synthetic.instances import CLASSES, InstanceScene
from projects.qanet.synthetic.instances_dataset import (instance_annotations,
                                                        write_instance_dataset)
from projects.qanet.utils.errors import InputError

REPO = Path(__file__).parents[2]
SIZE = (150, 110)


def _bytes(root):
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in sorted(root.rglob('*')) if p.is_file()
    }


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp('drawn')
    write_instance_dataset(out, 3, 2, seed=5, size=SIZE)
    return out


def test_annotations_of_a_hand_made_scene():
    numbers = np.zeros((4, 6), np.uint8)
    numbers[1:3, 2:6] = 1
    numbers[1, 3] = 2  # in front of the first
    scene = InstanceScene(
        np.zeros((4, 6, 3), np.uint8), numbers, np.array([6, 1]))
    first, second = instance_annotations(scene)
    assert (first['category_id'], first['area'], first['bbox'],
            first['iscrowd']) == (6, 7, [2, 1, 4, 2], 0)
    assert (second['category_id'], second['area'],
            second['bbox']) == (1, 1, [3, 1, 1, 1])
    assert first['segmentation']['size'] == [4, 6]
    decoded = mask_utils.decode(first['segmentation'])
    assert np.array_equal(decoded, numbers == 1)


@pytest.mark.parametrize('split, first', [('train', 1), ('val', 1000001)])
def test_json_describes_the_pictures(root, split, first):
    path = root / 'annotations' / f'instances_{split}.json'
    document = json.loads(path.read_text())
    assert [c['name'] for c in document['categories']] == list(CLASSES)
    assert [c['id'] for c in document['categories']] == list(range(1, 8))
    ids = [a['id'] for a in document['annotations']]
    assert ids == list(range(1, len(ids) + 1))
    for k, image in enumerate(document['images']):
        assert image['id'] == first + k
        assert image['file_name'] == f'{first + k:07d}.jpg'
        picture = cv2.imread(str(root / split / image['file_name']))
        shape = (image['height'], image['width'])
        assert picture.shape[:2] == shape and shape[0] != shape[1]
        total = np.zeros(shape, int)
        for annotation in document['annotations']:
            if annotation['image_id'] == image['id']:
                total += _check_annotation(annotation, shape)
        assert total.max() == 1  # disjoint


def _check_annotation(annotation, shape):
    mask = mask_utils.decode(annotation['segmentation'])
    assert mask.shape == shape
    assert annotation['area'] == mask.sum() >= 60
    x, y, w, h = (int(v) for v in annotation['bbox'])
    inside = mask[y:y + h, x:x + w]
    assert inside.sum() == mask.sum()
    assert all(edge.any()
               for edge in (inside[0], inside[-1], inside[:, 0], inside[:,
                                                                        -1]))
    assert annotation['iscrowd'] == 0
    assert 1 <= annotation['category_id'] <= 7
    return mask


def test_pycocotools_reads_it(root):
    coco = COCO(root / 'annotations' / 'instances_val.json')
    annotation = coco.loadAnns(coco.getAnnIds())[0]
    assert coco.annToMask(annotation).sum() == annotation['area']


def test_scenes_depend_on_seed_split_and_position_alone(root, tmp_path):
    write_instance_dataset(tmp_path, 2, 3, seed=5, size=SIZE, workers=2)
    first, second = _bytes(root), _bytes(tmp_path)
    shared = [k for k in first if k in second and k.endswith('.jpg')]
    assert len(shared) == 2 + 2
    assert all(first[k] == second[k] for k in shared)
    assert first['train/0000001.jpg'] != first['val/1000001.jpg']
    write_instance_dataset(tmp_path / 'other', 1, 1, seed=6, size=SIZE)
    assert _bytes(tmp_path / 'other')['train/0000001.jpg'] != \
        first['train/0000001.jpg']


def test_progress_is_shown_on_request(tmp_path, capfd):
    write_instance_dataset(tmp_path, 2, 1, size=(70, 64))
    assert capfd.readouterr().err == ''
    write_instance_dataset(tmp_path, 2, 1, size=(70, 64), progress=True)
    assert capfd.readouterr().err.count('100%') == 2


def test_an_interrupted_drawing_leaves_no_old_annotations(
        tmp_path, monkeypatch):
    write_instance_dataset(tmp_path, 1, 1, size=(70, 64))
    assert (tmp_path / 'annotations/instances_train.json').is_file()

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(instances_dataset, 'draw_scenes', interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_instance_dataset(tmp_path, 1, 1, size=(90, 64))
    assert not (tmp_path / 'annotations/instances_train.json').exists()


@pytest.mark.parametrize('change, named', [
    (dict(num_train=0), 'num_train'),
    (dict(num_val=0), 'num_val'),
    (dict(seed=-1), 'seed'),
    (dict(workers=0), 'workers'),
    (dict(size=(63, 100)), 'size'),
    (dict(num_things=(9, 12)), 'together'),
])
def test_bad_numbers_are_named_and_leave_nothing(tmp_path, change, named):
    arguments = dict(num_train=1, num_val=1)
    arguments.update(change)
    with pytest.raises(InputError, match=named):
        write_instance_dataset(tmp_path / 'new', **arguments)
    assert not (tmp_path / 'new').exists()


def _run(cwd, *arguments):
    tool = REPO / 'tools/dataset_converters/synthetic_instances.py'
    return subprocess.run(
        [sys.executable, str(tool), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True)


def test_tool_draws_and_reports(tmp_path):
    done = _run(tmp_path, 'out', '--images', '5', '--size', '90', '70',
                '--people', '1', '1', '--things', '2', '3', '--workers', '1')
    assert done.returncode == 0, done.stderr
    assert '5 training and 1 held-out scenes in out' in done.stdout
    assert len(list((tmp_path / 'out' / 'train').glob('*.jpg'))) == 5
    assert (tmp_path / 'out/annotations/instances_val.json').is_file()


def test_tool_names_what_is_wrong(tmp_path):
    (tmp_path / 'file').write_text('in the way')
    done = _run(tmp_path, 'file', '--images', '1', '--workers', '1')
    assert done.returncode == 2
    assert "Not a directory: 'file" in done.stderr
    assert 'Traceback' not in done.stderr
