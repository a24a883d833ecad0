# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Training from a checkpoint that does not fit ends before it begins."""
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

ROOT = Path(__file__).resolve().parents[2]
CONFIG = 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py'


def weights(num_classes):
    """One of the model's entries, with any number of classes."""
    return {
        'decode_head.conv_seg.bias': nn.Parameter(torch.zeros(num_classes))
    }


@pytest.mark.parametrize('checkpoint, options, message', [
    (dict(model=weights(20)), [], 'x.pth does not fit the model: it has none '
     'of its entries'),
    (dict(state_dict={'module.fc.bias': torch.zeros(2)}), [],
     "none of its entries, but ['fc.bias']"),
    (dict(state_dict=weights(7)), ['--resume'],
     'conv_seg.bias is (7,) in the file and (20,) in the model'),
])
def test_foreign_weights_are_refused(checkpoint, options, message, tmp_path):
    torch.save(checkpoint, tmp_path / 'x.pth')
    result = subprocess.run([
        sys.executable, 'tools/train.py', CONFIG, '--work-dir',
        str(tmp_path), *options, '--cfg-options',
        f'load_from={tmp_path / "x.pth"}'
    ],
                            cwd=ROOT,
                            capture_output=True,
                            text=True)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr and 'Traceback' not in result.stderr
    assert not list(tmp_path.glob('epoch_*.pth'))
