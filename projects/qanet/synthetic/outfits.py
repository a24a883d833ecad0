# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What one person wears and looks like: seeded choice of everything."""
from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np

from .textures import TILE, Material, hsv
from .wardrobe import draw_cloth

#: Lightest to darkest skin, BGR.
_SKINS = ((196, 214, 243), (172, 197, 233), (148, 178, 222), (118, 152, 205),
          (92, 128, 184), (72, 102, 152), (54, 78, 120), (42, 58, 92))
_HAIRS = ((24, 24, 28), (30, 36, 48), (36, 52, 80), (48, 78, 122),
          (88, 142, 190), (130, 186, 220), (40, 70, 150), (150, 150, 156))


@dataclass
class Outfit:
    """Looks of one person; lengths of limbs count joints (1 elbow or knee).

    Attributes:
        skin (Material): Skin.
        hair (Material): Hair.
        hair_style (str): short, buzz, long, bob, bun, ponytail or curly.
        fringe (float): How far the hair comes down the forehead, 0 to 1.
        top (Material): Upper clothes, or the whole dress.
        sleeve (float): Sleeve of the top, 0 none, 1 elbow, 2 wrist.
        neckline (float): Depth of the neckline on the spine.
        v_neck (bool): Pointed instead of round.
        hem (float): Lower end of the top on the spine, 0 at the hips.
        print_kind (str): none, logo, buttons or tie.
        lower_kind (str): pants, shorts, skirt or dress.
        lower (Material): Pants or skirt.
        lower_length (float): Along the leg, 1 knee, 2 ankle.
        flare (float): Widening of skirts and trouser legs in heads.
        coat (Material, optional): Coat or jacket.
        coat_length (float): Along the leg.
        coat_open (bool): Shows what is below.
        scarf (Material, optional): Scarf.
        scarf_tails (int): Hanging ends, 0 to 2.
        hat (Material, optional): Hat.
        hat_kind (str): cap, beanie or brim.
        glasses (np.ndarray, optional): Colour of sunglasses, BGR.
        gloves (Material, optional): Gloves.
        socks (Material, optional): Socks.
        sock_height (float): Start along the leg, 1 knee, 2 ankle.
        shoes (Material): Shoes.
        shoe_kind (str): sneaker, boot or pump.
        sole (np.ndarray): Colour of the sole, BGR.
        bag (Material, optional): Hand bag, which has no label.
        bag_hand (int): 0 left, 1 right.
    """
    skin: Material
    hair: Material
    hair_style: str
    fringe: float
    top: Material
    sleeve: float
    neckline: float
    v_neck: bool
    hem: float
    print_kind: str
    lower_kind: str
    lower: Material
    lower_length: float
    flare: float
    coat: Optional[Material]
    coat_length: float
    coat_open: bool
    scarf: Optional[Material]
    scarf_tails: int
    hat: Optional[Material]
    hat_kind: str
    glasses: Optional[np.ndarray]
    gloves: Optional[Material]
    socks: Optional[Material]
    sock_height: float
    shoes: Material
    shoe_kind: str
    sole: np.ndarray
    bag: Optional[Material]
    bag_hand: int


def draw_outfit(rng: np.random.Generator, female: bool) -> Outfit:
    """Draw clothes, hair and skin.

    Rare classes of CIHP (hat, sunglasses, glove, scarf, socks) are worn by
    about a third of the people, so that a small data set holds enough.

    Args:
        rng (np.random.Generator): Source of all draws.
        female (bool): Prefers dresses, skirts and longer hair.

    Returns:
        Outfit: Everything.
    """
    skin, hair = _body_colors(rng)
    lower_kind, lower, length, flare = _lower(rng, female)
    dressed = lower_kind == 'dress'
    top = lower if dressed else draw_cloth(rng, 'top')
    sleeve = float(
        rng.choice([0., .45, .6, .95, 1.9], p=[.18, .32, .27, .05, .18]))
    coat, coat_length, coat_open = _coat(rng)
    bare = length < 1.6
    socks, sock_height = _socks(rng, bare)
    shoes, shoe_kind, sole = _shoes(rng, female, bare)
    return Outfit(
        skin=skin,
        hair=hair,
        hair_style=_hair_style(rng, female),
        fringe=rng.uniform(0, 1),
        top=top,
        sleeve=sleeve,
        neckline=rng.uniform(.05, .24 if female else .16),
        v_neck=bool(rng.random() < .45),
        hem=float(rng.choice([.34, .1, 0., -.12], p=[.1, .3, .4, .2])),
        print_kind='none' if dressed else str(
            rng.choice(['none', 'logo', 'buttons', 'tie'],
                       p=[.4, .25, .25, .1])),
        lower_kind=lower_kind,
        lower=lower,
        lower_length=length,
        flare=flare,
        coat=coat,
        coat_length=coat_length,
        coat_open=coat_open,
        scarf=draw_cloth(rng, 'scarf') if rng.random() < .26 else None,
        scarf_tails=int(rng.integers(1, 3)),
        hat=draw_cloth(rng, 'hat') if rng.random() < .36 else None,
        hat_kind=str(rng.choice(['cap', 'beanie', 'brim'], p=[.4, .35, .25])),
        glasses=_glasses(rng) if rng.random() < .28 else None,
        gloves=draw_cloth(rng, 'glove') if rng.random() < .24 else None,
        socks=socks,
        sock_height=sock_height,
        shoes=shoes,
        shoe_kind=shoe_kind,
        sole=sole,
        bag=draw_cloth(rng, 'bag') if rng.random() < .12 else None,
        bag_hand=int(rng.integers(2)))


