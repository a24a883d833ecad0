# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The tools as processes of their own: they do not wait for torch."""
import json
import subprocess
import sys
from pathlib import Path

from projects.qanet.structures import write_results

ROOT = Path(__file__).resolve().parents[2]
TORCH_FREE = [
    'studies/ablation_study.py', 'tools/demo.py', 'tools/misc/model_zoo.py',
    'tools/model_converters/quantize_onnx.py'
]
TORCH_FREE += [
    f'tools/analysis_tools/{name}.py'
    for name in ('benchmark', 'compare_results', 'convert_results',
                 'detections_to_boxes', 'eval_densepose', 'eval_parsing',
                 'perturb_boxes', 'rescore_instances')
]
TORCH_FREE += [
    str(path.relative_to(ROOT))
    for path in (ROOT / 'tools/dataset_converters').glob('*.py')
    if '__main__' in path.read_text()
]
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
