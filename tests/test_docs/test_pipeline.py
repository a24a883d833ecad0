# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The drawing of the pipeline names parts that exist."""
import runpy
from pathlib import Path

import numpy as np
import pytest

from projects.qanet.detection import person_detector
from projects.qanet.models import decode_heads, parsers, post_processors

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope='module')
def drawing():
    return runpy.run_path(str(ROOT / 'tools/misc/draw_pipeline.py'))


def test_steps_and_arrows(drawing):
    steps = drawing['STEPS']
    rooms = (person_detector, decode_heads, parsers, post_processors)
    for name, (_, _, _, part, _) in steps.items():
        assert part == 'ResNet-FPN, HRNet' or any(
            hasattr(room, part) for room in rooms), name
    assert {step
            for arrow in drawing['ARROWS']
            for step in arrow} == set(steps)
    # Data goes one way: from left to right.
    assert all(steps[a][0] < steps[b][0] for a, b in drawing['ARROWS'])
    # Quality comes from three scores, and only in testing.
    assert [a for a, b in drawing['ARROWS']
            if b == 'QAM'] == ['parsing branch', 'IoU branch', 'detector']
    assert [name for name, step in steps.items()
            if not step[4]] == ['detector', 'QAM']


def test_pictures_show_the_same_people(drawing):
    whole, crop, parsed = drawing['make_pictures']()
    assert whole.shape == parsed.shape == (320, 320, 3)
    height, width = crop.shape[:2]
    assert 100 < height <= 320 and 40 < width < height
    # Where nobody is, the parsed picture is the picture.
    assert .2 < np.mean((whole == parsed).all(2)) < .9


def test_the_drawing_is_complete(drawing):
    axes, = drawing['draw']().axes
    texts = [text.get_text() for text in axes.texts]
    assert set(drawing['STEPS']) <= set(texts)
    assert len(axes.images) == 3
    assert texts.count('') == len(drawing['ARROWS']) + 2