def _body_colors(rng: np.random.Generator) -> Tuple[Material, Material]:
    skin = np.array(_SKINS[rng.integers(len(_SKINS))], float)
    hair = np.array(_HAIRS[rng.choice(len(_HAIRS))], float)
    if skin.sum() < 330:
        hair = np.array(_HAIRS[rng.integers(3)], float)
    skin = np.clip(skin + rng.normal(0, 7, 3), 20, 250)
    hair = np.clip(hair + rng.normal(0, 6, 3), 8, 250)
    return (Material(skin, folds=.03, gloss=.03),
            Material(
                hair,
                accent=hair * .6,
                pattern='strands',
                scale=.1,
                folds=.16,
                gloss=.07,
                offset=(rng.uniform(0, TILE), 0.)))


def _hair_style(rng: np.random.Generator, female: bool) -> str:
    if female:
        return str(
            rng.choice(['long', 'bob', 'bun', 'ponytail', 'curly', 'short'],
                       p=[.4, .18, .14, .14, .08, .06]))
    return str(
        rng.choice(['short', 'buzz', 'curly', 'long'], p=[.66, .18, .1, .06]))


def _lower(rng: np.random.Generator,
           female: bool) -> Tuple[str, Material, float, float]:
    """Kind, cloth, length along the leg and flare of what is below."""
    pick = rng.random()
    if female and pick < .38:
        return ('dress', draw_cloth(rng, 'dress'), rng.uniform(.6, 1.5),
                rng.uniform(.15, .5))
    if female and pick < .76:
        return ('skirt', draw_cloth(rng, 'skirt'), rng.uniform(.55, 1.3),
                rng.uniform(.15, .5))
    cloth = draw_cloth(rng, 'pants')
    if pick > .8:
        return 'shorts', cloth, rng.uniform(.6, 1.), rng.uniform(.03, .1)
    length = rng.choice([2., 1.84, 1.7], p=[.4, .35, .25])
    return 'pants', cloth, float(length), rng.uniform(.0, .08)


def _coat(rng: np.random.Generator) -> Tuple[Optional[Material], float, bool]:
    if rng.random() > .3:
        return None, 0., False
    is_open = bool(rng.random() < .7)
    return draw_cloth(rng, 'coat'), rng.uniform(.3, 1.1), is_open


def _socks(rng: np.random.Generator,
           bare: bool) -> Tuple[Optional[Material], float]:
    if rng.random() > (.7 if bare else .5):
        return None, 2.
    return draw_cloth(rng, 'socks'), rng.uniform(1.25, 1.6) if bare else 1.5


def _shoes(rng: np.random.Generator, female: bool,
           bare: bool) -> Tuple[Material, str, np.ndarray]:
    kind = str(
        rng.choice(['sneaker', 'boot', 'pump'],
                   p=[.6, .15, .25] if female else [.75, .25, 0.]))
    if kind == 'boot' and not bare:
        kind = 'sneaker'
    cloth = draw_cloth(rng, 'shoes')
    bright = rng.random() < .7 and kind == 'sneaker'
    sole = np.full(3, 225.) if bright else cloth.base * .4
    return cloth, kind, sole


def _glasses(rng: np.random.Generator) -> np.ndarray:
    return hsv(rng.uniform(0, 360), rng.uniform(0, .6), rng.uniform(.04, .2))
