# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The steps of the demo; its commands are only noted."""
import json
import sys
from pathlib import Path

from tools import demo
from tools.common.jobs import Commands


def test_steps(tmp_path, monkeypatch, capsys):
    done = []

    def run(self, title, script, *arguments, **options):
        arguments = [str(part) for part in arguments]
        done.append([script, *arguments])
        if script.endswith('synthetic.py'):
            for k in range(3):
                path = tmp_path / arguments[0] / f'Validation/Images/{k}.jpg'
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        elif script == 'tools/train.py':
            folder = Path(arguments[arguments.index('--work-dir') + 1])
            folder.mkdir(parents=True)
            (folder / 'last_checkpoint').write_text(f'{folder.name}.pth\n')
        elif script.endswith('eval_parsing.py'):
            value = 41.5 if '--quality-weights' in arguments else 52.25
            Path(arguments[arguments.index('--out') + 1]).write_text(
                json.dumps({'parsing/APr': value}))
        elif script == 'tools/infer.py':
            (Path(arguments[-1]) / 'vis').mkdir(parents=True)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Commands, 'run', run)
    monkeypatch.setattr(sys, 'argv', ['demo.py', '--pictures', '2'])
    demo.main()
    # Two begin together, twice.
    done[1:3], done[3:5] = sorted(done[1:3]), sorted(done[3:5], reverse=True)
    assert [command[0].split('/')[-1] for command in done] == [
        'synthetic.py', 'train.py', 'train.py', 'test.py', 'infer.py',
        'eval_parsing.py', 'eval_parsing.py'
    ]
    out = Path('work_dirs/demo')
    assert done[1][1] == demo.DETECTOR
    assert done[1][-1] == f'val_evaluator.outfile_prefix={out}/val'
    assert done[3][1:3] == [demo.PARSER, 'parser.pth']
    assert done[3][-1].endswith(f'bbox_file={out}/val.bbox.json')
    assert done[3][done[3].index('--out') + 1] == done[5][1] == done[6][1]
    assert done[4][done[4].index('--det-weights') + 1] == 'detector.pth'
    assert done[5][-4:] == ['--quality-weights', '1', '0', '0']
    assert sorted(path.name for path in (out / 'photos').iterdir()) == [
        '0.jpg', '1.jpg'
    ] and (out / 'vis').is_dir()
    assert ('AP^r 41.5 by the box score alone, 52.2 by the quality score'
            in capsys.readouterr().out)
