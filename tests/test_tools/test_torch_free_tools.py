# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The tools as processes of their own: they do not wait for torch."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

from projects.qanet.structures import write_results

ROOT = Path(__file__).resolve().parents[2]
TOOLS = sorted(
    str(path.relative_to(ROOT)) for folder in ('tools', 'studies')
    for path in (ROOT / folder).rglob('*.py')
    if '__main__' in path.read_text())
TORCH_FREE = (
    'studies/ablation_study.py',
    'tools/analysis_tools/benchmark.py',
    'tools/analysis_tools/convert_results.py',
    'tools/analysis_tools/detections_to_boxes.py',
    'tools/analysis_tools/eval_parsing.py',
    'tools/analysis_tools/perturb_boxes.py',
    'tools/analysis_tools/rescore_instances.py',
    *(tool for tool in TOOLS if tool.startswith('tools/dataset_converters/')),
    'tools/demo.py',
    'tools/misc/model_zoo.py',
)
#: Runs commands one after the other, until one of them imports torch.
WRAPPER = """
import json, runpy, sys
heavy = {'torch', 'mmcv', 'mmdet', 'mmengine', 'mmpretrain', 'mmseg'}
for command in json.loads(sys.argv[1]):
    sys.argv = command
    try:
        runpy.run_path(command[0], run_name='__main__')
    except SystemExit as error:
        assert not error.code, command
    assert not heavy & set(sys.modules), command
"""


def test_tools_without_torch(data_dir, tmp_path):
    """Their help, and an evaluation from the first to the last step."""
    truth, results = data_dir / 'metrics_seed0', tmp_path / 'results.json'
    write_results(str(results), [], [*map(str, range(20))], (1, 1, 1), .2)
    evaluation = [
        'tools/analysis_tools/eval_parsing.py', results, '--ann-file',
        truth / 'annotations/CIHP_val.json', '--data-root',
        truth / 'Validation', '--num-workers', 1
    ]
    commands = [[tool, '--help'] for tool in TORCH_FREE]
    commands.append([str(part) for part in evaluation])
    words = [sys.executable, '-c', WRAPPER, json.dumps(commands)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('usage: ') == len(TORCH_FREE)
    assert 'Protocol: released' in done.stdout


@pytest.mark.parametrize('tool', TOOLS)
def test_help(tool, run_tool):
    done = run_tool(tool, '--help', code=0)
    assert done.stdout.startswith(f'usage: {Path(tool).name}')
    assert done.stderr == ''
