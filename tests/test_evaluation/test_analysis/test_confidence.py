# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from io import BytesIO

import numpy as np
from PIL import Image

from projects.qanet.evaluation.analysis import confidence
from projects.qanet.evaluation.analysis.confidence import (ConfidenceMap,
                                                           plot_confidence)


def test_masks_and_scores(monkeypatch):
    """What is shown in the panels, at non-square size."""
    shown = []
    monkeypatch.setattr(
        confidence, '_show', lambda axes, picture, title: shown.append(
            (picture, title)))
    photo = np.full((30, 50, 3), 100, np.uint8)
    photo[5:9, 10:13] = 60
    probs = np.full((4, 3), .5, np.float32)
    probs[0] = .9
    labels = np.zeros((4, 3), np.uint8)
    labels[:2] = 1
    palette = np.array([[0] * 3, [200, 0, 0]], np.uint8)
    data = plot_confidence(photo, ConfidenceMap(probs, labels, (10, 5)),
                           palette, (.4, .7, .95))
    assert Image.open(BytesIO(data)).format == 'PNG'
    pictures = [picture for picture, _ in shown]
    assert (pictures[0] == 60).all() and pictures[0].shape == (4, 3, 3)
    parsed = pictures[1]
    assert parsed[1, 0].tolist() == [144, 24, 24]  # 0.4 * 60 + 0.6 * colour
    assert (pictures[2] == parsed).all()
    assert (pictures[3][0] == parsed[0]).all() and not pictures[3][1:].any()
    assert not pictures[4].any()
    assert [title for _, title in shown[2:]] == [
        'T = 0.4: 100 % left\npixel score 0.600',
        'T = 0.7: 25 % left\npixel score 0.900',
        'T = 0.95: 0 % left\npixel score 0.000'
    ]
