# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Scenes of drawn people and things, for instance segmentation."""
from dataclasses import dataclass
from typing import Callable, List, Optional, Tuple

import numpy as np

from projects.qanet.utils.errors import InputError
from .backgrounds import draw_background
from .canvas import Canvas
from .foreground import draw_obstacle, draw_seat, ground_shadows
from .instances_shapes import Spot
from .instances_things import THINGS, draw_thing
from .labels import MAX_PERSONS, NUM_CLASSES
from .person import draw_person, invent_person
from .photo import photograph
from .scene import MIN_SIZE

#: Class names; category ids are their positions from 1.
CLASSES = ('person', *THINGS)
#: An instance of which fewer pixels can be seen is not drawn at all.
MIN_VISIBLE_AREA = 60


@dataclass
class InstanceScene:
    """A picture, its instances and their classes.

    Attributes:
        image (np.ndarray): (H, W, 3), uint8, BGR.
        instance_map (np.ndarray): (H, W), uint8, 0 background, instances 1
            to N without gaps: the visible pixels of each.
        categories (np.ndarray): (N, ), int64, category id of instance k + 1,
            the position of its class in :data:`CLASSES` from 1.
        jpeg_quality (int): Quality with which the picture should be stored.
    """
    image: np.ndarray
    instance_map: np.ndarray
    categories: np.ndarray
    jpeg_quality: int = 90

    def masks(self) -> np.ndarray:
        """Visible pixels of each instance, (N, H, W) bool; disjoint."""
        ids = np.arange(1, len(self.categories) + 1)
        return self.instance_map[None] == ids[:, None, None]


@dataclass
class _View:
    """What all items of a scene share."""
    size: Tuple[int, int]
    horizon: float
    eye: float
    light: Tuple[float, float]
    tilt: float


@dataclass
class _Item:
    """Something to draw: what it is, where, and how it is drawn again."""
    kind: str
    feet: float
    draw: Callable[[Canvas, int], None]
    shadow: Tuple[float, float, float]


