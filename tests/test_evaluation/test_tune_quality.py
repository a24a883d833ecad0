# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from projects.qanet.evaluation.functional import ParsingEvaluator
from projects.qanet.structures import write_results

TOOL = 'tools/analysis_tools/tune_quality.py'


@pytest.fixture
def call(golden, run_tool, tmp_path):
    """Run the tool on the golden predictions, or on those of nobody."""

    def run(*options, records=golden.records, **kwargs):
        path = tmp_path / 'results.json'
        write_results(str(path), records, golden.classes, (1, 0, 0), .2)
        return run_tool(TOOL, path, '--ann-file', golden.ann_file,
                        '--data-root', golden.data_root, '--out-dir',
                        tmp_path / 'out', *options, **kwargs)

    return run


def test_tables_document_and_picture(golden, call, tmp_path):
    done = call('--grid', 0, 2, 1, '--protocol', 'strict')
    assert 'Best of 26 points' in done.stdout and 'strict' in done.stdout
    rows = {
        row[1]: row[2:-1]
        for row in ([cell.strip() for cell in line.split('|')]
                    for line in done.stdout.splitlines()) if len(row) > 3
    }
    document = json.loads((tmp_path / 'out/quality_weights.json').read_text())
    points, paper = document['points'], document['paper_table_1']
    assert len(points) == 26
    assert paper['h']['quality_weights'] == [1, .5, 3]  # not on this grid
    for entry in (points[17], paper['h'], paper['f']):
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
    keys = ['APp', 'APp_50', 'PCP_50', 'APr', 'APr_50', 'APh', 'APh_50']
    assert rows[''] == ['box', 'IoU', 'pixel', *keys]
    best = {key[8:]: entry for key, entry in document['best'].items()}
    shown = {f'({name})': entry for name, entry in paper.items()}
    for k, key in enumerate(keys):
        column = [entry['metrics'][f'parsing/{key}'] for entry in points]
        assert best[key]['value'] == max(column)
        shown[f'best {key}'] = points[column.index(max(column))]
        assert best[key]['quality_weights'] == shown[f'best {key}'][
            'quality_weights']
    assert list(rows)[1:] == list(shown)
    for name, entry in shown.items():
        assert rows[name] == [f'{w:g}' for w in entry['quality_weights']] + [
            f'{entry["metrics"][f"parsing/{key}"]:.2f}' for key in keys
        ]
    assert (tmp_path / 'out/quality_weights.png').stat().st_size > 10000


def test_heat_maps():
    tool = runpy.run_path(str(Path(__file__).parents[2] / TOOL))
    points = [(b, i, p) for b in (0., 1.) for i in (0., 1., 2.)
              for p in (0., 1.) if b + i + p]
    values = [
        dict(APp=100 * b + 10 * i + p, APh=-2 * b - i - 3 * p)
        for b, i, p in points
    ]
    axes = Figure().subplots(2, 2)
    tool['fill_heat_maps'](axes, points, values, ['APp', 'APh'])
    for p, panel in enumerate(axes[0]):
        shown = panel.images[0].get_array()
        for (b, i) in ((1, 0), (0, 2), (1, 2)):
            assert shown[b, i] == 100 * b + 10 * i + p
        assert panel.get_title() == f'pixel weight {p}'
    assert np.isnan(
        np.ma.filled(axes[0, 0].images[0].get_array(), np.nan)[0, 0])
    stars = [[line.get_xydata().tolist() for line in panel.get_lines()]
             for panel in axes.ravel()]
    assert stars == [[], [[[2, 1]]], [[[1, 0]]], []]  # x is the IoU weight
    letters = [{
        text.get_text(): text.get_position()
        for text in panel.texts
    } for panel in axes[0]]
    assert letters == [
        dict(a=(0, 1), b=(1, 0), d=(1, 1)),
        dict(c=(0, 0), e=(0, 1), f=(1, 0), g=(1, 1))
    ]


@pytest.mark.parametrize('args, records, message', [
    (('--grid', 0, 0, 1), None, 'the only weights of the grid are all 0'),
    (('--metrics', 'mIoU'), None, 'mIoU does not depend on quality weights'),
    (('--out-dir', __file__), None,
     'quality_weights.json cannot be written: '),
    ((), [], 'results.json has no person: there are no scores to fuse'),
])
def test_errors(golden, call, args, records, message):
    records = golden.records if records is None else records
    done = call(*args, records=records, code=2)
    assert message in done.stderr and done.stderr.count('\n') == 1
