# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
from pycocotools import mask as mask_utils

from projects.drawn_people import (dataset, write_dataset,
                                   write_instance_dataset)
from projects.drawn_people.scene import CLASSES
from projects.qanet.utils.errors import InputError

SIZE = (150, 110)
WRITERS = {'CIHP': write_dataset, 'instances': write_instance_dataset}
both = pytest.mark.parametrize('name', WRITERS)


def read_json(root, name, split):
    return json.loads((root / f'annotations/{name}_{split}.json').read_text())


def contents(root):
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in sorted(root.rglob('*')) if p.is_file()
    }


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    found = {name: tmp_path_factory.mktemp(name) for name in WRITERS}
    for name, write in WRITERS.items():
        write(found[name], 3, 2, seed=5, size=SIZE)
    return found


def checked(document, root, stems):
    """Each picture, its size and instances, once names and ids are right."""
    names = [image['file_name'] for image in document['images']]
    assert names == [f'{stem}.jpg' for stem in stems]
    for image in document['images']:
        assert image['id'] == int(image['file_name'][:-4])
        shape = cv2.imread(str(root / image['file_name'])).shape[:2]
        assert shape == (image['height'], image['width'])
        assert shape[0] != shape[1]
        yield image['file_name'][:-4], shape, [
            a for a in document['annotations'] if a['image_id'] == image['id']
        ]


def check_box(annotation, mask):
    x, y, w, h = annotation['bbox']
    inside = mask[y:y + h, x:x + w]
    assert annotation['area'] == inside.sum() == mask.sum() > 0
    for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]):
        assert edge.any()
    assert annotation['iscrowd'] == 0


SPLITS = pytest.mark.parametrize(
    'folder, split, stems',
    [('Training', 'train', ['0000001', '0000002', '0000003']),
     ('Validation', 'val', ['1000001', '1000002'])])


@SPLITS
def test_cihp_annotations_describe_the_maps(roots, folder, split, stems):
    document = read_json(roots['CIHP'], 'CIHP', split)
    root = roots['CIHP'] / folder
    assert (root / f'{split}_id.txt').read_text().split() == stems
    assert [c['name'] for c in document['categories']] == ['person']
    for stem, shape, people in checked(document, root / 'Images', stems):
        category, human, instance = (
            cv2.imread(str(root / f'{kind}_ids/{stem}.png'), -1).astype(int)
            for kind in ('Category', 'Human', 'Instance'))
        assert human.shape == shape
        ids = [person['parsing_id'] for person in people]
        assert ids == list(range(1, human.max() + 1))
        for person in people:
            assert person['category_id'] == 1
            check_box(person, human == person['parsing_id'])
        expected = np.where(human > 0, (human - 1) * 20 + category, 0)
        assert np.array_equal(instance, expected)
        assert (root / f'Instance_ids/{stem}.txt').exists()


@SPLITS
def test_instances_describe_the_pictures(roots, folder, split, stems):
    root = roots['instances']
    document = read_json(root, 'instances', split)
    assert [(c['id'], c['name'])
            for c in document['categories']] == list(enumerate(CLASSES, 1))
    assert {a['category_id'] for a in document['annotations']} > {1}
    for _, shape, items in checked(document, root / split, stems):
        total = np.zeros(shape, int)
        for item in items:
            mask = mask_utils.decode(item['segmentation'])
            check_box(item, mask)
            total += mask
        assert total.max() == 1  # disjoint


@both
def test_scenes_depend_on_seed_split_and_position_alone(roots, name, tmp_path):
    WRITERS[name](tmp_path, 2, 4, seed=5, size=SIZE, workers=2)
    first, second = contents(roots[name]), contents(tmp_path)
    scenes = [k for k in first if k in second and '0000' in k]
    assert len(scenes) == (5 if name == 'CIHP' else 1) * (2 + 2)
    assert all(first[k] == second[k] for k in scenes)
    pictures = [v for k, v in first.items() if k.endswith('jpg')]
    assert len(set(pictures)) == 5
    WRITERS[name](tmp_path / 'other', 1, 1, seed=6, size=SIZE)
    assert not set(contents(tmp_path / 'other').values()) & set(pictures)


@both
def test_progress_on_request_and_interruptions(name, tmp_path, monkeypatch,
                                               capfd):
    WRITERS[name](tmp_path, 2, 1, size=(70, 64))
    assert capfd.readouterr().err == ''
    WRITERS[name](tmp_path, 2, 1, size=(70, 64), progress=True)
    assert capfd.readouterr().err.count('100%') == 2
    assert len(list(tmp_path.glob('annotations/*.json'))) == 2

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset, 'map_in_order', interrupted)
    with pytest.raises(KeyboardInterrupt):
        WRITERS[name](tmp_path, 1, 1, size=(90, 64))
    # No old annotations of new pictures.
    assert not list(tmp_path.glob('annotations/*'))
    assert not list(tmp_path.glob('*/*_id.txt'))


@both
@pytest.mark.parametrize('change, message', [
    (dict(num_train=0), 'num_train must be at least 1, got 0'),
    (dict(seed=-1), 'seed must be at least 0, got -1'),
    (dict(workers=0), 'workers must be at least 1, got 0'),
    (dict(num_people=(2, 1)), 'num_people must be'),
])
def test_bad_numbers_are_named_and_leave_nothing(name, change, message,
                                                 tmp_path):
    with pytest.raises(InputError, match=message):
        WRITERS[name](tmp_path / 'new', **{
            'num_train': 1,
            'num_val': 1,
            **change
        })
    assert not (tmp_path / 'new').exists()


@pytest.mark.parametrize('tool, arguments, code, message', [
    ('synthetic', ('out', '--workers', 1), 0, ''),
    ('synthetic_instances', ('out', '--things', 2, 3), 0, ''),
    ('synthetic',
     ('out', '--images', 0), 2, '--images must be at least 1, got 0'),
    ('synthetic', ('file', '--workers', 1), 2, "Not a directory: 'file"),
    ('synthetic',
     ('out', '--size', 10, 20), 2, 'size (w, h) must be at least 64'),
])
def test_tools_draw_or_name_what_is_wrong(tool, arguments, code, message,
                                          run_tool, tmp_path):
    (tmp_path / 'file').write_text('in the way')
    options = ('--images', 5, '--size', 90, 70, '--people', 1, 1)
    done = run_tool(
        f'tools/dataset_converters/{tool}.py',
        *options,
        *arguments,
        cwd=tmp_path,
        code=code)
    assert message in done.stderr
    if code:
        assert not (tmp_path / 'out').exists()
    else:
        assert '5 training and 1 held-out scenes in out' in done.stdout
        assert len(list(tmp_path.glob('out/[Tt]rain*/**/*.jpg'))) == 5
