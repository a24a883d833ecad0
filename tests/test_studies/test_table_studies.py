# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Tables from metrics on disk, and the commands that leave them there."""
import json

import pytest

from tools.common.jobs import Commands

TOOL = 'studies/ablation_study.py'
KEYS = ('mIoU', 'APp', 'APp_50', 'PCP_50', 'APr', 'APr_50')
CONFIGS = [
    f'{name}_1xb16-18e_synthetic-64x48'
    for name in ('simple-baseline_r18', 'sfpn_r18_fpn', 'sfpn-lovasz_r18_fpn',
                 'sfpn-lovasz-iou_r18_fpn')
]
CONFIGS.append('qanet-no-qam_r18_fpn_1xb16-18e_synthetic-128x96')


def write_metrics(path, value):
    """Each metric is one above the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {f'parsing/{key}': value + k for k, key in enumerate(KEYS)}
    path.write_text(json.dumps(values))


@pytest.fixture
def demo(tmp_path):
    """What the demo leaves, as arguments."""
    (tmp_path / 'annotations').mkdir(parents=True)
    for name in ('annotations/CIHP_val.json', 'boxes.json'):
        (tmp_path / name).write_text('{}')
    return [
        '--data', tmp_path, '--boxes', tmp_path / 'boxes.json', '--out-dir',
        tmp_path / 'out'
    ]


def test_finished_runs_are_only_put_together(tmp_path, demo, run_tool):
    for seed in (0, 3):
        for row, name in enumerate(CONFIGS, 1):
            folder = tmp_path / f'out/{name}/seed{seed}'
            write_metrics(folder / 'metrics.json', 10 * row + 2 * (seed > 0))
            (folder / 'results.json').write_text('{}')
        write_metrics(folder / 'metrics_1_0.5_3.json', 70 + 4 * (seed > 0))
    run_tool(TOOL, *demo, '--seeds', 0, 3)
    lines = (tmp_path / 'out/ablation.md').read_text().splitlines()
    head, _, *rows = [[cell.strip() for cell in line.split('|')[1:-1]]
                      for line in lines]
    assert head == ['', *KEYS]
    # Two values 2 apart: their mean, sample standard deviation sqrt(2).
    assert rows == [
        *([name, *(f'{10 * row + 1 + k}.0 ± 1.4' for k in range(6))]
          for row, name in enumerate(('SimpleNet', '+ S-FPN', '+ Lovasz',
                                      '+ IoU', '+ large input'), 1)),
        ['+ QAM', *(f'{72 + k}.0 ± 2.8' for k in range(6))]
    ]
    document = json.loads((tmp_path / 'out/ablation.json').read_text())
    assert [run['APp'] for run in document['+ IoU']] == [41, 43]


@pytest.fixture
def done(tmp_path, monkeypatch):
    """Commands of a study, which leave what it asks for."""
    done = []

    def run(self, title, script, *arguments, log):
        arguments = [str(part) for part in arguments]
        done.append((title.split(': ')[1], arguments))
        if script == 'tools/train.py':
            folder = tmp_path / 'out' / arguments[0].split('/')[-1][:-3]
            (folder / 'seed5').mkdir(parents=True)
            (folder / 'seed5/last_checkpoint').write_text('last.pth\n')
        for option in set(arguments) & {'--out'}:
            out = tmp_path / arguments[arguments.index(option) + 1]
            write_metrics(out, 10)

    monkeypatch.setattr(Commands, 'run', run)
    return done


def test_what_is_missing_is_made(tmp_path, demo, run_tool, done):
    run_tool(TOOL, *demo, '--seeds', 5, '--cfg-options', 'a=1')
    # Five networks; the sixth row takes the fifth's results.
    assert [step
            for step, _ in done] == ['train', 'test'] * 5 + ['evaluate'] * 6
    (_, train), (_, test), *_, (_, plain), (_, qam) = done
    assert train[0] == test[0] == f'configs/ablation/{CONFIGS[0]}.py'
    assert {'randomness.seed=5', 'a=1'} <= set(train)
    assert test[1] == 'last.pth' and 'a=1' not in test
    assert f'test_dataloader.dataset.bbox_file={tmp_path}/boxes.json' in test
    assert plain[0] == qam[0] and '--quality-weights' not in plain
    assert ' --quality-weights 1.0 0.5 3.0 ' in ' '.join(qam)


def test_missing_demo_is_named(tmp_path, run_tool):
    done = run_tool(TOOL, '--data', tmp_path, code=2)
    assert 'CIHP_val.json is missing: run `make demo` first' in done.stderr


def test_no_training_at_a_time_is_refused(demo, run_tool):
    done = run_tool(TOOL, *demo, '--jobs', 0, code=2)
    assert '--jobs must be >= 1, not 0' in done.stderr


def test_region_parsers_find_the_persons_themselves(demo, run_tool, done):
    run_tool('studies/region_study.py', *demo, '--seeds', 5)
    tests = [arguments for step, arguments in done if step == 'test']
    assert ['bbox_file' in ' '.join(test)
            for test in tests] == ['/qanet' in test[0]
                                   for test in tests] == [False, False, 1]
    weights = [
        arguments[arguments.index('--quality-weights') + 1:-2]
        for step, arguments in done if step == 'evaluate'
    ]
    assert [' '.join(row) for row in weights
            ] == ['1 0 0', '1 0 1', '1 1 0', '3 1 1', '1 0 0', '1 0.5 3']
