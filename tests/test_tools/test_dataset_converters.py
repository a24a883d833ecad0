# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The converters, as programs, on small made-up downloads."""
import json
import os
import os.path as osp
import subprocess
import sys

import cv2
import numpy as np
import pytest

from projects.qanet.datasets import CIHPParsingDataset, LIPParsingDataset
from projects.qanet.datasets.conversion import (convert_cihp,
                                                convert_single_person)
from projects.qanet.ground_truth import read_label_map
from projects.qanet.utils.errors import InputError

ROOT = osp.abspath(osp.join(osp.dirname(__file__), '../..'))
SHARED = osp.join(ROOT, '../shared/data')
SIZE = (40, 30)  # width, height


def run_tool(name, *arguments, cwd=ROOT):
    environment = {
        key: value
        for key, value in os.environ.items() if key != 'PYTHONPATH'
    }
    return subprocess.run([
        sys.executable,
        osp.join(ROOT, 'tools/dataset_converters', name), *arguments
    ],
                          cwd=cwd,
                          env=environment,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE,
                          universal_newlines=True)


def write_png(path, labels):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), labels)


def write_image(path):
    rng = np.random.default_rng(0)
    write_png(path, rng.integers(0, 255, (*SIZE[::-1], 3)).astype(np.uint8))


def make_maps():
    categories = np.zeros(SIZE[::-1], np.uint8)
    humans = np.zeros(SIZE[::-1], np.uint8)
    categories[5:25, 2:12], humans[5:25, 2:12] = 5, 1
    categories[5:10, 4:8] = 13
    categories[10:30, 20:35], humans[10:30, 20:35] = 9, 3
    instances = np.where(humans > 0, (humans - 1) * 20 + categories, 0)
    return categories, humans, instances.astype(np.uint8)


TABLE = '5 5 1\n13 13 1\n49 9 3\n'


@pytest.fixture
def raw(tmp_path):
    """A download, nested twice, of 4 training and 2 test images.

    Persons are 1 and 3: number 2 is hidden and has no pixels.
    """
    root = tmp_path / 'raw' / 'parsing' / 'parsing'
    categories, humans, instances = make_maps()
    for stem in ('0000003', '0000005', '0000010', '0000021'):
        write_image(root / 'Training' / 'Images' / f'{stem}.jpg')
        for folder, labels in (('Category_ids', categories),
                               ('Human_ids', humans), ('Instance_ids',
                                                       instances)):
            write_png(root / 'Training' / folder / f'{stem}.png', labels)
        (root / 'Training' / 'Instance_ids' / f'{stem}.txt').write_text(TABLE)
    (root / 'Training' /
     'train_id.txt').write_text('0000010\n0000003\n0000005\n0000021')
    for stem in ('0000002', '0000004'):
        write_image(root / 'Testing' / 'Images' / f'{stem}.jpg')
    return root


def test_cihp_program(raw, tmp_path):
    out = tmp_path / 'CIHP'
    result = run_tool('cihp.py', str(tmp_path / 'raw'), str(out))
    assert result.returncode == 0, result.stderr
    assert '4 images, 8 persons, 0 images skipped' in result.stdout
    assert 'Validation is not in' in result.stdout
    document = json.loads((out / 'annotations/CIHP_train.json').read_text())
    assert [image['id'] for image in document['images']] == [10, 3, 5, 21]
    assert document['images'][0] == dict(
        id=10, file_name='0000010.jpg', width=40, height=30)
    assert document['annotations'][:2] == [
        dict(
            id=1,
            image_id=10,
            category_id=1,
            iscrowd=0,
            parsing_id=1,
            bbox=[2, 5, 10, 20],
            area=200),
        dict(
            id=2,
            image_id=10,
            category_id=1,
            iscrowd=0,
            parsing_id=3,
            bbox=[20, 10, 15, 20],
            area=300)
    ]
    for folder, ending in (('Images', 'jpg'), ('Category_ids',
                                               'png'), ('Human_ids', 'png'),
                           ('Instance_ids', 'png'), ('Instance_ids', 'txt')):
        assert (out / 'Training' / folder / f'0000021.{ending}').is_symlink()
    test = json.loads((out / 'annotations/CIHP_test.json').read_text())
    assert len(test['images']) == 2 and test['annotations'] == []
    dataset = CIHPParsingDataset(
        'annotations/CIHP_train.json', data_root=str(out))
    assert len(dataset) == 8


