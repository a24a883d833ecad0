# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From persons to maps and from maps to coloured pictures, in plain numpy."""
from typing import Optional, Sequence, Tuple

import numpy as np

from projects.qanet.structures import ParsingInstances

Colour = Tuple[int, int, int]
#: Class and person of each pixel, (H, W) int; persons may be unknown.
LabelMaps = Tuple[np.ndarray, Optional[np.ndarray]]

# Far apart from each other and light enough for dark text on them, so that
# neighbours stay apart whatever they wear.
PERSON_COLOURS = ((255, 209, 59), (94, 201, 255), (255, 138, 128),
                  (151, 230, 102), (214, 162, 255), (255, 171, 64),
                  (94, 234, 212), (255, 128, 191), (198, 210, 90),
                  (140, 170, 255), (230, 190, 160), (180, 190, 200))


def person_colour(index: int) -> Colour:
    """RGB of the frame and the tag of one person; repeats after twelve."""
    return PERSON_COLOURS[index % len(PERSON_COLOURS)]


def paint_persons(instances: ParsingInstances,
                  order: Optional[Sequence[int]] = None) -> LabelMaps:
    """Paint the persons of one image into one pair of label maps.

    Later persons overwrite earlier ones where they have a part; their
    background overwrites nothing (``docs/protocol.md`` 7). ``order`` are the
    positions of those to paint, the last one on top; by default all, in
    ascending quality score, of equal ones the later listed on top.

    Returns the class of each pixel, (H, W) uint8, and the position of its
    person + 1, (H, W) int32; both 0 in the background.
    """
    width, height = instances.image_size
    category = np.zeros((height, width), dtype=np.uint8)
    owner = np.zeros((height, width), dtype=np.int32)
    if order is None:
        order = np.argsort(instances.scores, kind='stable')
    for i in order:
        part_map = instances.part_maps[i]
        x, y = (int(value) for value in instances.offsets[i])
        window = np.s_[y:y + part_map.shape[0], x:x + part_map.shape[1]]
        painted = part_map > 0
        category[window][painted] = part_map[painted]
        owner[window][painted] = i + 1
    return category, owner
