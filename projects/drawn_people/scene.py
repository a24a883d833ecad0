# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Scenes: who stands where, what is in front of whom, which labels remain."""
from dataclasses import dataclass
from typing import Callable, List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from projects.qanet.datasets.conversion.maps import persons_of
from projects.qanet.utils.errors import InputError
from .backgrounds import draw_background
from .body_surface import surface_map
from .canvas import Canvas
from .figure import Figure, Spot
from .geometry import ellipse
from .labels import MAX_PERSONS, NUM_CLASSES
from .person import paint_person, sample_person
from .things import OBSTACLES, THINGS, paint_thing, sample_thing

#: Classes of instance scenes; category ids are their positions from 1.
CLASSES = ('person', *THINGS)
#: A person, and a person or thing of an instance scene, of which fewer pixels
#: can be seen is not drawn at all.
MIN_PERSON_AREA, MIN_INSTANCE_AREA, MIN_SIZE = 160, 60, 64
_Pair = Tuple[int, int]


@dataclass
class Scene:
    """A picture, (H, W, 3) uint8 BGR, and what is where in it.

    The maps are (H, W) uint8: categories of CIHP, or of :data:`CLASSES` from 1
    where there are things besides people; and numbers of the persons (and
    things) from 1 without gaps, their visible pixels. Both are 0 elsewhere.
    The picture should be stored with ``jpeg_quality``.
    """
    image: np.ndarray
    category_map: np.ndarray
    number_map: np.ndarray
    jpeg_quality: int = 90
    #: Patch (0: no person), U and V, (H, W, 3) float32, where asked for.
    surface: Optional[np.ndarray] = None

    def boxes(self) -> np.ndarray:
        """Tight boxes of persons (and things), (N, 4) int64, xywh in px."""
        boxes = [person['bbox'] for person in persons_of(self.number_map)]
        return np.array(boxes, np.int64).reshape(-1, 4)


class _View:
    """What all items of a scene share; ``eye`` is the camera's height."""

    def __init__(self, rng: np.random.Generator, size: _Pair) -> None:
        self.size = size
        self.horizon = rng.uniform(.1, .4) * size[1]
        self.eye = rng.uniform(4.6, 7.4)
        self.tilt = np.deg2rad(rng.uniform(4, 14))
        self.light = np.array([rng.uniform(-.8, .8), -rng.uniform(.3, .6)])


class _Item(NamedTuple):
    """Somebody or something, painted as often as needed in the same way."""
    kind: str
    spot: Spot
    paint: Callable[[Canvas, int], Optional[Figure]]


def draw_scene(rng: np.random.Generator,
               size: _Pair = (400, 300),
               num_people: _Pair = (2, 4),
               num_things: Optional[_Pair] = None,
               surface: bool = False) -> Scene:
    """Draw people, or people and things, who hide parts of each other.

    Seats and obstacles are background. Who is almost hidden is left out, so
    fewer may remain; of a scene without things at least one person.

    Args:
        rng (np.random.Generator): Source of all draws.
        size (tuple[int, int]): Width and height in px, at least 64 each.
        num_people (tuple[int, int]): Fewest and most persons to invent,
            within 1 to 12.
        num_things (tuple[int, int], optional): Fewest and most things, 12
            together with the persons, of whom there may be 0 then. Defaults
            to None: a scene for parsing.
        surface (bool): Also tell which point of a body each pixel shows; all
            else stays the same. Defaults to False.

    Raises:
        InputError: If a size or a number is out of range.
    """
    check_arguments(size, num_people, num_things)
    view = _View(rng, size)
    people, things = (int(rng.integers(low, high + 1))
                      for low, high in (num_people, num_things or (0, 0)))
    spread = (rng.permutation(people) + rng.uniform(.25, .75, people)) / people
    near = .1 if num_things is None else 0.
    # Each has a generator of its own: dropping one leaves the others alone.
    items = [
        _sample_person(seed, view, x, near)
        for seed, x in zip(rng.integers(2**62, size=people), spread)
    ]
    seeds = rng.integers(2**62, size=things)
    items += [_sample_thing(seed, view) for seed in seeds]
    items.sort(key=lambda item: item.spot.feet)
    least = MIN_PERSON_AREA if num_things is None else MIN_INSTANCE_AREA
    image, codes, items, points = _compose(rng, view, items, least, surface)
    numbers = _numbers(codes)
    categories = codes % NUM_CLASSES
    if num_things is not None:
        kinds = [0, *(CLASSES.index(item.kind) + 1 for item in items)]
        categories = np.array(kinds, np.uint8)[numbers]
    return Scene(image, categories, numbers, int(rng.integers(72, 95)), points)


