# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEYS = ('mIoU', 'APp', 'APp_50', 'PCP_50', 'APr', 'APr_50')
ROWS = {
    'simple-baseline_r18_1xb16-18e_synthetic-64x48': 1,
    'sfpn_r18_fpn_1xb16-18e_synthetic-64x48': 2,
    'sfpn-lovasz_r18_fpn_1xb16-18e_synthetic-64x48': 3,
    'sfpn-lovasz-iou_r18_fpn_1xb16-18e_synthetic-64x48': 4,
    'qanet-no-qam_r18_fpn_1xb16-18e_synthetic-128x96': 5,
}


def run(*arguments):
    return subprocess.run([
        sys.executable, 'studies/ablation_study.py',
        *map(str, arguments)
    ],
                          cwd=ROOT,
                          capture_output=True,
                          text=True)


def write_metrics(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({
            f'parsing/{key}': value + position
            for position, key in enumerate(KEYS)
        }))


def test_finished_runs_are_only_put_together(tmp_path):
    data, boxes = tmp_path / 'data', tmp_path / 'boxes.json'
    (data / 'annotations').mkdir(parents=True)
    for path in (data / 'annotations/CIHP_val.json', boxes):
        path.write_text('{}')
    for seed in (0, 1):
        for name, row in ROWS.items():
            folder = tmp_path / 'out' / name / f'seed{seed}'
            write_metrics(folder / 'metrics.json', 10 * row + 2 * seed)
        write_metrics(folder / 'metrics_qam.json', 80 + 4 * seed)
    result = run('--data', data, '--boxes', boxes, '--out-dir',
                 tmp_path / 'out', '--seeds', 0, 1)
    assert result.returncode == 0, result.stderr
    text = (tmp_path / 'out/ablation.md').read_text()
    lines = re.sub(' +', ' ', text).splitlines()
    assert len(lines) == 2 + 6
    # Values 10 and 12: mean 11, sample standard deviation sqrt(2).
    assert lines[2].startswith('| SimpleNet | 11.0 ± 1.4 | 12.0 ± 1.4 |')
    assert lines[6].startswith('| + large input | 51.0 ± 1.4 |')
    assert lines[7].startswith('| + QAM | 82.0 ± 2.8 |')


def test_missing_demo_is_named(tmp_path):
    result = run('--data', tmp_path)
    assert result.returncode == 2
    assert 'CIHP_val.json is missing: run `make demo` first' in result.stderr
