# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The drawing of the pipeline names parts that exist."""
import runpy
from pathlib import Path

from projects.qanet.detection import person_detector
from projects.qanet.models import decode_heads, parsers, post_processors

ROOT = Path(__file__).parents[2]


def test_steps_and_arrows():
    drawing = runpy.run_path(str(ROOT / 'tools/misc/draw_pipeline.py'))
    steps, arrows = drawing['STEPS'], drawing['ARROWS']
    rooms = (person_detector, decode_heads, parsers, post_processors)
    for name, (_, _, _, part, _) in steps.items():
        assert part == 'ResNet-FPN, HRNet' or any(
            hasattr(room, part) for room in rooms), name
    # Data goes one way: from left to right.
    assert all(steps[a][0] < steps[b][0] for a, b in arrows)
    assert set(sum(arrows, ())) == set(steps)
    # Quality comes from three scores, and only in testing.
    assert [a for a, b in arrows
            if b == 'QAM'] == ['parsing branch', 'IoU branch', 'detector']
    assert [name for name, step in steps.items()
            if not step[4]] == ['detector', 'QAM']
    axes, = drawing['draw']().axes
    texts = [text.get_text() for text in axes.texts]
    assert set(drawing['STEPS']) <= set(texts)
    assert len(axes.images) == 3
    assert texts.count('') == len(drawing['ARROWS']) + 2
