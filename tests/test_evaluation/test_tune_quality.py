# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from projects.qanet.evaluation.functional import ParsingEvaluator
from projects.qanet.structures import write_results

TOOL = Path(__file__).parents[2] / 'tools' / 'analysis_tools'
WRAPPER = """
import runpy, sys
sys.argv = sys.argv[1:]
for name in ('torch', 'mmengine', 'mmcv', 'mmseg'):
    sys.modules[name] = None  # importing it fails
sys.path.insert(0, sys.argv[0].rsplit('/', 1)[0])
runpy.run_path(sys.argv[0], run_name='__main__')
"""


@pytest.fixture
def call(golden, tmp_path):
    """Run the tool on the golden predictions."""
    path = tmp_path / 'results.json'
    write_results(str(path), golden.records, golden.classes, (1, 0, 0), .2)

    def run(*args):
        return subprocess.run([
            sys.executable, '-c', WRAPPER,
            str(TOOL / 'tune_quality.py'),
            str(path), '--ann-file', golden.ann_file, '--data-root',
            golden.data_root, '--out-dir',
            str(tmp_path / 'out'), *args
        ],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE,
                              text=True)

    return run


def test_tables_document_and_picture(golden, call, tmp_path):
    done = call('--grid', '0', '2', '1', '--protocol', 'strict')
    assert (done.returncode, done.stderr) == (0, '')
    assert 'Best of 26 points' in done.stdout and 'strict' in done.stdout
    for name in 'abcdefgh':
        assert f'| ({name}) |' in done.stdout
    document = json.loads((tmp_path / 'out/quality_weights.json').read_text())
    assert len(document['points']) == 26
    rows = document['paper_table_1']
    assert rows['h']['quality_weights'] == [1, .5, 3]  # not on this grid
    for entry in (document['points'][17], rows['h'], rows['f']):
        expected = ParsingEvaluator(
            golden.ann_file,
            golden.data_root,
            golden.classes,
            protocol='strict',
            quality_weights=entry['quality_weights']).evaluate(golden.records)
        assert entry['metrics'] == {
            f'parsing/{key}': None if value != value else value
            for key, value in expected.items()
        }
        assert f'{expected["APr"]:.2f}' in done.stdout or entry != rows['h']
    best = document['best']['parsing/APr']
    column = [entry['metrics']['parsing/APr'] for entry in document['points']]
    assert best['value'] == max(column)
    assert best['quality_weights'] == document['points'][column.index(
        max(column))]['quality_weights']
    with Image.open(tmp_path / 'out/quality_weights.png') as picture:
        # Three pixel weights beside each other, three metrics below.
        assert picture.width > 400 and picture.height > 500
        assert len(picture.convert('RGB').getcolors(1 << 24)) > 20


@pytest.mark.parametrize('args, message', [
    (('--grid', '0', '0', '1'), 'the only weights of the grid are all 0'),
    (('--metrics', 'mIoU'), 'mIoU does not depend on quality weights'),
    (('--out-dir', __file__), 'quality_weights.json cannot be written: '),
])
def test_errors(call, args, message):
    done = call(*args)
    assert done.returncode == 2 and message in done.stderr
    assert done.stderr.count('\n') == 1


def test_results_of_nobody(golden, call, tmp_path):
    path = tmp_path / 'results.json'
    write_results(str(path), [], golden.classes, (1, 0, 0), .2)
    done = call()
    assert done.returncode == 2
    assert done.stderr == (f'error: {path} has no person: there are no scores '
                           'to fuse\n')
