# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
from pycocotools import mask as mask_utils

from projects.drawn_people import (dataset, write_dataset,
                                   write_densepose_dataset,
                                   write_instance_dataset)
from projects.drawn_people.scene import CLASSES
from projects.qanet.utils.errors import InputError

SIZE = (150, 110)
WRITERS = {
    'CIHP': write_dataset,
    'instances': write_instance_dataset,
    'densepose': write_densepose_dataset
}
both = pytest.mark.parametrize('name', ['CIHP', 'instances'])


def contents(root):
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in sorted(root.rglob('*')) if p.is_file()
    }


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    found = {
        name: tmp_path_factory.mktemp(name)
        for name in ('CIHP', 'instances')
    }
    for name, root in found.items():
        WRITERS[name](root, 3, 2, seed=5, size=SIZE)
    return found


@both
@pytest.mark.parametrize('folder, split, stems', [
    ('Training', 'train', ['0000001', '0000002', '0000003']),
    ('Validation', 'val', ['1000001', '1000002'])])  # yapf: disable
def test_annotations_describe_pictures_and_maps(roots, name, folder, split,
                                                stems):
    root, parsing = roots[name], name == 'CIHP'
    path = root / f'annotations/{name}_{split}.json'
    images, annotations, categories = json.loads(path.read_text()).values()
    assert [(c['id'], c['name']) for c in categories
            ] == list(enumerate(['person'] if parsing else CLASSES, 1))
    root = root / (folder if parsing else split)
    names = [image['file_name'] for image in images]
    assert names == [f'{stem}.jpg' for stem in stems]
    for image, stem in zip(images, stems):
        assert image['id'] == int(stem)
        picture = root / ('Images' if parsing else '') / f'{stem}.jpg'
        shape = cv2.imread(str(picture)).shape[:2]
        assert shape == (image['height'], image['width'])
        items = [a for a in annotations if a['image_id'] == image['id']]
        if parsing:
            category, human, instance = (
                cv2.imread(str(root / f'{kind}_ids/{stem}.png'), -1)
                for kind in ('Category', 'Human', 'Instance'))
            masks = [human == item['parsing_id'] for item in items]
            assert len(masks) == human.max()
            code = np.maximum(human.astype(int) - 1, 0) * 20 + category
            assert np.array_equal(instance, code)
            assert (root / f'Instance_ids/{stem}.txt').exists()
            assert (root / f'{split}_id.txt').read_text().split() == stems
        else:
            masks = [mask_utils.decode(item['segmentation']) for item in items]
        assert np.sum(masks, axis=0).max() == 1
        for item, mask in zip(items, masks):
            assert item['area'] == mask.sum() > 0 == item['iscrowd']
            box = cv2.boundingRect(mask.astype(np.uint8))
            assert item['bbox'] == list(box)
    assert ({a['category_id'] for a in annotations} == {1}) == parsing


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


@pytest.mark.parametrize('name', WRITERS)
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
    ('synthetic_densepose', ('out', '--workers', 2), 0, ''),
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
