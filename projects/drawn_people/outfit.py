# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What people wear: a table of pieces, and the seeded choice among them."""
from dataclasses import dataclass, field
from typing import Dict

import numpy as np

from .surface import Material, cloth_color, sample_color

#: Share of pieces with a colour that is typical of their kind. Others may have
#: any: colour alone does not tell the class.
TYPICAL = .92
# yapf: disable
_SLEEVES = (0, 0, .45, .45, .45, .6, .6, .6, .95, 1.9, 1.9)
#: Kinds of pieces: styles; where they end on a chain, see :class:`Worn`;
#: least and most flare; patterns, their shortest and longest period in heads;
#: and typical colours, each as two hues in degrees, saturations and values.
PIECES = {
    'top': ('plain plain logo tie',
            {'arm': _SLEEVES, 'trunk': (.34, .1, .1, .1, 0, 0, 0, 0, -.12)},
            0, 0, 'plain plain bands bands plaid pinstripes', .2, .36,
            (0, 360, 0, .12, .8, 1), (0, 360, .25, .5, .75, 1),
            (190, 230, .2, .45, .75, 1)),
    'coat': ('open open closed',
             {'arm': (1.9, ), 'trunk': (-.3, -.5, -.8, -1)},
             .16, .16, 'plain plain knit', .16, .26,
             (20, 45, .25, .5, .25, .55), (210, 235, .3, .55, .15, .35),
             (0, 360, 0, .1, .18, .45), (90, 150, .15, .35, .2, .35)),
    'pants': ('-', {'trousers': (2, 2, 2, 1.84, 1.84, 1.7, 1.7, .65, .8, .95)},
              0, .08, 'plain denim', .1, .2,
              (208, 224, .4, .65, .3, .7), (208, 224, .4, .65, .3, .7),
              (32, 44, .2, .4, .5, .72), (0, 360, 0, .08, .1, .28)),
    'dress': ('-', {'arm': _SLEEVES, 'trunk': (-.6, -.8, -1, -1.25, -1.5)},
              .15, .5, 'flowers flowers dots', .35, .6,
              (325, 370, .45, .75, .6, .95), (170, 195, .35, .65, .6, .9),
              (42, 56, .45, .75, .75, .98)),
    'skirt': ('-', {'trunk': (-.55, -.75, -.9, -1.1, -1.3)},
              .15, .5, 'pleats', .16, .26,
              (265, 305, .3, .6, .35, .65), (0, 18, .5, .8, .35, .6),
              (150, 178, .4, .7, .3, .5)),
    'hat': ('cap beanie brim', {}, 0, 0, 'plain plain knit bands', .12, .2,
            (0, 14, .7, .9, .55, .9), (40, 54, .75, .95, .75, .95),
            (205, 232, .7, .9, .45, .75), (105, 140, .6, .8, .35, .6)),
    'scarf': ('short long', {}, 0, 0, 'bands bands knit', .16, .28,
              (340, 380, .65, .9, .6, .9), (25, 50, .7, .95, .7, .95),
              (120, 170, .6, .85, .4, .7)),
    'gloves': ('-', {}, 0, 0, 'plain knit', .08, .12,
               (345, 370, .65, .9, .5, .85), (270, 300, .5, .8, .45, .8)),
    'socks': ('-', {'leg': (1.25, 1.4, 1.5, 1.6)}, 0, 0,
              'bands bands plain', .14, .2, (0, 360, 0, .06, .9, 1)),
    'shoes': ('sneaker sneaker white white white boot boot pump', {}, 0, 0,
              'plain', .1, .2,
              (0, 360, 0, .15, .08, .25), (15, 35, .45, .65, .25, .45),
              (0, 360, .5, .8, .6, .9)),
    'sunglasses': ('-', {}, 0, 0, 'plain', .1, .2, (0, 360, 0, .6, .04, .2)),
}
#: What men and women wear in any case, as many words as shares.
SETS = ('top+pants', 'dress dress dress top+skirt top+skirt top+skirt '
        'top+pants top+pants')
#: What some wear besides, and their shares.
EXTRAS = {'socks': .68, 'coat': .3, 'hat': .36, 'scarf': .26, 'gloves': .24,
          'sunglasses': .28}
