# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import numpy as np

from projects.qanet.utils.blending import blend_parts


def test_blend_parts_changes_only_parts():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (4, 7, 3), dtype=np.uint8)
    category = np.zeros((4, 7), np.uint8)
    category[2, 5], category[1, 1], category[0, 0] = 1, 2, 255
    palette = [(9, 9, 9), (200, 100, 0), (0, 0, 255)]
    before = image.copy()
    blended = blend_parts(image, category, palette, 0.25)
    expected = before.copy()
    for (y, x), colour in {(2, 5): palette[1], (1, 1): palette[2]}.items():
        for k in range(3):
            expected[y, x,
                     k] = round(.75 * int(before[y, x, k]) + .25 * colour[k])
    assert np.array_equal(blended, expected)
    assert np.array_equal(image, before)


def test_nothing_lies_over_the_background_and_ignored_pixels():
    photo = np.full((2, 2, 3), 100, np.uint8)
    labels = np.array([[0, 1], [255, 2]])
    palette = np.array([[0] * 3, [200, 0, 50], [0, 250, 0]], np.uint8)
    drawn = blend_parts(photo, labels, palette, .5)
    assert drawn.tolist() == [[[100] * 3, [150, 50, 75]],
                              [[100] * 3, [50, 175, 50]]]
    assert (photo == 100).all()
