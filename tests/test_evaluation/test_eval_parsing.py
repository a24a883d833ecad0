# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from projects.qanet.structures import write_results

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools' / 'analysis_tools' / 'eval_parsing.py'
WRAPPER = """
import runpy, sys
sys.argv = sys.argv[1:]
for name in ('torch', 'mmengine', 'mmcv', 'mmseg'):
    sys.modules[name] = None  # importing it fails
runpy.run_path(sys.argv[0], run_name='__main__')
"""

IMAGE = dict(id=1, file_name='a.jpg', width=7, height=5)


def call(*args):
    """Run the tool from another folder, without torch or OpenMMLab."""
    return subprocess.run(
        [sys.executable, '-c', WRAPPER,
         str(TOOL), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True)


@pytest.fixture
def results(golden, tmp_path):
    """Results file of the golden predictions with stored (1, 0, 0) scores."""
    path = tmp_path / 'results.json'
    write_results(
        str(path),
        golden.records,
        golden.classes, (1, 0, 0),
        .2,
        images=[IMAGE])
    return path


def test_metrics_file_and_table(golden, results, tmp_path):
    out = tmp_path / 'out' / 'metrics.json'
    args = [
        results, '--ann-file', golden.ann_file, '--data-root',
        golden.data_root, '--out', out
    ]
    done = call(*args, '--quality-weights', 1, .5, 3)
    assert (done.returncode, done.stderr) == (0, '')
    assert 'Protocol: released' in done.stdout
    assert '48.57' in done.stdout and 'class13' in done.stdout
    values = json.loads(out.read_text())
    expected = golden.expected['1-0.5-3']
    for key, value in (('mIoU', expected['mIoU']), ('APp_50',
                                                    expected['APp']['0.5']),
                       ('APr', expected['mAPr']), ('IoU.class0',
                                                   expected['IoU'][0]),
                       ('APr.class1',
                        sum(expected['APr_per_class']['1']) / 9)):
        assert values[f'parsing/{key}'] == pytest.approx(100 * value, abs=1e-7)

    done = call(*args, '--protocol', 'strict', '--metrics', 'APp', '--nms-thr',
                '2', '--num-workers', '2')
    assert done.returncode == 0 and 'Protocol: strict' in done.stdout
    assert 'parsing/mIoU' not in json.loads(out.read_text())


def change(document, keys, value):
    for key in keys[:-1]:
        document = document[key]
    document[keys[-1]] = value


SEGMENTATION = ('results', 4, 'parts', 1, 'segmentation')


@pytest.mark.parametrize('keys, value, message', [
    (('info', 'format'), 'coco', "info.format is 'coco'"),
    (('info', 'version'), 2, 'info.version is 2'),
    (('results', 4, 'image_id'), 5,
     'results[4]: the image id 5 is not in {ann_file}'),
    (SEGMENTATION +
     ('size', ), [9, 9], 'results[4]: the mask of part 2 says size [9, 9]'),
    (SEGMENTATION + ('counts', ), '237',
     'results[4]: the mask of part 2 says size [238, 298] and holds 12'),
    (SEGMENTATION + ('counts', ), 'no code',
     'results[4]: part 2: counts is not a compressed run-length code'),
    (('results', 4, 'parts', 1, 'label'), 20, 'results[4].parts[1].label is'),
    (('results', 4, 'score'), float('nan'), 'results[4].score is nan'),
    (('results', 4, 'parts', 1, 'score'), -1,
     'results[4].parts[1].score is -1'),
    (('results', 4, 'score'), None, 'results[4]: a score is null'),
    (SEGMENTATION, ('results', 4, 'parts', 0, 'segmentation'), 'share pixels'),
])
def test_malformed_results(golden, results, keys, value, message):
    document = json.loads(results.read_text())
    if isinstance(value, tuple):  # a copy of another place
        source = document
        for key in value:
            source = source[key]
        value = copy.deepcopy(source)
    change(document, keys, value)
    results.write_text(json.dumps(document))
    check_error(golden, results, message.format(ann_file=golden.ann_file))


def check_error(golden, results, message, data_root=None, **options):
    """The tool ends with one sentence that names the file."""
    done = call(results, '--ann-file', options.get('ann_file',
                                                   golden.ann_file),
                '--data-root', data_root or golden.data_root)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith('error: ')
    assert done.stderr.count('\n') == 1 and 'Traceback' not in done.stderr
    if data_root is None and not options:
        assert str(results) in done.stderr


def test_truncated_results(golden, results):
    results.write_text(results.read_text()[:-300])
    check_error(golden, results, 'is not a complete JSON document')


def test_missing_files(golden, results, tmp_path):
    check_error(golden, tmp_path / 'none.json', 'none.json')
    check_error(golden, results, 'no.json', ann_file=tmp_path / 'no.json')


def test_a_folder_is_no_file_to_write(golden, results, tmp_path):
    """Said before the evaluation, which prints its tables."""
    done = call(results, '--ann-file', golden.ann_file, '--data-root',
                golden.data_root, '--out', tmp_path)
    assert done.returncode == 2 and done.stdout == ''
    assert done.stderr == (
        f'error: {tmp_path} is a folder, not a file to write\n')


def test_damaged_labels(golden, results, tmp_path):
    root = tmp_path / 'Validation'
    shutil.copytree(golden.data_root, root)
    path = root / 'Human_ids' / '0001020.png'
    shutil.copy(root / 'Human_ids' / '0001054.png', path)
    check_error(golden, results, '0001020.png is 299x495 pixels', root)
    path.unlink()
    check_error(golden, results, f'label map {path} does not exist', root)


def test_results_of_nobody(golden, results):
    document = json.loads(results.read_text())
    document['results'] = []
    results.write_text(json.dumps(document))
    done = call(results, '--ann-file', golden.ann_file, '--data-root',
                golden.data_root)
    assert done.returncode == 0
    assert done.stderr == f'warning: {results} has no person\n'


def test_persons_of_another_category(golden, results, tmp_path):
    with open(golden.ann_file) as file:
        document = json.load(file)
    for annotation in document['annotations']:
        annotation['category_id'] = 0
    ann_file = tmp_path / 'val.json'
    ann_file.write_text(json.dumps(document))
    options = ('--ann-file', ann_file, '--data-root', golden.data_root)
    done = call(results, *options)
    assert done.returncode == 2
    assert f'{ann_file} has no box of category [1]' in done.stderr
    expected = call(results, '--ann-file', golden.ann_file, '--data-root',
                    golden.data_root)
    done = call(results, *options, '--person-cat-ids', '0')
    assert done.stdout == expected.stdout and done.returncode == 0


@pytest.fixture
def damaged(golden, tmp_path):
    """A copy of the golden data set: its root and annotations to change."""
    root = tmp_path / 'Validation'
    shutil.copytree(golden.data_root, root)
    return root, json.loads(Path(golden.ann_file).read_text())


def test_black_and_white_masks(golden, results, damaged, tmp_path):
    """They are refused, unless nobody but a crowd is ignored there."""
    root, document = damaged
    path = root / 'Category_ids/0001020.png'
    labels = np.array(Image.open(path))
    Image.fromarray(np.uint8(255) * (labels > 0)).save(path)
    check_error(golden, results, '0001020.png holds no labels but 0 and 255',
                root)
    for annotation in document['annotations']:
        if annotation['image_id'] == 1020:
            annotation['iscrowd'] = 1
    ann_file = tmp_path / 'crowd.json'
    ann_file.write_text(json.dumps(document))
    done = call(results, '--ann-file', ann_file, '--data-root', root)
    assert done.returncode == 0, done.stderr


def test_persons_without_pixels_are_counted(golden, results, damaged):
    root, _ = damaged
    for name in ('0001020', '0001054'):
        path = root / f'Human_ids/{name}.png'
        humans = np.array(Image.open(path))
        Image.fromarray(humans * (humans != 1)).save(path)
    done = call(results, '--ann-file', golden.ann_file, '--data-root', root,
                '--num-workers', '1')
    assert done.returncode == 0
    assert done.stderr == (
        '2 annotated persons of 2 images have no pixel in Human_ids, those '
        'of 0001020.jpg first\n')


def test_annotations_of_other_classes(golden, results, damaged, tmp_path):
    _, document = damaged
    ann_file = tmp_path / 'noted.json'

    def evaluate(path, **info):
        ann_file.write_text(json.dumps(dict(document, info=info)))
        return call(path, '--ann-file', ann_file, '--data-root',
                    golden.data_root, '--metrics', 'mIoU')

    assert evaluate(results, classes=golden.classes).returncode == 0
    done = evaluate(results, classes=golden.classes[::-1])
    assert done.returncode == 2
    assert 'noted.json was made for 20 classes (class19, ' in done.stderr
    assert 'but the results have 20: class0, class1' in done.stderr
    done = evaluate(results, num_classes=7)
    assert 'was made for 7 classes' in done.stderr
    # Results without names have numbers, which do not differ from names.
    unnamed = json.loads(results.read_text())
    del unnamed['info']['classes']
    results.write_text(json.dumps(unnamed))
    assert evaluate(results, classes=golden.classes).returncode == 0
    done = evaluate(results, classes=golden.classes[:7])
    assert 'was made for 7 classes' in done.stderr


def test_annotations_of_nobody(golden, results, damaged, tmp_path):
    _, document = damaged
    check_error(
        golden,
        results,
        f'{results} is a results file, not the annotations',
        ann_file=results)
    document['annotations'] = []
    ann_file = tmp_path / 'nobody.json'
    ann_file.write_text(json.dumps(document))
    done = call(results, '--ann-file', ann_file, '--data-root',
                golden.data_root)
    assert done.returncode == 0
    assert done.stderr == (f'{ann_file} annotates nobody: there is no person '
                           'to find\n')