HAIR_STYLES = ('short short short short short short buzz buzz curly long',
               'long long long long long bob bob bob curly short')
#: Lightest to darkest skin, and hair, BGR.
_SKINS = ((196, 214, 243), (172, 197, 233), (148, 178, 222), (118, 152, 205),
          (92, 128, 184), (72, 102, 152), (54, 78, 120), (42, 58, 92))
_HAIRS = ((24, 24, 28), (30, 36, 48), (36, 52, 80), (48, 78, 122),
          (88, 142, 190), (130, 186, 220), (40, 70, 150), (150, 150, 156))
# yapf: enable


@dataclass(frozen=True)
class Worn:
    """One piece of an outfit; skin and hair are pieces, too.

    ``ends`` is where it ends on a chain (of socks, where they begin): on an
    arm 1 is the elbow and 2 the wrist, on a leg 1 the knee and 2 the ankle; on
    the trunk 1 is the neck, 0 the hips and, further down, -1 the knees.
    """
    material: Material
    style: str = ''
    ends: Dict[str, float] = field(default_factory=dict)
    flare: float = 0.  # widening at the end in heads
    depth: float = 0.  # of the neckline, or of hair on the forehead, 0 to 1
    pointed: bool = False  # V instead of a round neckline


#: Everything that somebody wears: a key of :data:`PIECES`, ``skin`` or
#: ``hair``, and the piece.
Outfit = Dict[str, Worn]


def _choose(rng: np.random.Generator, names: str) -> str:
    return str(rng.choice(names.split()))


def sample_worn(rng: np.random.Generator, kind: str) -> Worn:
    """A piece of a kind, a key of :data:`PIECES`."""
    styles, ends, low, high, patterns, *periods = PIECES[kind][:7]
    base, accent = cloth_color(rng), cloth_color(rng)
    if rng.random() < TYPICAL:
        palettes = PIECES[kind][7:]
        base = sample_color(rng, palettes[rng.integers(len(palettes))])
    pattern = _choose(rng, patterns)
    if kind == 'scarf' and rng.random() < .7:
        accent = np.full(3, 235.)
    elif kind == 'coat' or pattern in ('denim', 'pleats'):
        accent = base * (.35 if pattern == 'pleats' else 1.5)
    elif np.abs(accent - base).sum() < 150:
        accent = base + np.where(base > 127, -110, 110)
    gloss = {'shoes': rng.uniform(0, .1), 'sunglasses': .16}.get(kind, 0.)
    material = Material(base, accent, pattern, rng.uniform(*periods),
                        rng.uniform(.06, .15), gloss, rng.uniform(0, 9))
    ends = {chain: float(rng.choice(where)) for chain, where in ends.items()}
    style, flare = _choose(rng, styles), rng.uniform(low, high)
    depth, pointed = rng.uniform(.05, .2), rng.random() < .45
    return Worn(material, style, ends, flare, depth, pointed)


def sample_outfit(rng: np.random.Generator, female: bool) -> Outfit:
    """Clothes, hair and skin; ``female`` prefers dresses and longer hair."""
    skin = np.array(_SKINS[rng.integers(len(_SKINS))], float)
    dark = skin.sum() < 330
    hair = np.array(_HAIRS[rng.integers(3 if dark else len(_HAIRS))], float)
    skin = np.clip(skin + rng.normal(0, 7, 3), 20, 250)
    hair = np.clip(hair + rng.normal(0, 6, 3), 8, 250)
    start, style = rng.uniform(0, 9), _choose(rng, HAIR_STYLES[female])
    strands = Material(hair, hair * .6, 'strands', .1, .16, .07, start)
    outfit = dict(
        skin=Worn(Material(skin, folds=.03, gloss=.03)),
        hair=Worn(strands, style, depth=rng.random()))
    kinds = ['shoes', *_choose(rng, SETS[female]).split('+')]
    kinds += [kind for kind, share in EXTRAS.items() if rng.random() < share]
    outfit.update((kind, sample_worn(rng, kind)) for kind in kinds)
    return outfit
