# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from projects.qanet.structures import write_results

TOOL = 'tools/analysis_tools/eval_parsing.py'


def change(path, target=None, **values):
    """Write a json file again, with other values."""
    document = json.loads(Path(path).read_text())
    target = target or path
    target.write_text(json.dumps({**document, **values}))
    return target


@pytest.fixture
def call(golden, run_tool, tmp_path):
    """Run the tool from another folder; later options replace the truth's."""

    def run(results, *options, code=0):
        truth = '--ann-file', golden.ann_file, '--data-root', golden.data_root
        return run_tool(
            TOOL, results, *truth, *options, cwd=tmp_path, code=code)

    return run


@pytest.fixture
def results(golden, tmp_path):
    path = tmp_path / 'results.json'
    write_results(str(path), golden.records, golden.classes, (1, 0, 0), .2, [])
    return path


def test_metrics_file_and_table(golden, results, tmp_path, call):
    out = tmp_path / 'out' / 'metrics.json'
    done = call(results, '--out', out, '--quality-weights', 1, .5, 3)
    assert done.stderr == '' and 'Protocol: released' in done.stdout
    values = json.loads(out.read_text())
    expected = golden.expected['1-0.5-3']
    for key, value in (('mIoU', expected['mIoU']), ('APr', expected['mAPr'])):
        assert values[f'parsing/{key}'] == pytest.approx(100 * value, abs=1e-7)
    # The same figures stand in the tables, each in its column.
    rows = [[cell.strip() for cell in line.split('|')[1:-1]]
            for line in done.stdout.splitlines() if line.startswith('|')]
    by_class = [row for row in rows if len(row) == len(rows[0])]
    assert rows[0] == ['class', 'IoU', 'Acc', 'APr'] and len(by_class) == 21
    for name, *cells in by_class[1:]:
        for key, cell in zip(rows[0][1:], cells):
            value = values.get(f'parsing/{key}.{name}')
            assert cell == ('-' if value is None else f'{value:.2f}')
    for key, cell in zip(*rows[21:]):
        assert cell == f'{values[f"parsing/{key}"]:.2f}'

    done = call(results, '--out', out, '--protocol', 'strict', '--metrics',
                'APp', '--nms-thr', '2', '--num-workers', '2')
    assert 'Protocol: strict' in done.stdout
    assert 'parsing/mIoU' not in json.loads(out.read_text())


@pytest.fixture
def check_error(call):

    def check(results, message, *options):
        error = call(results, *options, code=2).stderr
        assert message in error
        assert error.startswith('error: ') and error.count('\n') == 1
        assert options or str(results) in error

    return check


SEGMENTATION = ('parts', 1, 'segmentation')


@pytest.mark.parametrize('keys, value, message', [
    (('image_id', ), 5, 'results[4]: the image id 5 is not in {ann_file}'),
    ((*SEGMENTATION, 'size'), [9, 9],
     'results[4]: the mask of part 2 says size [9, 9]'),
    (('parts', 1, 'label'), 20, 'results[4].parts[1].label is'),
    ((*SEGMENTATION, 'counts'), 'no code',
     'results[4]: part 2: counts is not a compressed run-length code'),
    (('score', ), None, 'results[4]: a score is null'),
    (SEGMENTATION, ..., 'share pixels'),
])
def test_malformed_results(golden, results, keys, value, message, check_error):
    document = json.loads(results.read_text())
    record = place = document['results'][4]
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = (
        record['parts'][0]['segmentation'] if value is ... else value)
    results.write_text(json.dumps(document))
    check_error(results, message.format(ann_file=golden.ann_file))


def test_wrong_files(golden, call, results, damaged, tmp_path, check_error):
    check_error(tmp_path / 'none.json', 'none.json')
    check_error(results, 'no.json', '--ann-file', tmp_path / 'no.json')
    check_error(results, f'{results} is a results file, not the annotations',
                '--ann-file', results)
    check_error(results, f'{golden.ann_file} has no box of category [7]',
                '--person-cat-ids', '7')
    path = damaged / 'Human_ids/0001020.png'
    path.unlink()
    check_error(results, f'label map {path} does not exist', '--data-root',
                damaged)
    # Said before the evaluation, which prints its tables.
    done = call(results, '--out', tmp_path, code=2)
    assert done.stdout == ''
    assert f'error: {tmp_path} is a folder, not a file' in done.stderr


@pytest.fixture
def damaged(golden, tmp_path):
    """A copy of the golden label maps."""
    return shutil.copytree(golden.data_root, tmp_path / 'Validation')


def test_persons_without_pixels_are_counted(results, damaged, call):
    for name in ('0001020', '0001054'):
        path = damaged / f'Human_ids/{name}.png'
        humans = np.array(Image.open(path))
        Image.fromarray(humans * (humans != 1)).save(path)
    done = call(results, '--data-root', damaged, '--num-workers', '1')
    assert done.stderr == (
        '2 annotated persons of 2 images have no pixel in Human_ids, those '
        'of 0001020.jpg first\n')


def test_nobody(golden, results, tmp_path, call):
    ann_file = change(golden.ann_file, tmp_path / 'a.json', annotations=[])
    assert call(results, '--ann-file', ann_file).stderr == (
        f'{ann_file} annotates nobody: there is no person to find\n')
    change(results, results=[])
    assert call(results).stderr == f'warning: {results} has no person\n'


def test_annotations_of_other_classes(golden, results, tmp_path, call):

    def evaluate(code, **info):
        noted = change(golden.ann_file, tmp_path / 'noted.json', info=info)
        return call(results, '--ann-file', noted, code=code).stderr

    evaluate(0, classes=golden.classes)
    assert 'noted.json was made for 20 classes (class19, ' in evaluate(
        2, classes=golden.classes[::-1])
    # Results without names have numbers, which do not differ from names.
    info = json.loads(results.read_text())['info']
    del info['classes']
    change(results, info=info)
    evaluate(0, classes=golden.classes)
    assert 'was made for 7 classes' in evaluate(2, classes=golden.classes[:7])
