# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Cloths: which colours and patterns each kind of garment is made of.

Most pieces look typical of their kind, as coats are mostly dark and socks
mostly pale; the rest may have any colour, so that colour alone does not tell
the class.
"""
from typing import Dict, Sequence, Tuple

import numpy as np

from .textures import TILE, Material, cloth_color, hsv

#: Share of pieces with a colour that is typical of their kind.
TYPICAL = .92

_Range = Tuple[float, float]
#: Ranges of hue (degrees), saturation and value per kind.
PALETTES: Dict[str,
               Sequence[Tuple[_Range, _Range, _Range]]] = dict(
                   top=[((0, 360), (0., .12), (.8, 1.)),
                        ((0, 360), (.25, .5), (.75, 1.)),
                        ((190, 230), (.2, .45), (.75, 1.))],
                   coat=[((20, 45), (.25, .5), (.25, .55)),
                         ((210, 235), (.3, .55), (.15, .35)),
                         ((0, 360), (0., .1), (.18, .45)),
                         ((90, 150), (.15, .35), (.2, .35))],
                   pants=[((208, 224), (.4, .65), (.3, .7)),
                          ((208, 224), (.4, .65), (.3, .7)),
                          ((32, 44), (.2, .4), (.5, .72)),
                          ((0, 360), (0., .08), (.1, .28))],
                   dress=[((325, 370), (.45, .75), (.6, .95)),
                          ((170, 195), (.35, .65), (.6, .9)),
                          ((42, 56), (.45, .75), (.75, .98))],
                   skirt=[((265, 305), (.3, .6), (.35, .65)),
                          ((0, 18), (.5, .8), (.35, .6)),
                          ((150, 178), (.4, .7), (.3, .5))],
                   hat=[((0, 14), (.7, .9), (.55, .9)),
                        ((40, 54), (.75, .95), (.75, .95)),
                        ((205, 232), (.7, .9), (.45, .75)),
                        ((105, 140), (.6, .8), (.35, .6))],
                   scarf=[((340, 380), (.65, .9), (.6, .9)),
                          ((25, 50), (.7, .95), (.7, .95)),
                          ((120, 170), (.6, .85), (.4, .7))],
                   glove=[((345, 370), (.65, .9), (.5, .85)),
                          ((270, 300), (.5, .8), (.45, .8))],
                   socks=[((0, 360), (0., .06), (.9, 1.))],
                   shoes=[((0, 360), (0., .15), (.08, .25)),
                          ((15, 35), (.45, .65), (.25, .45)),
                          ((0, 360), (.5, .8), (.6, .9))])

_PATTERNS: Dict[str, Sequence[str]] = dict(
    top=('plain', 'plain', 'bands', 'bands', 'plaid', 'pinstripes'),
    coat=('plain', 'plain', 'tweed'),
    pants=('plain', 'denim'),
    dress=('floral', 'floral', 'dots'),
    skirt=('pleats', ),
    hat=('plain', 'plain', 'knit', 'bands'),
    scarf=('bands', 'bands', 'knit'),
    glove=('plain', 'knit'),
    socks=('bands', 'bands', 'plain'),
    shoes=('plain', ),
    bag=('plain', 'plaid'))

#: Range of the period of the patterns in heads.
_SCALES: Dict[str, _Range] = dict(
    top=(.2, .36),
    coat=(.16, .26),
    pants=(.1, .2),
    dress=(.35, .6),
    skirt=(.16, .26),
    hat=(.12, .2),
    scarf=(.16, .28),
    glove=(.08, .12),
    socks=(.14, .2),
    shoes=(.1, .2),
    bag=(.2, .4))


def garment_color(rng: np.random.Generator, kind: str) -> np.ndarray:
    """Draw the main colour of a garment.

    Args:
        rng (np.random.Generator): Source of all draws.
        kind (str): A key of :data:`PALETTES`; others get any colour.

    Returns:
        np.ndarray: BGR, float64, 0 to 255.
    """
    if kind not in PALETTES or rng.random() > TYPICAL:
        return cloth_color(rng)
    ranges = PALETTES[kind][rng.integers(len(PALETTES[kind]))]
    return hsv(*(rng.uniform(*r) for r in ranges))


def draw_cloth(rng: np.random.Generator, kind: str) -> Material:
    """Draw the cloth of a garment: colours, pattern, scale and folds.

    Args:
        rng (np.random.Generator): Source of all draws.
        kind (str): top, coat, pants, dress, skirt, hat, scarf, glove, socks,
            shoes or bag.

    Returns:
        Material: The cloth.
    """
    base, accent = garment_color(rng, kind), cloth_color(rng)
    pattern = str(rng.choice(_PATTERNS[kind]))
    if kind == 'scarf' and rng.random() < .7:
        accent = np.full(3, 235.)
    elif pattern == 'denim':
        accent = np.minimum(base * 1.6 + 20, 255)
    elif pattern == 'pleats':
        accent = base * .35
    if np.abs(accent - base).sum() < 150:
        accent = np.where(base > 127, base - 110, base + 110)
    return Material(
        base=base,
        accent=accent,
        pattern=pattern,
        scale=float(rng.uniform(*_SCALES[kind])),
        folds=float(rng.uniform(.06, .15)),
        gloss=float(rng.uniform(0, .1)) if kind == 'shoes' else 0.,
        offset=(float(rng.uniform(0, TILE)), float(rng.uniform(0, TILE))))
