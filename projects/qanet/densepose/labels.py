# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Parts and patches of COCO DensePose; left and right are the person's own.

A person is annotated with 14 coarse parts, pixel by pixel, and with points on
24 patches, each of which has coordinates U and V in [0, 1].
"""
#: Labels of the coarse masks; 0 is no person. ``dp_masks`` has them from 1.
PART_NAMES = ('Background', 'Torso', 'Right-hand', 'Left-hand', 'Left-foot',
              'Right-foot', 'Right-upper-leg', 'Left-upper-leg',
              'Right-lower-leg', 'Left-lower-leg', 'Left-upper-arm',
              'Right-upper-arm', 'Left-lower-arm', 'Right-lower-arm', 'Head')
#: The part of each patch, by ``dp_I``; two are on parts that have a front and
#: a back, or an inner and an outer side.
PATCH_TO_PART = (0, 1, 1, 2, 3, 4, 5, 6, 7, 6, 7, 8, 9, 8, 9, 10, 11, 10, 11,
                 12, 13, 12, 13, 14, 14)
#: Names of the patches; A and B are those of one part.
PATCH_NAMES = tuple(
    PART_NAMES[part] if PATCH_TO_PART.count(part) ==
    1 else f'{PART_NAMES[part]}-{"AB"[PATCH_TO_PART[:patch].count(part)]}'
    for patch, part in enumerate(PATCH_TO_PART))
NUM_PARTS, NUM_PATCHES = len(PART_NAMES), len(PATCH_NAMES)
#: What changes places in a mirrored picture: (left, right). The head's two
#: patches do, the torso's do not.
PART_FLIP_PAIRS = ((3, 2), (4, 5), (7, 6), (9, 8), (10, 11), (12, 13))
PATCH_FLIP_PAIRS = tuple(
    (patch, patch + 1) for patch in range(3, NUM_PATCHES, 2))
#: Masks of parts are squares of this side, stretched over the person's box.
MASK_SIZE = 256
#: What ``dp_x`` and ``dp_y`` count up to, from the box's near to its far side.
POINT_RANGE = 255.
#: Most points of one person.
MAX_POINTS = 196
