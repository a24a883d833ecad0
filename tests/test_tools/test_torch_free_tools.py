# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = (
    'analysis_tools/ablation_study.py',
    'analysis_tools/detections_to_boxes.py',
    'analysis_tools/perturb_boxes.py',
    'analysis_tools/rescore_instances.py',
    'dataset_converters/atr.py',
    'dataset_converters/cihp.py',
    'dataset_converters/lip.py',
    'dataset_converters/mhp_v2.py',
    'dataset_converters/pascal_person_part.py',
    'dataset_converters/polygons.py',
    'dataset_converters/single_person.py',
    'dataset_converters/synthetic.py',
    'dataset_converters/synthetic_instances.py',
    'demo.py',
    'misc/model_zoo.py',
)
HELP = """
import json, runpy, sys
heavy = {}
for tool in sys.argv[1:]:
    sys.argv = [tool, '--help']
    try:
        runpy.run_path(tool, run_name='__main__')
    except SystemExit as error:
        assert error.code == 0, tool
    heavy[tool] = sorted({name.split('.')[0] for name in sys.modules} & {
        'torch', 'mmcv', 'mmdet', 'mmengine', 'mmpretrain', 'mmseg'})
json.dump(heavy, sys.stderr)
"""


def test_help_is_there_at_once():
    """None of these tools waits for packages that it does not use."""
    result = subprocess.run(
        [sys.executable, '-c', HELP, *(f'tools/{tool}' for tool in TOOLS)],
        cwd=ROOT,
        capture_output=True,
        text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count('usage: ') == len(TOOLS)
    assert json.loads(result.stderr) == {f'tools/{tool}': [] for tool in TOOLS}
