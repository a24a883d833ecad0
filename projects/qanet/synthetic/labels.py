# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The CIHP label set as the drawing code uses it.

Left and right are the person's own sides: of somebody who faces the camera
the right arm (15) is at image left.
"""
from enum import IntEnum

#: Instance_ids hold ``(human - 1) * NUM_CLASSES + part``.
NUM_CLASSES = 20

#: Most persons whose part instances fit into one uint8 map.
MAX_PERSONS = 12


class Part(IntEnum):
    """Category values of CIHP."""
    BACKGROUND = 0
    HAT = 1
    HAIR = 2
    GLOVE = 3
    SUNGLASSES = 4
    UPPER_CLOTHES = 5
    DRESS = 6
    COAT = 7
    SOCKS = 8
    PANTS = 9
    TORSO_SKIN = 10
    SCARF = 11
    SKIRT = 12
    FACE = 13
    LEFT_ARM = 14
    RIGHT_ARM = 15
    LEFT_LEG = 16
    RIGHT_LEG = 17
    LEFT_SHOE = 18
    RIGHT_SHOE = 19
