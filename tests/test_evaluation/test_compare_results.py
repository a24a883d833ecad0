# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import re

import pytest

from projects.qanet.evaluation.functional import ParsingEvaluator
from projects.qanet.structures import write_results

TOOL = 'tools/analysis_tools/compare_results.py'


@pytest.fixture
def paths(golden, run_tool, tmp_path):
    """Two results files of one name, and a dump of the second's scores."""
    images = [
        dict(
            id=image_id,
            file_name=f'{image_id:07d}.jpg',
            width=persons.image_size[0],
            height=persons.image_size[1])
        for image_id, persons in golden.persons.items()
    ]
    fewer = golden.records[::2]
    for name, records in dict(one=golden.records, two=fewer).items():
        write_results(
            str(tmp_path / name / 'r.json'), records, golden.classes,
            (1, 0, 0), .2, images)
    run_tool('tools/analysis_tools/convert_results.py', 'to-dump',
             tmp_path / 'two/r.json', tmp_path / 'dump')
    return [tmp_path / name for name in ('one/r.json', 'two/r.json', 'dump')]


@pytest.fixture
def call(golden, run_tool, tmp_path):

    def run(*options, **kwargs):
        return run_tool(TOOL, *options, '--ann-file', golden.ann_file,
                        '--data-root', golden.data_root, '--out-dir',
                        tmp_path / 'new/out', '--bootstrap', 20, **kwargs)

    return run


def test_files_and_a_dump(golden, paths, call, tmp_path):
    done = call(*paths, '--num-images', 3, '--num-workers', 1)
    names = 'one/r', 'two/r', f'{tmp_path.name}/dump'
    out = tmp_path / 'new/out'
    document = json.loads((out / 'comparison.json').read_text())
    assert document['methods'] == dict(zip(names, map(str, paths)))
    assert document['protocol'] == 'released'
    one, two, dump = (document['metrics'][name] for name in names)
    expected = ParsingEvaluator(golden.ann_file, golden.data_root,
                                golden.classes).evaluate(golden.records)
    for key in ('mIoU', 'APr', 'APh'):
        value = expected[key]
        assert one[key]['value'] == pytest.approx(value)
        change = document['differences'][names[1]][key]
        assert change['value'] == pytest.approx(two[key]['value'] - value)
        assert change['low'] <= change['high']
        # A dump gives the same, up to the order of equal scores of parts.
        close = dict(abs=.1 if key == 'APr' else 1e-9)
        assert dump[key] == pytest.approx(two[key], **close)
        assert document['differences'][names[2]][key] == pytest.approx(
            change, **close)
    assert 'APp' in two and 'APp' not in dump
    row = [line for line in done.stdout.splitlines() if '| APr ' in line]
    assert f'| {one["APr"]["value"]:.2f} ' in row[0]
    assert 'some methods have no prediction: ' in done.stderr
    spreads = [image['spread'] for image in document['images']]
    assert spreads[:10] == sorted(spreads[:10], reverse=True)
    page = (out / 'comparison.html').read_text()
    shown = re.findall(r'(\d+)\.jpg, spread', page)
    assert [*map(int, shown)
            ] == [image['image_id'] for image in document['images'][:3]]
    assert (out / 'comparison.png').read_bytes().startswith(b'\x89PNG')

    again = call(paths[1], paths[2], '--names', 'a', 'b')
    assert '| metric |     a |     b | difference ' in again.stdout
    assert again.stdout.rstrip().endswith('comparison.html')  # no picture


def edited(path, **info):
    document = json.loads(path.read_text())
    document['info'].update(info)
    path.write_text(json.dumps(document))


def test_classes_must_agree(golden, paths, call, tmp_path):
    one, two, dump = paths
    call(dump, dump, '--names', 'a', 'b', '--num-classes', 20)
    edited(two, classes=golden.classes[::-1])
    other = ' have classes of other names'
    assert f'{two} and {one}{other}' in call(one, two, dump, code=2).stderr
    edited(two, classes=None)
    document = json.loads(two.read_text())
    del document['info']['classes']
    two.write_text(json.dumps(document))
    call(two, one)  # names of the second count
    found = json.loads((tmp_path / 'new/out/comparison.json').read_text())
    assert 'IoU.class3' in found['metrics']['two/r']
    edited(two, num_classes=21)
    error = call(one, two, code=2).stderr
    assert f'{two} has 21 classes, but {one} has 20' in error


@pytest.mark.parametrize('options, message', [
    ((0, ), 'there must be two results at least'),
    ((0, 0), 'names must give 2 different names, not one/r, one/r'),
    ((0, 1, '--names', 'a'), 'must give 2 different names, not a'),
    ((0, 1, '--names', 'a', 'a'), 'must give 2 different names, not a, a'),
    ((0, 1, '--num-images', -1), '--num-images must be >= 0, not -1'),
    ((0, 1, '--seed', -1), 'a bootstrap needs at least 1 sample'),
    ((0, 1, '--num-classes', 7), '--num-classes is 7, but'),
    ((2, 2, '--names', 'a', 'b'), '--num-classes must say'),
    ((0, 2, '--nms-thr', 2), '--nms-thr needs a results file'),
    ((0, 'none.json'), 'none.json'),
    ((0, '.'), 'is no dump: it has none of'),
])
def test_errors(paths, call, tmp_path, options, message):
    found = [
        paths[o] if type(o) is int and o in (0, 1, 2) and k < 2 else o
        for k, o in enumerate(options)
    ]
    error = call(*found, cwd=tmp_path, code=2).stderr
    assert 'error: ' in error and message in error
    assert not (tmp_path / 'new/out/comparison.html').exists()


def test_a_dump_without_the_global_maps(paths, call):
    (paths[2] / 'global_parsing').rename(paths[2] / 'elsewhere')
    error = call(paths[0], paths[2], code=2).stderr
    assert f'{paths[2]} has no folder global_parsing' in error
