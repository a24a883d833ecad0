# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json

import pytest

TOOL = 'tools/analysis_tools/benchmark.py'
DRAWN = ('--images', 3, '--persons', 5, '--size', 120, 90, '--copies', 2)


def test_metrics_benchmark(tmp_path, run_tool):
    arguments = ('metrics', '--repeat', 2, '--reference', 9, '--folder',
                 tmp_path)
    done = run_tool(TOOL, *arguments, *DRAWN, code=0)
    first, *table = done.stdout.splitlines()
    assert first == '6 images of 120x90, 10 persons, released'
    found = dict([cell.strip() for cell in line.split('|')[1:3]]
                 for line in table if line.count('|') == 3)
    values = json.loads((tmp_path / 'metrics.json').read_text())
    for key in ('APp', 'mIoU'):
        assert found[key] == f'{values[f"parsing/{key}"]:.2f} %'
    total, times = (
        float(found[name].split()[0])
        for name in ('results to metrics.json',
                     'faster than the reference (9.0 s)'))
    assert times == pytest.approx(9 / total, rel=.05)
    # What is there is used again, and is what the first line describes.
    done = run_tool(TOOL, *arguments, '--images', 1, code=0)
    assert done.stdout.splitlines()[0] == first


def test_process_benchmark(run_tool):
    done = run_tool(TOOL, 'process', '--repeat', 1, *DRAWN, code=0)
    lines = done.stdout.splitlines()
    assert [line.split(':')[0]
            for line in lines] == ['without out_file', 'with out_file']
    assert all(0 < float(line.split()[-5]) < 1000 for line in lines)
