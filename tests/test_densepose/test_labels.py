# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The tables as the documentation of COCO DensePose has them, by hand."""
from projects.qanet.densepose import labels

PARTS = [
    'Background', 'Torso', 'Right-hand', 'Left-hand', 'Left-foot',
    'Right-foot', 'Right-upper-leg', 'Left-upper-leg', 'Right-lower-leg',
    'Left-lower-leg', 'Left-upper-arm', 'Right-upper-arm', 'Left-lower-arm',
    'Right-lower-arm', 'Head'
]
PATCHES = {
    1: ('Torso-A', 1),
    2: ('Torso-B', 1),
    3: ('Right-hand', 2),
    4: ('Left-hand', 3),
    5: ('Left-foot', 4),
    6: ('Right-foot', 5),
    7: ('Right-upper-leg-A', 6),
    8: ('Left-upper-leg-A', 7),
    9: ('Right-upper-leg-B', 6),
    10: ('Left-upper-leg-B', 7),
    11: ('Right-lower-leg-A', 8),
    12: ('Left-lower-leg-A', 9),
    13: ('Right-lower-leg-B', 8),
    14: ('Left-lower-leg-B', 9),
    15: ('Left-upper-arm-A', 10),
    16: ('Right-upper-arm-A', 11),
    17: ('Left-upper-arm-B', 10),
    18: ('Right-upper-arm-B', 11),
    19: ('Left-lower-arm-A', 12),
    20: ('Right-lower-arm-A', 13),
    21: ('Left-lower-arm-B', 12),
    22: ('Right-lower-arm-B', 13),
    23: ('Head-A', 14),
    24: ('Head-B', 14),
}
MIRRORED_PARTS = [0, 1, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 14]
MIRRORED_PATCHES = [
    0, 1, 2, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15, 18, 17, 20, 19,
    22, 21, 24, 23
]


def mirrored(pairs, number):
    table = list(range(number))
    for left, right in pairs:
        table[left], table[right] = right, left
    return table


def test_parts():
    assert list(labels.PART_NAMES) == PARTS and labels.NUM_PARTS == 15
    assert mirrored(labels.PART_FLIP_PAIRS, 15) == MIRRORED_PARTS
    for left, right in labels.PART_FLIP_PAIRS:
        assert PARTS[left].startswith('Left-')
        assert PARTS[right] == PARTS[left].replace('Left-', 'Right-')


def test_patches():
    assert labels.NUM_PATCHES == 25
    assert labels.PATCH_NAMES[0] == 'Background'
    assert labels.PATCH_TO_PART[0] == 0
    found = dict(
        enumerate(zip(labels.PATCH_NAMES[1:], labels.PATCH_TO_PART[1:]), 1))
    assert found == PATCHES
    assert mirrored(labels.PATCH_FLIP_PAIRS, 25) == MIRRORED_PATCHES
    # A patch is mirrored to one of its part's mirror image.
    for patch, part in enumerate(labels.PATCH_TO_PART):
        other = labels.PATCH_TO_PART[MIRRORED_PATCHES[patch]]
        assert other == MIRRORED_PARTS[part]


def test_constants():
    assert (labels.MASK_SIZE, labels.POINT_RANGE,
            labels.MAX_POINTS) == (256, 255, 196)
