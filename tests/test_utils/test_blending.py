# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np

from projects.qanet.utils.blending import blend_parts


def test_blend_parts_changes_only_parts():
    image = np.random.default_rng(0).integers(0, 256, (2, 3, 3), np.uint8)
    category = np.array([[255, 0, 1], [2, 3, 0]], np.uint8)
    palette = [(9, 9, 9), (200, 100, 0), (0, 0, 255)]
    before = image.copy()
    expected = before.astype(float)
    expected[0, 2] = .75 * expected[0, 2] + .25 * np.array(palette[1])
    expected[1, 0] = .75 * expected[1, 0] + .25 * np.array(palette[2])
    blended = blend_parts(image, category, palette, .25)
    np.testing.assert_array_equal(blended, np.rint(expected))
    assert blended.dtype == np.uint8
    np.testing.assert_array_equal(image, before)
