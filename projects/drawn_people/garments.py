# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""One table of garments, and the painter of all of them."""
from typing import Dict, Tuple

from . import heads, shapes
from .figure import Figure, Garment, Look
from .labels import Part
from .outfit import Outfit

_ARMS = (Part.LEFT_ARM, Part.RIGHT_ARM)
_LEGS = (Part.LEFT_LEG, Part.RIGHT_LEG)
_SHOES = (Part.LEFT_SHOE, Part.RIGHT_SHOE)
_TOP = Part.UPPER_CLOTHES
# yapf: disable
#: Layers of each region of the body, inner ones first.
GARMENTS: Dict[str, Tuple[Garment, ...]] = {
    'arm': (
        Garment('skin', _ARMS, 'hand', below='gloves'),
        Garment('skin', _ARMS, 'tube', 'arm', 0., 2., 0., 0., .3),
        Garment('gloves', Part.GLOVE, 'hand'),
        Garment('gloves', Part.GLOVE, 'tube', 'arm', 1.58, 2., .05, .02),
        Garment('top', _TOP, 'tube', 'arm', 0., None, .04, .03, 0, 'coat'),
        Garment('dress', Part.DRESS, 'tube', 'arm', 0., None, .04, .03, 0,
                'coat'),
        Garment('coat', Part.COAT, 'tube', 'arm', 0., None, .06, .04, .35)),
    'leg': (
        Garment('skin', _LEGS, 'tube', 'leg', 0., 2., 0., 0., .3),
        Garment('socks', Part.SOCKS, 'tube', 'leg', None, 2., .03),
        Garment('shoes', _SHOES, 'shoe'),
        Garment('pants', Part.PANTS, 'tube', 'trousers', 0., None, .01, 0.,
                .3)),
    'seat': (
        Garment('pants', Part.PANTS, 'trunk', 'trunk', .24, -.1, .03), ),
    'trunk': (
        Garment('skin', Part.TORSO_SKIN, 'trunk', 'trunk', 1., .1),
        Garment('skin', Part.TORSO_SKIN, 'neck'),
        Garment('top', _TOP, 'trunk', 'trunk', .96, None, .03, .03, .35),
        Garment('dress', Part.DRESS, 'trunk', 'trunk', .96, None, .03, .02,
                .4),
        Garment('skirt', Part.SKIRT, 'trunk', 'trunk', .3, None, .05, 0., .4),
        Garment('coat', Part.COAT, 'coat', 'trunk', .96, None, .06, .07, .45)),
    'head': (
        Garment('scarf', Part.SCARF, 'scarf', shadow=.45),
        Garment('skin', Part.FACE, 'ears', shadow=.3),
        Garment('hair', Part.HAIR, 'cap'),
        Garment('skin', Part.FACE, 'face'),
        Garment('hair', Part.HAIR, 'locks')),
    'back hair': (
        Garment('hair', Part.HAIR, 'back_hair', shadow=.3), ),
    'hat': (
        Garment('sunglasses', Part.SUNGLASSES, 'sunglasses'),
        Garment('hat', Part.HAT, 'hat', shadow=.4)),
}
# yapf: enable


def paint_region(figure: Figure, outfit: Outfit, region: str, i: int) -> None:
    """Paint all layers of a region, a key of :data:`GARMENTS`.

    ``i`` is 0 for the left and 1 for the right arm or leg.
    """
    for row in GARMENTS[region]:
        if row.cloth not in outfit or row.below in outfit:
            continue
        worn = outfit[row.cloth]
        part = row.part[i] if isinstance(row.part, tuple) else row.part
        start, stop = (
            worn.ends[row.chain] if value is None else value
            for value in (row.start, row.stop))
        outline = getattr(shapes, row.shape, None) or getattr(heads, row.shape)
        for piece in outline(Look(figure, outfit, worn, row, start, stop, i)):
            figure.paint(piece, worn.material, part, row.shadow)