def draw_instance_scene(
    rng: np.random.Generator,
    size: Tuple[int, int] = (320, 240),
    num_people: Tuple[int, int] = (1, 2),
    num_things: Tuple[int, int] = (3, 6)
) -> InstanceScene:
    """Draw a scene with people and things that hide parts of each other.

    Everything of the named classes is labelled; what is almost hidden is not
    drawn. Hand bags, seats and obstacles are background.

    Args:
        rng (np.random.Generator): Source of all draws.
        size (tuple[int, int]): Width and height in px, at least 64 each.
            Defaults to (320, 240).
        num_people (tuple[int, int]): Fewest and most persons to invent.
            Defaults to (1, 2).
        num_things (tuple[int, int]): Fewest and most things. Both together
            at least 1 and at most 12. Defaults to (3, 6).

    Returns:
        InstanceScene: Picture and labels. Fewer instances may remain, in a
        small picture even none.

    Raises:
        InputError: If a size or a number is out of range.
    """
    check_instance_arguments(size, num_people, num_things)
    view = _draw_view(rng, size)
    background = draw_background(rng, *size, view.horizon)
    items = _invent_items(rng, view, num_people, num_things)
    obstacle_seed = int(rng.integers(2**62)) if rng.random() < .25 else None
    while True:
        canvas = _draw_all(background, items, view, obstacle_seed)
        image, codes = canvas.reduce()
        numbers = np.where(codes > 0, codes // NUM_CLASSES + 1, 0)
        areas = np.bincount(numbers.ravel(), minlength=len(items) + 1)[1:]
        seen = areas >= min(MIN_VISIBLE_AREA, size[0] * size[1] // 100)
        if seen.all():
            break
        # Each has a generator of its own: the others are drawn as before.
        items = [item for item, keep in zip(items, seen) if keep]
    categories = [CLASSES.index(item.kind) + 1 for item in items]
    return InstanceScene(
        photograph(rng, image), numbers.astype(np.uint8),
        np.array(categories, np.int64), int(rng.integers(72, 95)))


def check_instance_arguments(size: Tuple[int, int], num_people: Tuple[int,
                                                                      int],
                             num_things: Tuple[int, int]) -> None:
    """Refuse sizes and numbers that cannot be drawn.

    Args:
        size (tuple[int, int]): Width and height in px.
        num_people (tuple[int, int]): Fewest and most persons.
        num_things (tuple[int, int]): Fewest and most things.

    Raises:
        InputError: Naming the argument, what it is and what is allowed.
    """
    if min(size) < MIN_SIZE:
        raise InputError(f'size (w, h) must be at least {MIN_SIZE} px each, '
                         f'got {tuple(size)}')
    for name, (low, high) in (('num_people', num_people), ('num_things',
                                                           num_things)):
        if not 0 <= low <= high <= MAX_PERSONS:
            raise InputError(f'{name} must be (fewest, most) within 0 to '
                             f'{MAX_PERSONS}, got {(low, high)}')
    if num_people[0] + num_things[0] < 1:
        raise InputError('num_people and num_things must not both begin at 0')
    if num_people[1] + num_things[1] > MAX_PERSONS:
        raise InputError(
            'num_people and num_things together must be at most '
            f'{MAX_PERSONS}, got {num_people[1]} and {num_things[1]}')


def _draw_view(rng: np.random.Generator, size: Tuple[int, int]) -> _View:
    side = rng.uniform(-.8, .8)
    return _View(size,
                 rng.uniform(.1, .4) * size[1], rng.uniform(4.6, 7.4),
                 (side, -rng.uniform(.3, .6)), np.deg2rad(rng.uniform(4, 14)))


def _invent_items(rng: np.random.Generator, view: _View,
                  num_people: Tuple[int, int],
                  num_things: Tuple[int, int]) -> List[_Item]:
    """People and things, far ones first."""
    count = int(rng.integers(num_people[0], num_people[1] + 1))
    kinds = ['person'] * count
    count = int(rng.integers(num_things[0], num_things[1] + 1))
    kinds += [str(kind) for kind in rng.choice(list(THINGS), count)]
    items = []
    for kind in kinds:
        own = np.random.default_rng(int(rng.integers(2**62)))
        invent = _invent_person if kind == 'person' else _invent_thing
        items.append(invent(own, kind, view))
    return sorted(items, key=lambda item: item.feet)


def _invent_person(rng: np.random.Generator, kind: str, view: _View) -> _Item:
    width, height = view.size
    person = invent_person(rng, view.tilt)
    scale = rng.uniform(.5, .95) * height / 7.6
    tall = (person.skeleton.ground - person.head_top()) * scale
    feet = min(view.horizon + view.eye * scale, rng.uniform(.9, 1.05) * height)
    feet = max(feet, rng.uniform(.02, .08) * height + tall)
    x = rng.uniform(.08, .92) * width
    origin = (x, feet - person.skeleton.ground * scale)

    def draw(canvas: Canvas, number: int) -> None:
        if person.pose.seated:
            draw_seat(canvas, origin, feet, scale)
        draw_person(canvas, person, origin, scale, number, view.light)

    return _Item(kind, feet, draw, (x, feet, scale))


def _invent_thing(rng: np.random.Generator, kind: str, view: _View) -> _Item:
    width, height = view.size
    near = rng.uniform(.4, 1.02)
    feet = view.horizon + near * (height - view.horizon)
    scale = (feet - view.horizon) / view.eye * np.exp(rng.normal(0, .25))
    scale = min(scale, height / 8)
    spot = Spot(rng.uniform(.04, .96) * width, feet, scale, view.light)
    seed = int(rng.integers(2**62))

    def draw(canvas: Canvas, number: int) -> None:
        # Any code of this number will do: a thing has no parts.
        draw_thing(
            np.random.default_rng(seed), kind, canvas, spot,
            (number - 1) * NUM_CLASSES + 1)

    blot = .3 if kind == 'balloon' else .8
    return _Item(kind, feet, draw, (spot.x, feet, blot * scale))


def _draw_all(background: np.ndarray, items: List[_Item], view: _View,
              obstacle_seed: Optional[int]) -> Canvas:
    """Far items first, perhaps with an obstacle in the middle of them."""
    if items:
        background = ground_shadows(background,
                                    [item.shadow for item in items],
                                    view.light[0])
    canvas = Canvas(background)
    for k, item in enumerate(items):
        if obstacle_seed is not None and k == (len(items) + 1) // 2:
            draw_obstacle(
                np.random.default_rng(obstacle_seed), canvas,
                max((item.feet - view.horizon) / view.eye, 4.), item.feet)
        item.draw(canvas, k + 1)
    return canvas
