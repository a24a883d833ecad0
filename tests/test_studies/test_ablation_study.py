# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Table 3 from metrics on disk, and the commands that leave them there."""
import json

import pytest

from tools.common.jobs import Commands

TOOL = 'studies/ablation_study.py'
KEYS = ('mIoU', 'APp', 'APp_50', 'PCP_50', 'APr', 'APr_50')
ROWS = [
    f'{name}_1xb16-18e_synthetic-64x48'
    for name in ('simple-baseline_r18', 'sfpn_r18_fpn', 'sfpn-lovasz_r18_fpn',
                 'sfpn-lovasz-iou_r18_fpn')
]
ROWS.append('qanet-no-qam_r18_fpn_1xb16-18e_synthetic-128x96')


def write_metrics(path, value):
    """Each metric is one above the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({
            f'parsing/{key}': value + k
            for k, key in enumerate(KEYS)
        }))


@pytest.fixture
def demo(tmp_path):
    """What the demo leaves, as arguments."""
    (tmp_path / 'data/annotations').mkdir(parents=True)
    for name in ('data/annotations/CIHP_val.json', 'boxes.json'):
        (tmp_path / name).write_text('{}')
    return [
        '--data', tmp_path / 'data', '--boxes', tmp_path / 'boxes.json',
        '--out-dir', tmp_path / 'out'
    ]


def cells(text):
    return [[cell.strip() for cell in line.split('|')[1:-1]]
            for line in text.splitlines()]


def test_finished_runs_are_only_put_together(tmp_path, demo, run_tool):
    for seed in (0, 3):
        for row, name in enumerate(ROWS, 1):
            folder = tmp_path / f'out/{name}/seed{seed}'
            write_metrics(folder / 'metrics.json', 10 * row + 2 * (seed > 0))
        write_metrics(folder / 'metrics_qam.json', 70 + 4 * (seed > 0))
    run_tool(TOOL, *demo, '--seeds', 0, 3, code=0)
    head, _, *rows = cells((tmp_path / 'out/ablation.md').read_text())
    assert head == ['', *KEYS]
    # Two values 2 apart: their mean, sample standard deviation sqrt(2).
    expected = {
        name: [f'{10 * row + 1 + k}.0 ± 1.4' for k in range(6)]
        for row, name in enumerate(('SimpleNet', '+ S-FPN', '+ Lovasz',
                                    '+ IoU', '+ large input'), 1)
    }
    expected['+ QAM'] = [f'{72 + k}.0 ± 2.8' for k in range(6)]
    assert {name: values for name, *values in rows} == expected
    document = json.loads((tmp_path / 'out/ablation.json').read_text())
    assert [run['APp'] for run in document['+ IoU']] == [41, 43]


def test_what_is_missing_is_made(tmp_path, demo, run_tool, monkeypatch):
    done = []

    def run(self, title, script, *arguments, log):
        arguments = [str(part) for part in arguments]
        done.append((title, script, arguments))
        if script == 'tools/train.py':
            folder = tmp_path / 'out' / arguments[0].split('/')[-1][:-3]
            (folder / 'seed5').mkdir(parents=True)
            (folder / 'seed5/last_checkpoint').write_text('last.pth\n')
        for option in set(arguments) & {'--out'}:
            out = tmp_path / arguments[arguments.index(option) + 1]
            write_metrics(out, 10)

    monkeypatch.setattr(Commands, 'run', run)
    run_tool(TOOL, *demo, '--seeds', 5, '--cfg-options', 'a=1', code=0)
    # Five networks; the sixth row takes the fifth's results.
    assert [script for _, script, _ in done] == [
        'tools/train.py', 'tools/test.py', 'tools/analysis_tools/'
        'eval_parsing.py'
    ] * 5 + ['tools/analysis_tools/eval_parsing.py']
    title, _, train = done[0]
    assert title == 'SimpleNet, seed 5: train'
    assert train[0] == f'configs/ablation/{ROWS[0]}.py'
    assert {'randomness.seed=5', 'a=1'} <= set(train)
    test = done[1][2]
    assert test[:2] == [train[0], 'last.pth'] and 'a=1' not in test
    assert f'test_dataloader.dataset.bbox_file={tmp_path}/boxes.json' in test
    plain, qam = done[-2][2], done[-1][2]
    assert plain[0] == qam[0] and '--quality-weights' not in plain
    assert qam[qam.index('--quality-weights') +
               1:][:3] == ['1.0', '0.5', '3.0']


def test_missing_demo_is_named(tmp_path, run_tool):
    done = run_tool(TOOL, '--data', tmp_path, code=2)
    assert 'CIHP_val.json is missing: run `make demo` first' in done.stderr
