# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import runpy
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / 'tools/analysis_tools/benchmark.py'


def test_metrics_benchmark(tmp_path):
    done = subprocess.run([
        sys.executable,
        str(TOOL), 'metrics', '--images', '3', '--persons', '5', '--size',
        '120', '90', '--copies', '2', '--repeat', '1', '--reference', '9',
        '--folder',
        str(tmp_path)
    ],
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE,
                          text=True)
    assert (done.returncode, done.stderr) == (0, '')
    assert '6 images of 120x90, 10 persons, released' in done.stdout
    for line in ('floor; factor', 'times (9.0 s)', 'read label maps',
                 'peak memory'):
        assert line in done.stdout
    values = json.loads((tmp_path / 'metrics.json').read_text())
    assert 0 < values['parsing/APp'] < 100


def test_process_benchmark(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', [
        str(TOOL), 'process', '--images', '2', '--persons', '3', '--size',
        '120', '90', '--repeat', '1', '--folder',
        str(tmp_path)
    ])
    monkeypatch.syspath_prepend(str(TOOL.parent))
    runpy.run_path(str(TOOL), run_name='__main__')
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(':')[0]
            for line in lines] == ['without out_file', 'with out_file']
    assert all(0 < float(line.split()[-5]) < 1000 for line in lines)
