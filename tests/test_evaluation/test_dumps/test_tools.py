# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""eval_parsing.py and convert_results.py on dumps."""
import json
import zipfile

import pytest

from projects.qanet.structures import write_results

CONVERT, EVALUATE = (f'tools/analysis_tools/{name}.py'
                     for name in ('convert_results', 'eval_parsing'))
CLASSES = ('--num-classes', 20)


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


@pytest.fixture
def truth(golden):
    return ('--ann-file', golden.ann_file, '--data-root', golden.data_root)


def test_there_and_back(golden, results, truth, tmp_path, run_tool):
    dump, back = tmp_path / 'dump', tmp_path / 'back.json'
    done = run_tool(CONVERT, 'to-dump', results, dump, '--quality-weights', 1,
                    .5, 3, '--zip')
    assert 'Wrote 10 images' in done.stdout
    with zipfile.ZipFile(tmp_path / 'mp_results.zip') as archive:
        names = archive.namelist()
    assert len(names) == 30 and 'instance_parsing/0001003.txt' in names

    metrics = tmp_path / 'metrics.json'
    done = run_tool(EVALUATE, dump, *truth, *CLASSES, '--out', metrics)
    assert 'AP^p and PCP are undefined' in done.stdout
    values = json.loads(metrics.read_text())
    expected = golden.expected['1-0.5-3']
    for key in ('mIoU', 'APr', 'APh'):
        assert values[f'parsing/{key}'] == pytest.approx(
            100 * expected[key.replace('AP', 'mAP')], abs=1e-7)
    assert values['parsing/APp'] is values['parsing/PCP_50'] is None

    done = run_tool(CONVERT, 'to-json', dump, back, *truth[:2], *CLASSES)
    assert 'Wrote 34 persons of 10 images' in done.stdout
    assert 'Lost:' in done.stdout and done.stderr == ''
    assert json.loads(back.read_text())['info']['quality_weights'] is None
    run_tool(EVALUATE, back, *truth, '--metrics', 'APr', '--out', metrics)
    assert json.loads(metrics.read_text())['parsing/APr'] == pytest.approx(
        values['parsing/APr'], abs=1e-9)


def test_all_images_of_annotations_of_any_kind(golden, results, tmp_path,
                                               run_tool):
    """Only names and sizes count: persons may lack what evaluation needs."""
    with open(golden.ann_file) as file:
        document = json.load(file)
    for annotation in document['annotations']:
        del annotation['parsing_id']
        annotation['category_id'] = 7
    ann_file = tmp_path / 'boxes.json'
    ann_file.write_text(json.dumps(document))
    options = (tmp_path / 'dump', '--ann-file', ann_file)
    done = run_tool(CONVERT, 'to-dump', results, *options, '--all-images')
    assert 'Wrote 12 images' in done.stdout
    done = run_tool(CONVERT, 'to-json', options[0], tmp_path / 'back.json',
                    *options[1:], *CLASSES)
    assert ' of 12 images to' in done.stdout


def test_errors(results, truth, tmp_path, run_tool):

    def check(message, *args):
        error = run_tool(*args, code=2).stderr
        assert message in error and error.startswith('error: ')
        assert error.count('\n') == 1

    dump, empty, other = (tmp_path / name for name in ('dump', 'empty', 'b'))
    to_dump = (CONVERT, 'to-dump', results)
    run_tool(*to_dump, dump)
    for name in ('global_parsing', 'instance_segmentation',
                 'instance_parsing'):
        (empty / name).mkdir(parents=True)
    check('holds a dump already', *to_dump, dump)
    check('--num-classes is 5, but', EVALUATE, results, *truth, CLASSES[0], 5)
    check('is no dump', EVALUATE, tmp_path, *truth, *CLASSES)
    check('empty has no image of', CONVERT, 'to-json', empty, other,
          *truth[:2], *CLASSES)
    evaluate = (EVALUATE, dump, *truth)
    check('--num-classes must say', *evaluate)
    check('allowed are 0..4', *evaluate, CLASSES[0], 5)
    for message, *args in (
        ('APp cannot be computed from', '--metrics', 'APp'),
        ('--quality-weights needs a results', '--quality-weights', 1, 1, 1),
        ('--nms-thr needs a results file', '--nms-thr', 2),
    ):
        check(message, *evaluate, *CLASSES, *args)
    document = json.loads(results.read_text())
    images = document.pop('images')
    results.write_text(json.dumps(document))
    check('--ann-file is needed', *to_dump, other)
    same = [dict(images[0], file_name='a.jpg'), dict(images[1], file_name='a')]
    for names, message in ((same + images[2:], 'a.jpg and a would share'),
                           (images[1:], 'is not in the list of images')):
        results.write_text(json.dumps(dict(document, images=names)))
        check(message, *to_dump, other)
    assert not other.exists()
