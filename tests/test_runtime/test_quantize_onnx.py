# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""tools/model_converters/quantize_onnx.py"""
import os
from functools import partial

import cv2
import numpy as np
import pytest

from projects.qanet.runtime import HumanParsingRuntime

pytest.importorskip('onnx')


@pytest.fixture
def quantize(run_tool, onnx_file, detector_file, image, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    return partial(run_tool, 'tools/model_converters/quantize_onnx.py',
                   onnx_file[0], tmp_path / 'small.onnx', tmp_path / 'a.png',
                   '--detector', detector_file[0])


def test_smaller_and_much_the_same(quantize, onnx_file, tmp_path, image):
    printed = quantize('--max-persons', 6).stdout
    path = str(tmp_path / 'small.onnx')
    assert printed.endswith(f'{path} is written: '
                            f'{os.path.getsize(path) / 2**20:.1f} MiB\n')
    assert os.path.getsize(path) < os.path.getsize(onnx_file[0]) / 2
    boxes = [[10, 5, 50, 100], [60, 12, 95, 105]]
    found = HumanParsingRuntime(path)(image, boxes)
    expected = HumanParsingRuntime(onnx_file[0])(image, boxes)
    for k in range(2):
        same = (found.part_map(k) == expected.part_map(k))
        assert .7 < same[expected.part_map(k) > 0].mean() < 1
    assert 0 < np.abs(found.scores - expected.scores).max() < .2


def test_nobody_to_measure(quantize, tmp_path):
    error = quantize('--bbox-thr', 2, code=2).stderr
    assert 'detector.onnx finds nobody in the images' in error
    assert not (tmp_path / 'small.onnx').exists()
