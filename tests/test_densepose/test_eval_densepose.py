# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import pytest

from projects.qanet.densepose.submission import pack_record, write_submission

TOOL = 'tools/analysis_tools/eval_densepose.py'


@pytest.fixture
def results(golden, tmp_path):
    path = tmp_path / 'results.json'
    write_submission(str(path), list(map(pack_record, golden.records)))
    return path


@pytest.fixture
def call(golden, eval_data, run_tool, tmp_path):

    def run(results, *options, code=0):
        truth = '--ann-file', golden.ann_file, '--eval-data', eval_data
        return run_tool(
            TOOL, results, *truth, *options, cwd=tmp_path, code=code)

    return run


@pytest.mark.parametrize('mode, resize', [('GPSm', 'label_linear'),
                                          ('IOU', 'binary')])
def test_table_and_metrics_file(golden, results, call, tmp_path, mode, resize):
    out = tmp_path / 'out' / 'metrics.json'
    options = [] if mode == 'GPSm' else [
        '--mode', mode, '--mask-resize', resize
    ]
    done = call(results, '--out', out, *options)
    assert 'evaluating' in done.stderr and f'{mode}: ' in done.stdout
    values = json.loads(out.read_text())
    assert len(values) == 18
    expected = golden.values[resize][mode]
    for key in ('AP', 'AP50', 'AP75', 'APm', 'APl', 'AR', 'ARl'):
        assert values[f'densepose/{key}'] == pytest.approx(100 * expected[key])
    # The same figures stand in the tables, each below its name.
    rows = [[cell.strip() for cell in line.split('|')[1:-1]]
            for line in done.stdout.splitlines() if line.startswith('|')]
    found = {}
    for head, cells in zip(rows[::2], rows[1::2]):
        found.update(zip(head, cells))
    assert found == {
        key.split('/')[1]: f'{value:.2f}'
        for key, value in values.items()
    }


def test_nobody(call, tmp_path):
    path = tmp_path / 'empty.json'
    path.write_text('[]')
    done = call(path)
    assert f'warning: {path} has no person' in done.stderr
    assert '| 0.00 |' in done.stdout


def test_errors(call, results, tmp_path):
    document = json.loads(results.read_text())
    document[7]['uv_data'] = document[8]['uv_data']
    bad = tmp_path / 'bad.json'
    bad.write_text(json.dumps(document))
    for argv, message in (
        ((tmp_path / 'no.json', ), 'no.json does not exist'),
        ((results, '--out', tmp_path), f'{tmp_path} is a folder, not a file'),
        ((results, '--eval-data', tmp_path),
         f'{tmp_path} has no SMPL_subdiv.mat'),
        ((bad, ), f'{bad}[7]: uv_shape is '),
        ((results, '--ann-file', results), f'{results} lacks the key'),
    ):
        error = call(*argv, code=2).stderr.splitlines()[-1]
        assert error.startswith('error: ') and message in error
