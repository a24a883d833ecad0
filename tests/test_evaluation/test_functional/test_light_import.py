# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
CODE = """
import runpy
import sys
import projects.qanet.densepose.evaluation
import projects.qanet.densepose.submission
import projects.qanet.evaluation.analysis.instances
import projects.qanet.evaluation.analysis.report
import projects.qanet.evaluation.dumps
import projects.qanet.evaluation.functional
import projects.qanet.structures
import projects.qanet.ground_truth
import projects.qanet.datasets.coco_annotations
import projects.qanet.visualization.painting
for name in ('analyze_quality', 'compare_results', 'convert_results',
             'eval_densepose', 'tune_quality'):
    runpy.run_path(f'tools/analysis_tools/{name}.py')
assert not {'torch', 'matplotlib.pyplot'} & set(sys.modules)
import projects.qanet.quality
assert not {'mmengine', 'mmcv', 'mmseg', 'mmdet'} & set(sys.modules)
"""


def test_rooms_without_torch_or_openmmlab():
    """All in one process; ``quality`` has torch, but nothing of OpenMMLab."""
    done = subprocess.run([sys.executable, '-c', CODE],
                          cwd=ROOT,
                          stderr=subprocess.PIPE,
                          text=True)
    assert (done.returncode, done.stderr) == (0, '')
