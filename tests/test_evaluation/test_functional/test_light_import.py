# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
CODE = """
import sys
sys.path.insert(0, '.')
import projects.qanet.evaluation.functional
import projects.qanet.structures
heavy = {'torch', 'mmengine', 'mmcv', 'mmseg', 'mmdet', 'cv2', 'scipy'}
sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)
"""


def test_no_heavy_module_is_imported():
    done = subprocess.run([sys.executable, '-c', CODE],
                          cwd=ROOT,
                          stderr=subprocess.PIPE,
                          text=True)
    assert (done.returncode, done.stderr) == (0, '')