def test_missing_instances_are_rebuilt_and_runs_repeat(raw, tmp_path):
    out = tmp_path / 'CIHP'
    source = raw / 'Training' / 'Instance_ids'
    (source / '0000003.txt').unlink()
    (source / '0000005.txt').unlink()
    (source / '0000005.png').unlink()
    target = out / 'Training' / 'Instance_ids'
    for _ in range(2):
        convert_cihp(str(raw), str(out))
        for stem in ('0000003', '0000005', '0000010'):
            assert (target / f'{stem}.txt').read_text() == TABLE
            np.testing.assert_array_equal(
                read_label_map(str(target / f'{stem}.png')),
                make_maps()[2])
    assert not (source / '0000003.txt').exists()
    # What was linked by an earlier run and is rebuilt now must not be
    # written into the download.
    (source / '0000010.txt').unlink()
    convert_cihp(str(raw), str(out))
    assert (target / '0000010.txt').read_text() == TABLE
    assert not (source / '0000010.txt').exists()


def test_without_list_all_images_count(raw, tmp_path):
    (raw / 'Training' / 'train_id.txt').unlink()
    report = convert_cihp(str(raw), str(tmp_path / 'out'))[0]
    assert report.num_images == 4


def damage_jpg(split):
    path = split / 'Images' / '0000005.jpg'
    path.write_bytes(path.read_bytes()[:300])


def damage_size(split):
    write_png(split / 'Human_ids' / '0000005.png', make_maps()[1][:-1])


def damage_category(split):
    categories = make_maps()[0]
    categories[0, 0] = 20
    write_png(split / 'Category_ids' / '0000005.png', categories)


@pytest.mark.parametrize('damage,reason', [
    (damage_jpg, 'unreadable image'),
    (damage_size, r'0000005.png is 40x29 pixels'),
    (damage_category, r'0000005.png holds the label values [20]'),
    (lambda split: (split / 'Category_ids' / '0000005.png').unlink(),
     'Category_ids/0000005.png does not exist'),
    (lambda split:
     (split / 'Images' / '0000005.jpg').unlink(), '0000005.jpg is missing'),
])
def test_cihp_skips_with_reason(damage, reason, raw, tmp_path):
    damage(raw / 'Training')
    report = convert_cihp(str(raw), str(tmp_path / 'out'))[0]
    assert (report.num_images, report.num_persons) == (3, 6)
    (stem, why), = report.skipped
    assert stem == '0000005' and reason in why
    document = json.loads(
        (tmp_path / 'out/annotations/CIHP_train.json').read_text())
    assert [image['id'] for image in document['images']] == [10, 3, 21]


def test_cihp_classes_and_endings(raw, tmp_path):
    for folder in ('Category_ids', 'Human_ids', 'Instance_ids'):
        path = raw / 'Training' / folder / '0000005.png'
        path.rename(path.with_suffix('.PNG'))
    report = convert_cihp(str(raw), str(tmp_path / 'out'))[0]
    assert (report.num_images, report.skipped) == (4, [])
    target = tmp_path / 'out/Training/Instance_ids/0000005.png'
    np.testing.assert_array_equal(read_label_map(str(target)), make_maps()[2])
    for num_classes in (1, 256):
        with pytest.raises(InputError, match='allowed are 2 to 255'):
            convert_cihp(
                str(raw), str(tmp_path / 'out'), num_classes=num_classes)


def nobody(split):
    for path in (split / 'Human_ids').iterdir():
        write_png(path, 0 * make_maps()[1])


def empty_images(split):
    for path in (split / 'Images').iterdir():
        path.unlink()


def no_human_ids(split):
    (split / 'Human_ids').rename(split / 'elsewhere')


def half_missing(split):
    for stem in ('0000003', '0000005', '0000021'):
        (split / 'Images' / f'{stem}.jpg').unlink()


@pytest.mark.parametrize('damage,pattern', [
    (empty_images, 'Training/Images holds no images: incomplete download'),
    (no_human_ids, 'Training/Human_ids does not exist: incomplete download'),
    (nobody, 'CIHP_train: none of 4 images shows a person with parts'),
    (half_missing, 'CIHP_train: 3 of 4 images cannot be converted'),
])
def test_cihp_incomplete_download(damage, pattern, raw, tmp_path):
    damage(raw / 'Training')
    with pytest.raises(InputError, match=pattern):
        convert_cihp(str(raw), str(tmp_path / 'out'))


