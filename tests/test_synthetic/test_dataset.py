# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest

from projects.qanet.synthetic import dataset, write_dataset
from projects.qanet.utils.errors import InputError

SIZE, PEOPLE = (150, 110), (1, 3)


def _read(root, split, name, stem):
    path = root / split / name / f'{stem}.png'
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def _bytes(root):
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in sorted(root.rglob('*')) if p.is_file()
    }


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    out = tmp_path_factory.mktemp('drawn')
    write_dataset(out, 3, 2, seed=5, size=SIZE, num_people=PEOPLE)
    return out


def test_layout(root):
    for split, stems in (('Training', ['0000001', '0000002', '0000003']),
                         ('Validation', ['1000001', '1000002'])):
        for folder, suffix in (('Images', 'jpg'), ('Category_ids', 'png'),
                               ('Human_ids', 'png'), ('Instance_ids', 'png'),
                               ('Instance_ids', 'txt')):
            found = sorted((root / split / folder).glob(f'*.{suffix}'))
            assert [p.stem for p in found] == stems
    listed = (root / 'Validation' / 'val_id.txt').read_text().split()
    assert listed == ['1000001', '1000002']


@pytest.mark.parametrize('split, name', [('Training', 'train'),
                                         ('Validation', 'val')])
def test_annotations_describe_the_maps(root, split, name):
    path = root / 'annotations' / f'CIHP_{name}.json'
    document = json.loads(path.read_text())
    assert document['categories'] == [{'id': 1, 'name': 'person'}]
    ids = [a['id'] for a in document['annotations']]
    assert ids == list(range(1, len(ids) + 1))
    for image in document['images']:
        human = _read(root, split, 'Human_ids', image['file_name'][:-4])
        assert human.shape == (image['height'], image['width'])
        assert human.shape[0] != human.shape[1]
        mine = [
            a for a in document['annotations'] if a['image_id'] == image['id']
        ]
        assert [a['parsing_id'] for a in mine] == \
            sorted(set(human.ravel().tolist()) - {0})
        for annotation in mine:
            x, y, w, h = annotation['bbox']
            inside = human[y:y + h, x:x + w] == annotation['parsing_id']
            assert annotation['area'] == inside.sum() \
                == (human == annotation['parsing_id']).sum()
            for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]):
                assert edge.any()
            assert annotation['iscrowd'] == 0
            assert annotation['category_id'] == 1


def test_instance_files(root):
    for path in (root / 'Training' / 'Instance_ids').glob('*.txt'):
        category, human, instance = (
            _read(root, 'Training', name, path.stem).astype(int)
            for name in ('Category_ids', 'Human_ids', 'Instance_ids'))
        image = cv2.imread(
            str(root / 'Training' / 'Images' / f'{path.stem}.jpg'))
        assert image.shape == category.shape + (3, )
        expected = np.where(human > 0, (human - 1) * 20 + category, 0)
        assert np.array_equal(instance, expected)
        rows = [[int(v) for v in row.split()]
                for row in path.read_text().splitlines()]
        assert [r[0] for r in rows] == \
            sorted(set(instance.ravel().tolist()) - {0})
        for number, part, person in rows:
            here = instance == number
            assert set(category[here]) == {part}
            assert set(human[here]) == {person}


def test_scenes_depend_on_seed_split_and_position_alone(root, tmp_path):
    write_dataset(
        tmp_path, 2, 4, seed=5, size=SIZE, num_people=PEOPLE, workers=2)
    first, second = _bytes(root), _bytes(tmp_path)
    scenes = [k for k in first if k in second and '0000' in k]
    assert len(scenes) == 5 * (2 + 2)
    assert all(first[k] == second[k] for k in scenes)


def test_seed_changes_the_scenes(root, tmp_path):
    write_dataset(tmp_path, 1, 1, seed=6, size=SIZE, num_people=PEOPLE)
    name = 'Training/Instance_ids/0000001.png'
    assert _bytes(root)[name] != _bytes(tmp_path)[name]


def test_splits_differ(root):
    files = _bytes(root)
    assert files['Training/Instance_ids/0000001.png'] != \
        files['Validation/Instance_ids/1000001.png']


def test_progress_is_shown_on_request(tmp_path, capfd):
    write_dataset(tmp_path, 2, 1, size=(70, 64), num_people=(1, 1))
    assert capfd.readouterr().err == ''
    write_dataset(
        tmp_path, 2, 1, size=(70, 64), num_people=(1, 1), progress=True)
    assert capfd.readouterr().err.count('100%') == 2


def test_an_interrupted_drawing_leaves_no_old_annotations(
        tmp_path, monkeypatch):
    write_dataset(tmp_path, 1, 1, size=(70, 64), num_people=(1, 1))
    assert (tmp_path / 'annotations/CIHP_train.json').is_file()

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset, 'draw_scenes', interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path, 1, 1, size=(90, 64), num_people=(1, 1))
    assert not (tmp_path / 'annotations/CIHP_train.json').exists()


@pytest.mark.parametrize('change, named', [
    (dict(num_train=0), 'num_train'),
    (dict(num_val=0), 'num_val'),
    (dict(seed=-1), 'seed'),
    (dict(workers=0), 'workers'),
    (dict(size=(63, 100)), 'size'),
    (dict(num_people=(2, 1)), 'num_people'),
])
def test_bad_numbers_are_named_and_leave_nothing(tmp_path, change, named):
    arguments = dict(num_train=1, num_val=1, **{})
    arguments.update(change)
    with pytest.raises(InputError, match=named):
        write_dataset(tmp_path / 'new', **arguments)
    assert not (tmp_path / 'new').exists()


def test_unwritable_folder_is_an_os_error(tmp_path):
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(OSError):
        write_dataset(tmp_path / 'file', 1, 1)
