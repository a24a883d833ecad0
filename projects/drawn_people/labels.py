# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Labels of CIHP, and limbs; left and right are the person's own sides."""
from enum import IntEnum

#: Category values of CIHP, ``Part.BACKGROUND`` is 0.
Part = IntEnum(
    'Part', 'BACKGROUND HAT HAIR GLOVE SUNGLASSES UPPER_CLOTHES DRESS COAT '
    'SOCKS PANTS TORSO_SKIN SCARF SKIRT FACE LEFT_ARM RIGHT_ARM LEFT_LEG '
    'RIGHT_LEG LEFT_SHOE RIGHT_SHOE',
    start=0)
#: Limbs; positions along them are explained in ``README.md``.
Limb = IntEnum(
    'Limb', 'NONE HEAD TRUNK LEFT_ARM RIGHT_ARM LEFT_LEG RIGHT_LEG', start=0)
#: Instance_ids hold ``(human - 1) * NUM_CLASSES + part`` in uint8.
NUM_CLASSES, MAX_PERSONS = len(Part), 12