def test_cihp_program_on_empty_folder(tmp_path):
    (tmp_path / 'raw').mkdir()
    result = run_tool('cihp.py', 'raw', 'out', cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.strip() == (
        'error: raw has none of the folders Training, Validation, Testing, '
        'not in its sub-folders either: incomplete download?')


# --------------------------------------------------------- single person


@pytest.fixture
def single(tmp_path):
    categories = make_maps()[0]
    for stem in ('10_2', '10_3', '11_1'):
        write_image(tmp_path / 'images' / f'{stem}.jpg')
        write_png(tmp_path / 'parsing' / f'{stem}.png', categories)
    (tmp_path / 'train.txt').write_text('10_3\n11_1\n')
    (tmp_path / 'val.txt').write_text('10_2.jpg')
    return tmp_path


def test_single_person_program(single):
    result = run_tool(
        'single_person.py',
        'images',
        'parsing',
        'out',
        '--train-ids',
        'train.txt',
        '--val-ids',
        'val.txt',
        cwd=single)
    assert result.returncode == 0, result.stderr
    out = single / 'out'
    document = json.loads((out / 'annotations/LIP_train.json').read_text())
    assert [i['file_name']
            for i in document['images']] == ['10_3.jpg', '11_1.jpg']
    assert document['annotations'][1] == dict(
        id=2,
        image_id=2,
        category_id=1,
        iscrowd=0,
        parsing_id=1,
        bbox=[0, 0, 40, 30],
        area=500)
    split = out / 'Validation'
    categories = make_maps()[0]
    np.testing.assert_array_equal(
        read_label_map(str(split / 'Category_ids/10_2.png')), categories)
    np.testing.assert_array_equal(
        read_label_map(str(split / 'Human_ids/10_2.png')), categories > 0)
    np.testing.assert_array_equal(
        read_label_map(str(split / 'Instance_ids/10_2.png')), categories)
    assert (split /
            'Instance_ids/10_2.txt').read_text() == ('5 5 1\n9 9 1\n13 13 1\n')
    dataset = LIPParsingDataset(
        'annotations/LIP_val.json',
        data_root=str(out),
        data_prefix=dict(img='Validation/Images'),
        test_mode=True)
    np.testing.assert_array_equal(
        dataset.get_data_info(0)['bboxes'], [[0, 0, 40, 30]])


def test_single_person_without_lists(single):
    report, = convert_single_person(
        str(single / 'images'),
        str(single / 'parsing'),
        str(single / 'out'),
        name='Own',
        num_classes=14)
    assert report.num_images == 3
    assert report.ann_file.endswith('annotations/Own_train.json')


def test_single_person_errors(single):
    folders = str(single / 'images'), str(single / 'parsing')
    with pytest.raises(InputError, match='nowhere.txt does not exist'):
        convert_single_person(
            *folders, str(single / 'out'), train_ids='nowhere.txt')
    with pytest.raises(InputError, match=r'label values \[13\]'):
        convert_single_person(*folders, str(single / 'out'), num_classes=13)
    with pytest.raises(InputError, match='folder nowhere does not exist'):
        convert_single_person(folders[0], 'nowhere', str(single / 'out'))


# ---------------------------------------------------------- real photos


@pytest.mark.skipif(
    not osp.isdir(osp.join(SHARED, 'cihp_raw')),
    reason='the real CIHP photos are not part of the repository')
def test_real_cihp(tmp_path):
    report, = convert_cihp(osp.join(SHARED, 'cihp_raw'), str(tmp_path))
    assert (report.num_images, report.num_persons) == (12, 37)
    assert not report.skipped
    dataset = CIHPParsingDataset(
        'annotations/CIHP_train.json', data_root=str(tmp_path))
    assert len(dataset) == 37
    # The rebuilt instances are those of the download.
    rebuilt = tmp_path / 'rebuilt'
    stripped = tmp_path / 'stripped' / 'Training'
    for folder in ('Images', 'Category_ids', 'Human_ids'):
        (stripped / folder).parent.mkdir(exist_ok=True, parents=True)
        (stripped / folder).symlink_to(tmp_path / 'Training' / folder)
    convert_cihp(str(stripped.parent), str(rebuilt))
    for path in (tmp_path / 'Training' / 'Instance_ids').glob('*.png'):
        again = rebuilt / 'Training' / 'Instance_ids' / path.name
        np.testing.assert_array_equal(
            read_label_map(str(path)), read_label_map(str(again)))
        assert (path.with_suffix('.txt').read_text().split() ==
                again.with_suffix('.txt').read_text().split())
