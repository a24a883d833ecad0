# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO

from projects.drawn_people import (dataset, write_dataset,
                                   write_instance_dataset)
from projects.drawn_people.scene import CLASSES
from projects.qanet.utils.errors import InputError

SIZE = (150, 110)
WRITERS = {'CIHP': write_dataset, 'instances': write_instance_dataset}
both = pytest.mark.parametrize('name', WRITERS)


def read_map(root, split, name, stem):
    path = root / split / name / f'{stem}.png'
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def read_json(root, name, split):
    return json.loads((root / f'annotations/{name}_{split}.json').read_text())


def contents(root):
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in sorted(root.rglob('*')) if p.is_file()
    }


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    found = {}
    for name, write in WRITERS.items():
        found[name] = tmp_path_factory.mktemp(name)
        write(found[name], 3, 2, seed=5, size=SIZE)
    return found


def check_box(annotation, mask):
    x, y, w, h = annotation['bbox']
    inside = mask[y:y + h, x:x + w]
    assert annotation['area'] == inside.sum() == mask.sum() > 0
    for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]):
        assert edge.any()
    assert annotation['iscrowd'] == 0


@pytest.mark.parametrize(
    'split, name, stems',
    [('Training', 'train', ['0000001', '0000002', '0000003']),
     ('Validation', 'val', ['1000001', '1000002'])])
def test_cihp_annotations_describe_the_maps(roots, split, name, stems):
    root, document = roots['CIHP'], read_json(roots['CIHP'], 'CIHP', name)
    assert (root / split / f'{name}_id.txt').read_text().split() == stems
    assert [image['file_name'][:-4] for image in document['images']] == stems
    assert [(c['id'], c['name'])
            for c in document['categories']] == [(1, 'person')]
    for image, stem in zip(document['images'], stems):
        assert image['id'] == int(stem)
        category, human, instance = (
            read_map(root, split, f'{kind}_ids', stem).astype(int)
            for kind in ('Category', 'Human', 'Instance'))
        picture = cv2.imread(str(root / split / 'Images' / f'{stem}.jpg'))
        assert picture.shape == (*human.shape, 3)
        assert human.shape == (image['height'], image['width'])
        assert human.shape[0] != human.shape[1]
        mine = [
            a for a in document['annotations'] if a['image_id'] == image['id']
        ]
        assert [a['parsing_id']
                for a in mine] == list(range(1,
                                             human.max() + 1))
        for annotation in mine:
            assert annotation['category_id'] == 1
            check_box(annotation, human == annotation['parsing_id'])
        expected = np.where(human > 0, (human - 1) * 20 + category, 0)
        assert np.array_equal(instance, expected)
        assert (root / split / f'Instance_ids/{stem}.txt').exists()


@pytest.mark.parametrize('split, first', [('train', 1), ('val', 1000001)])
def test_instances_describe_the_pictures(roots, split, first):
    root = roots['instances']
    document = read_json(root, 'instances', split)
    assert [(c['id'], c['name'])
            for c in document['categories']] == list(enumerate(CLASSES, 1))
    assert {a['category_id'] for a in document['annotations']} > {1}
    for k, image in enumerate(document['images']):
        assert image['id'] == first + k
        assert image['file_name'] == f'{first + k:07d}.jpg'
        picture = cv2.imread(str(root / split / image['file_name']))
        shape = (image['height'], image['width'])
        assert picture.shape[:2] == shape and shape[0] != shape[1]
        total = np.zeros(shape, int)
        for annotation in document['annotations']:
            if annotation['image_id'] == image['id']:
                mask = mask_utils.decode(annotation['segmentation'])
                check_box(annotation, mask)
                total += mask
        assert total.max() == 1  # disjoint
    coco = COCO(root / 'annotations' / f'instances_{split}.json')
    annotation = coco.loadAnns(coco.getAnnIds())[0]
    assert coco.annToMask(annotation).sum() == annotation['area']


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
def test_progress_is_shown_on_request(name, tmp_path, capfd):
    WRITERS[name](tmp_path, 2, 1, size=(70, 64))
    assert capfd.readouterr().err == ''
    WRITERS[name](tmp_path, 2, 1, size=(70, 64), progress=True)
    assert capfd.readouterr().err.count('100%') == 2


@both
def test_a_smaller_drawing_lists_nothing_old(name, tmp_path):
    WRITERS[name](tmp_path, 3, 2, size=(70, 64))
    WRITERS[name](tmp_path, 1, 1, size=(90, 64))
    for split, stem in (('train', '0000001'), ('val', '1000001')):
        images = read_json(tmp_path, name, split)['images']
        assert [image['file_name'] for image in images] == [f'{stem}.jpg']
        for path in tmp_path.glob(f'*/{split}_id.txt'):
            assert path.read_text() == f'{stem}\n'


@both
def test_an_interrupted_drawing_leaves_no_old_annotations(
        name, tmp_path, monkeypatch):
    WRITERS[name](tmp_path, 1, 1, size=(70, 64))
    assert len(list(tmp_path.glob('annotations/*.json'))) == 2

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(dataset, 'map_in_order', interrupted)
    with pytest.raises(KeyboardInterrupt):
        WRITERS[name](tmp_path, 1, 1, size=(90, 64))
    assert not list(tmp_path.glob('annotations/*'))
    assert not list(tmp_path.glob('*/*_id.txt'))


@both
@pytest.mark.parametrize('change, message', [
    (dict(num_train=0), 'num_train must be at least 1, got 0'),
    (dict(num_val=0), 'num_val must be at least 1, got 0'),
    (dict(seed=-1), 'seed must be at least 0, got -1'),
    (dict(workers=0), 'workers must be at least 1, got 0'),
    (dict(size=(63, 100)), 'size .w, h. must be at least 64'),
    (dict(num_people=(2, 1)), 'num_people must be'),
])
def test_bad_numbers_are_named_and_leave_nothing(name, change, message,
                                                 tmp_path):
    arguments = {'num_train': 1, 'num_val': 1, **change}
    with pytest.raises(InputError, match=message):
        WRITERS[name](tmp_path / 'new', **arguments)
    assert not (tmp_path / 'new').exists()


@pytest.fixture
def draw(run_tool, tmp_path):
    """Run a tool in an empty folder."""
    return lambda tool, *arguments, code=0: run_tool(
        f'tools/dataset_converters/{tool}.py',
        *arguments,
        cwd=tmp_path,
        code=code)


@pytest.mark.parametrize('tool, more, pictures', [
    ('synthetic', (), 'Training/Images'),
    ('synthetic_instances', ('--things', 2, 3), 'train'),
])
def test_tools_draw_and_report(tool, more, pictures, draw, tmp_path):
    done = draw(tool, 'out', '--images', 5, '--size', 90, 70, '--people', 1, 1,
                '--workers', 1, *more)
    assert '5 training and 1 held-out scenes in out' in done.stdout
    assert len(list((tmp_path / 'out' / pictures).glob('*.jpg'))) == 5


@pytest.mark.parametrize('arguments, message', [
    (('out', '--images', 0), '--images must be at least 1, got 0'),
    (('file', '--images', 1, '--workers', 1), "Not a directory: 'file"),
    (('out', '--images', 1, '--size', 10, 20),
     'size (w, h) must be at least 64'),
])
def test_tools_name_what_is_wrong(arguments, message, draw, tmp_path):
    (tmp_path / 'file').write_text('in the way')
    assert message in draw('synthetic', *arguments, code=2).stderr
    assert not (tmp_path / 'out').exists()
