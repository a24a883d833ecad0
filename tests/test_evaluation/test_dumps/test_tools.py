# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""eval_parsing.py and convert_results.py on dumps, without torch."""
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from projects.qanet.structures import write_results

TOOLS = Path(__file__).parents[3] / 'tools' / 'analysis_tools'
WRAPPER = """
import runpy, sys
sys.argv = sys.argv[1:]
for name in ('torch', 'mmengine', 'mmcv', 'mmseg', 'matplotlib'):
    sys.modules[name] = None  # importing it fails
runpy.run_path(sys.argv[0], run_name='__main__')
"""


def call(tool, *args):
    """Run a tool, return its exit code, output and errors."""
    done = subprocess.run(
        [sys.executable, '-c', WRAPPER,
         str(TOOLS / tool), *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def results(golden, tmp_path):
    path = tmp_path / 'results.json'
    images = [
        dict(
            id=image_id,
            file_name=f'{image_id:07d}.jpg',
            width=persons.image_size[0],
            height=persons.image_size[1])
        for image_id, persons in golden.persons.items()
    ]
    write_results(
        str(path), golden.records, golden.classes, (1, 0, 0), .2, images)
    return path


def truth_args(golden):
    return ['--ann-file', golden.ann_file, '--data-root', golden.data_root]


def test_there_and_back(golden, results, tmp_path):
    dump, back = tmp_path / 'dump', tmp_path / 'back.json'
    code, out, err = call('convert_results.py', 'to-dump', results, dump,
                          '--quality-weights', 1, .5, 3, '--zip')
    assert (code, err) == (0, '')
    assert 'Wrote 10 images' in out
    with zipfile.ZipFile(tmp_path / 'mp_results.zip') as archive:
        names = archive.namelist()
    assert len(names) == 30 and 'instance_parsing/0001003.txt' in names

    metrics = tmp_path / 'metrics.json'
    code, out, err = call('eval_parsing.py', dump, *truth_args(golden),
                          '--num-classes', 20, '--out', metrics)
    assert (code, err) == (0, '')
    assert 'AP^p and PCP are undefined' in out
    values = json.loads(metrics.read_text())
    expected = golden.expected['1-0.5-3']
    for key in ('mIoU', 'APr', 'APh'):
        assert values[f'parsing/{key}'] == pytest.approx(
            100 * expected[key.replace('AP', 'mAP')], abs=1e-7)
    assert values['parsing/APp'] is values['parsing/PCP_50'] is None

    code, out, err = call('convert_results.py', 'to-json', dump, back,
                          '--ann-file', golden.ann_file, '--num-classes', 20)
    assert (code, err) == (0, '')
    assert 'Wrote 34 persons of 10 images' in out and 'Lost:' in out
    assert json.loads(back.read_text())['info']['quality_weights'] is None
    code, out, err = call('eval_parsing.py', back, *truth_args(golden),
                          '--metrics', 'APr', '--out', metrics)
    assert json.loads(metrics.read_text())['parsing/APr'] == pytest.approx(
        values['parsing/APr'], abs=1e-9)


def test_all_images(golden, results, tmp_path):
    code, out, err = call('convert_results.py', 'to-dump', results,
                          tmp_path / 'dump', '--all-images', '--ann-file',
                          golden.ann_file)
    assert (code, err) == (0, '') and 'Wrote 12 images' in out


def check_error(message, *args):
    """A tool ends with one sentence."""
    code, _, err = call(*args)
    assert code == 2
    assert message in err and err.startswith('error: ')
    assert err.count('\n') == 1 and 'Traceback' not in err


def test_errors(golden, results, tmp_path):
    dump = tmp_path / 'dump'
    evaluate = ['eval_parsing.py', dump, *truth_args(golden)]
    call('convert_results.py', 'to-dump', results, dump)
    check_error('--num-classes is 5, but', 'eval_parsing.py', results,
                *truth_args(golden), '--num-classes', 5)
    check_error('holds a dump already', 'convert_results.py', 'to-dump',
                results, dump)
    check_error('--num-classes must say', *evaluate)
    evaluate += ['--num-classes', 20]
    check_error('APp cannot be computed from', *evaluate, '--metrics', 'APp')
    check_error('--quality-weights needs a results file', *evaluate,
                '--quality-weights', 1, 1, 1)
    check_error('--nms-thr needs a results file', *evaluate, '--nms-thr', 2)
    check_error('is no dump', 'eval_parsing.py', tmp_path, *truth_args(golden),
                '--num-classes', 20)
    check_error('allowed are 0..4', *evaluate[:-1], 5)
    document = json.loads(results.read_text())
    document['images'].pop()
    results.write_text(json.dumps(document))
    check_error('is not in the list of images', 'convert_results.py',
                'to-dump', results, tmp_path / 'other')
    del document['images']
    results.write_text(json.dumps(document))
    check_error('--ann-file is needed', 'convert_results.py', 'to-dump',
                results, tmp_path / 'other')


def test_images_that_would_share_a_file(results, tmp_path):
    document = json.loads(results.read_text())
    first, second = sorted({r['image_id'] for r in document['results']})[:2]
    for image in document['images']:
        if image['id'] in (first, second):
            image['file_name'] = 'a.' + ('jpg', 'png')[image['id'] == second]
    results.write_text(json.dumps(document))
    check_error('results.json: the images a.jpg and a.png would share',
                'convert_results.py', 'to-dump', results, tmp_path / 'dump')
    assert not (tmp_path / 'dump').exists()


def test_only_names_and_sizes_of_annotations_count(golden, results, tmp_path):
    """Persons may lack what evaluation needs, or be of any category."""
    document = json.loads(Path(golden.ann_file).read_text())
    for annotation in document['annotations']:
        del annotation['parsing_id']
        annotation['category_id'] = 7
    ann_file = tmp_path / 'boxes.json'
    ann_file.write_text(json.dumps(document))
    options = ('--ann-file', ann_file)
    code, out, err = call('convert_results.py', 'to-dump', results,
                          tmp_path / 'dump', *options)
    assert (code, err) == (0, '') and 'Wrote 10 images' in out
    code, out, err = call('convert_results.py', 'to-json', tmp_path / 'dump',
                          tmp_path / 'back.json', *options, '--num-classes',
                          20)
    assert (code, err) == (0, '') and 'of 10 images to' in out


def test_empty_dump(golden, tmp_path):
    for name in ('global_parsing', 'instance_segmentation',
                 'instance_parsing'):
        (tmp_path / 'dump' / name).mkdir(parents=True)
    check_error('dump has no image of', 'convert_results.py', 'to-json',
                tmp_path / 'dump', tmp_path / 'back.json', '--ann-file',
                golden.ann_file, '--num-classes', 20)
    assert not (tmp_path / 'back.json').exists()
