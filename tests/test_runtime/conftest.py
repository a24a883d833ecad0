# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from projects.drawn_people import draw_scene
from tests.test_deployment.conftest import (detector_file, detector_files,
                                            export, image, onnx_file,
                                            parser_files, rewrite)

# The networks of the other room's tests are here, too.
__all__ = [
    'detector_file', 'detector_files', 'export', 'image', 'onnx_file',
    'parser_files', 'rewrite'
]


@pytest.fixture
def large_image():
    """Drawn people, BGR, 420 wide and 300 high."""
    scene = draw_scene(np.random.default_rng(3), (420, 300), (3, 3))
    return np.ascontiguousarray(scene.image[..., ::-1])