def check_arguments(size: _Pair, num_people: _Pair,
                    num_things: Optional[_Pair]) -> None:
    """Refuse arguments of :func:`draw_scene` by :class:`InputError`."""
    if min(size) < MIN_SIZE:
        raise InputError(f'size (w, h) must be at least {MIN_SIZE} px each, '
                         f'got {tuple(size)}')
    least, things = (1, (0, 0)) if num_things is None else (0, num_things)
    for name, pair, low in (('num_people', num_people, least), ('num_things',
                                                                things, 0)):
        if not low <= pair[0] <= pair[1] <= MAX_PERSONS:
            raise InputError(f'{name} must be (fewest, most) within {low} '
                             f'to {MAX_PERSONS}, got {tuple(pair)}')
    fewest, most = np.add(num_people, things)
    if fewest < 1:
        raise InputError('num_people and num_things must not both begin at 0')
    if most > MAX_PERSONS:
        raise InputError('num_people and num_things together must be at most '
                         f'{MAX_PERSONS}, got {num_people[1]} and {things[1]}')


def _sample_person(seed: int, view: _View, x: float, share: float) -> _Item:
    """Somebody, almost as high as the picture, or (a share) nearer."""
    rng, (width, height) = np.random.default_rng(seed), view.size
    person = sample_person(rng)
    near = rng.random() < share
    scale = rng.uniform(*((1.1, 1.4) if near else (.62, .97))) * height / 7.6
    ground, tall = person.extent(view.tilt)
    # Heads stay inside; close people are cut off by the lower border.
    feet = tall * scale + rng.uniform(.02, .25 if near else .06) * height
    if not near:
        lowest = rng.uniform(.93, 1.02) * height
        feet = max(feet, min(view.horizon + view.eye * scale, lowest))
    spot = Spot(x * width, feet, scale)
    seat = sample_thing(rng, 'seat', ground - .3)

    def paint(canvas: Canvas, number: int) -> Figure:
        if person.pose.seated:
            paint_thing(canvas, seat, spot, 0, view.light)
        return paint_person(canvas, person, spot, number, view.light,
                            view.tilt)

    return _Item('person', spot, paint)


def _sample_thing(seed: int, view: _View) -> _Item:
    rng, (width, height) = np.random.default_rng(seed), view.size
    feet = view.horizon + rng.uniform(.4, 1.02) * (height - view.horizon)
    scale = (feet - view.horizon) / view.eye * np.exp(rng.normal(0, .25))
    spot = Spot(rng.uniform(.04, .96) * width, feet, min(scale, height / 8))
    kind = str(rng.choice(list(THINGS)))
    thing = sample_thing(rng, kind)

    def paint(canvas: Canvas, number: int) -> None:
        # Any code of this number will do: a thing has no parts.
        code = (number - 1) * NUM_CLASSES + 1
        paint_thing(canvas, thing, spot, code, view.light)

    return _Item(kind, spot, paint)


