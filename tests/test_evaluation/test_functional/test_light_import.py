# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CODE = """
import sys
sys.path.insert(0, '.')
import projects.qanet.evaluation.dumps
import projects.qanet.evaluation.functional
import projects.qanet.structures
heavy = {'torch', 'mmengine', 'mmcv', 'mmseg', 'mmdet', 'cv2', 'scipy',
         'PIL'}
sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)
"""


@pytest.mark.parametrize('name', [
    'evaluation.functional', 'evaluation.functional.average_precision',
    'evaluation.functional.scores', 'evaluation.functional.weight_search',
    'structures.rle'
])
def test_worked_examples(name):
    module = importlib.import_module(f'projects.qanet.{name}')
    result = doctest.testmod(module)
    assert result.attempted > 0 and result.failed == 0


def test_no_heavy_module_is_imported():
    done = subprocess.run([sys.executable, '-c', CODE],
                          cwd=ROOT,
                          stderr=subprocess.PIPE,
                          text=True)
    assert (done.returncode, done.stderr) == (0, '')
