# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from projects.qanet.structures import write_results

TOOL = 'tools/analysis_tools/eval_parsing.py'
IMAGE = dict(id=1, file_name='a.jpg', width=7, height=5)


@pytest.fixture
def call(golden, run_tool, tmp_path):
    """Run the tool from another folder; later options replace the truth's."""

    def run(results, *options, code=0):
        return run_tool(
            TOOL,
            results,
            '--ann-file',
            golden.ann_file,
            '--data-root',
            golden.data_root,
            *options,
            cwd=tmp_path,
            code=code)

    return run


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


def test_metrics_file_and_table(golden, results, tmp_path, call):
    out = tmp_path / 'out' / 'metrics.json'
    done = call(results, '--out', out, '--quality-weights', 1, .5, 3)
    assert done.stderr == '' and 'Protocol: released' in done.stdout
    values = json.loads(out.read_text())
    expected = golden.expected['1-0.5-3']
    for key, value in (('mIoU', expected['mIoU']), ('APp_50',
                                                    expected['APp']['0.5']),
                       ('APr', expected['mAPr']), ('IoU.class0',
                                                   expected['IoU'][0]),
                       ('APr.class1',
                        sum(expected['APr_per_class']['1']) / 9)):
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
    summary = dict(zip(*rows[21:]))
    assert summary['mIoU'] == f'{100 * expected["mIoU"]:.2f}' == '48.57'
    assert summary['APp_50'] == f'{100 * expected["APp"]["0.5"]:.2f}'

    done = call(results, '--out', out, '--protocol', 'strict', '--metrics',
                'APp', '--nms-thr', '2', '--num-workers', '2')
    assert 'Protocol: strict' in done.stdout
    assert 'parsing/mIoU' not in json.loads(out.read_text())


@pytest.fixture
def check_error(call):
    """The tool ends with one sentence that names the file."""

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
    ((*SEGMENTATION, 'counts'), '237',
     'results[4]: the mask of part 2 says size [238, 298] and holds 12'),
    ((*SEGMENTATION, 'counts'), 'no code',
     'results[4]: part 2: counts is not a compressed run-length code'),
    (('parts', 1, 'label'), 20, 'results[4].parts[1].label is'),
    (('score', ), None, 'results[4]: a score is null'),
    (SEGMENTATION, ..., 'share pixels'),
])
def test_malformed_results(golden, results, keys, value, message, check_error):
    """A change of one record; ... is the mask of the part before."""
    document = json.loads(results.read_text())
    record = place = document['results'][4]
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = (
        record['parts'][0]['segmentation'] if value is ... else value)
    results.write_text(json.dumps(document))
    check_error(results, message.format(ann_file=golden.ann_file))


def test_missing_files(results, tmp_path, check_error):
    check_error(tmp_path / 'none.json', 'none.json')
    check_error(results, 'no.json', '--ann-file', tmp_path / 'no.json')


def test_a_folder_is_no_file_to_write(call, results, tmp_path):
    """Said before the evaluation, which prints its tables."""
    done = call(results, '--out', tmp_path, code=2)
    assert done.stdout == ''
    assert done.stderr == (
        f'error: {tmp_path} is a folder, not a file to write\n')


@pytest.fixture
def damaged(golden, tmp_path):
    """A copy of the golden data set: its root and annotations to change."""
    root = tmp_path / 'Validation'
    shutil.copytree(golden.data_root, root)
    return root, json.loads(Path(golden.ann_file).read_text())


def test_damaged_labels(results, damaged, check_error):
    root, _ = damaged
    path = root / 'Human_ids' / '0001020.png'
    shutil.copy(root / 'Human_ids' / '0001054.png', path)
    check_error(results, '0001020.png is 299x495 pixels', '--data-root', root)
    path.unlink()
    check_error(results, f'label map {path} does not exist', '--data-root',
                root)


def test_results_of_nobody(results, call):
    document = json.loads(results.read_text())
    document['results'] = []
    results.write_text(json.dumps(document))
    assert call(results).stderr == f'warning: {results} has no person\n'


def test_persons_of_another_category(results, damaged, tmp_path, call):
    _, document = damaged
    for annotation in document['annotations']:
        annotation['category_id'] = 0
    ann_file = tmp_path / 'val.json'
    ann_file.write_text(json.dumps(document))
    done = call(results, '--ann-file', ann_file, code=2)
    assert f'{ann_file} has no box of category [1]' in done.stderr
    done = call(results, '--ann-file', ann_file, '--person-cat-ids', '0')
    assert done.stdout == call(results).stdout


def test_black_and_white_masks(results, damaged, tmp_path, call, check_error):
    """They are refused, unless nobody but a crowd is ignored there."""
    root, document = damaged
    path = root / 'Category_ids/0001020.png'
    labels = np.array(Image.open(path))
    Image.fromarray(np.uint8(255) * (labels > 0)).save(path)
    check_error(results, '0001020.png holds no labels but 0 and 255',
                '--data-root', root)
    for annotation in document['annotations']:
        if annotation['image_id'] == 1020:
            annotation['iscrowd'] = 1
    ann_file = tmp_path / 'crowd.json'
    ann_file.write_text(json.dumps(document))
    call(results, '--ann-file', ann_file, '--data-root', root)


def test_persons_without_pixels_are_counted(results, damaged, call):
    root, _ = damaged
    for name in ('0001020', '0001054'):
        path = root / f'Human_ids/{name}.png'
        humans = np.array(Image.open(path))
        Image.fromarray(humans * (humans != 1)).save(path)
    done = call(results, '--data-root', root, '--num-workers', '1')
    assert done.stderr == (
        '2 annotated persons of 2 images have no pixel in Human_ids, those '
        'of 0001020.jpg first\n')


def test_annotations_of_other_classes(golden, results, damaged, tmp_path,
                                      call):
    _, document = damaged
    ann_file = tmp_path / 'noted.json'

    def evaluate(code, **info):
        ann_file.write_text(json.dumps(dict(document, info=info)))
        options = ('--ann-file', ann_file, '--metrics', 'mIoU')
        return call(results, *options, code=code).stderr

    evaluate(0, classes=golden.classes)
    error = evaluate(2, classes=golden.classes[::-1])
    assert 'noted.json was made for 20 classes (class19, ' in error
    assert 'but the results have 20: class0, class1' in error
    assert 'was made for 7 classes' in evaluate(2, num_classes=7)
    # Results without names have numbers, which do not differ from names.
    unnamed = json.loads(results.read_text())
    del unnamed['info']['classes']
    results.write_text(json.dumps(unnamed))
    evaluate(0, classes=golden.classes)
    assert 'was made for 7 classes' in evaluate(2, classes=golden.classes[:7])


def test_annotations_of_nobody(results, damaged, tmp_path, call, check_error):
    _, document = damaged
    check_error(results, f'{results} is a results file, not the annotations',
                '--ann-file', results)
    document['annotations'] = []
    ann_file = tmp_path / 'nobody.json'
    ann_file.write_text(json.dumps(document))
    assert call(results, '--ann-file', ann_file).stderr == (
        f'{ann_file} annotates nobody: there is no person to find\n')