def _numbers(codes: np.ndarray) -> np.ndarray:
    return np.where(codes > 0, codes // NUM_CLASSES + 1, 0).astype(np.uint8)


def _compose(rng: np.random.Generator, view: _View, items: List[_Item],
             least: int, surface: bool) -> Tuple:
    """Picture, codes, the items that can be seen, far ones first; surface."""
    background = draw_background(rng, *view.size, view.horizon)
    seed = int(rng.integers(2**62))
    while True:
        canvas = Canvas(_shadowed(background, items, view), surface)
        figures = _paint_all(canvas, items, view, np.random.default_rng(seed))
        image, codes = canvas.reduce()
        areas = np.bincount(_numbers(codes).ravel(), None, len(items) + 1)[1:]
        seen = areas >= min(least, np.prod(view.size) // 100)
        if least == MIN_PERSON_AREA and not seen.any():
            seen[-1] = True  # at least the nearest person stays
        if seen.all():
            points = surface_map(canvas.reduce_coordinates(), codes,
                                 figures) if surface else None
            return photograph(rng, image), codes, items, points
        items = [item for item, keep in zip(items, seen) if keep]


def _paint_all(canvas: Canvas, items: List[_Item], view: _View,
               rng: np.random.Generator) -> List[Optional[Figure]]:
    """Items from far to near, perhaps with an obstacle in between.

    Returns the body of each person, None of each thing.
    """
    figures = []
    slot = int(rng.integers(1, 4)) if rng.random() < .16 else 0
    for k, item in enumerate(items):
        if k == len(items) - slot:
            x, feet = rng.uniform(.05, .95) * view.size[0], item.spot.feet
            spot = Spot(x, feet, max((feet - view.horizon) / view.eye, 4.))
            thing = sample_thing(rng, str(rng.choice(list(OBSTACLES)[:2])))
            paint_thing(canvas, thing, spot, 0, view.light)
        figures.append(item.paint(canvas, k + 1))
    return figures


def _shadowed(background: np.ndarray, items: List[_Item],
              view: _View) -> np.ndarray:
    """Darken the ground around the feet."""
    mask = np.zeros(background.shape[:2], np.float32)
    side, blur = view.light[0], 3.
    for item in items:
        scale = {'person': 1., 'balloon': .3}.get(item.kind, .8)
        scale *= item.spot.scale
        blur = max(blur, .25 * scale)
        blots = (side, .05, 1.1 + abs(side), .26, .5), (0, .08, .9, .16, .7)
        for along, up, wide, high, dark in blots:
            center = item.spot.x - along * scale, item.spot.feet - up * scale
            blot = ellipse(center, (wide * scale, high * scale))
            cv2.fillPoly(mask, [np.round(blot).astype(np.int32)], dark)
    size = (int(blur) | 1, ) * 2
    mask = cv2.blur(cv2.blur(mask, size), size)
    return (background * (1 - mask[..., None] * .75)).astype(np.uint8)


def photograph(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Make a clean drawing (H, W, 3) uint8 look like a camera's picture."""
    blur = rng.uniform(0, .7)
    if blur > .35:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    # Exposure, contrast and colour cast.
    gain = rng.uniform(.94, 1.14) * rng.normal(1, .04, 3)
    gamma, lift = rng.uniform(.75, 1.1), rng.uniform(0, .06)
    grey = np.arange(256)[:, None] / 255
    table = np.clip((lift + (1 - lift) * grey**gamma * gain) * 255, 0, 255)
    # Light fades across the picture and towards its corners.
    y, x = np.ogrid[-1:1:1j * image.shape[0], -1:1:1j * image.shape[1]]
    angle, slope = rng.uniform(0, 2 * np.pi), rng.uniform(0, .25)
    light = 1 + slope * (np.cos(angle) * x + np.sin(angle) * y)
    light -= rng.uniform(0, .14) * (x * x + y * y)
    light = light.astype(np.float32)[..., None]
    grain = rng.standard_normal(image.shape[:2], np.float32)[..., None]
    out = cv2.LUT(image, table.astype(np.uint8)[None]) * light
    out += np.float32(rng.uniform(1, 4)) * grain
    return np.clip(out, 0, 255, out=out).astype(np.uint8)
