# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Scenes: who stands where, what is in front of whom, which labels remain."""
from dataclasses import dataclass
from typing import List, Tuple

import numpy as np

from projects.qanet.utils.errors import InputError
from .backgrounds import draw_background
from .canvas import Canvas
from .foreground import draw_obstacle, draw_seat, ground_shadows
from .labels import MAX_PERSONS, NUM_CLASSES
from .person import Person, draw_person, invent_person
from .photo import photograph

#: A person of whom fewer pixels can be seen is not drawn at all.
MIN_VISIBLE_AREA = 160
MIN_SIZE = 64


@dataclass
class SyntheticScene:
    """A picture and its labels.

    Attributes:
        image (np.ndarray): (H, W, 3), uint8, BGR.
        category_map (np.ndarray): (H, W), uint8, values of
            :class:`~projects.qanet.synthetic.labels.Part`.
        human_map (np.ndarray): (H, W), uint8, 0 background, persons 1 to N
            without gaps.
        jpeg_quality (int): Quality with which the picture should be stored,
            its share of camera noise.
    """
    image: np.ndarray
    category_map: np.ndarray
    human_map: np.ndarray
    jpeg_quality: int = 90

    @property
    def num_persons(self) -> int:
        """Number of labelled persons."""
        return int(self.human_map.max())

    @property
    def instance_map(self) -> np.ndarray:
        """Part instances, ``(human - 1) * 20 + category``, (H, W) uint8."""
        human = self.human_map.astype(np.int64)
        codes = (human - 1) * NUM_CLASSES + self.category_map
        return np.where(human > 0, codes, 0).astype(np.uint8)

    def instance_table(self) -> np.ndarray:
        """Rows of Instance_ids/*.txt.

        Returns:
            np.ndarray: (K, 3) int64: instance id, category, human id,
            ascending; only instances that have pixels.
        """
        ids = np.unique(self.instance_map)
        ids = ids[ids > 0].astype(np.int64)
        return np.stack([ids, ids % NUM_CLASSES, ids // NUM_CLASSES + 1],
                        axis=1)

    def boxes(self) -> np.ndarray:
        """Tight boxes around the visible pixels of each person.

        Returns:
            np.ndarray: (N, 4) int64, xywh in px, row k is human k + 1.
        """
        boxes = []
        for human in range(1, self.num_persons + 1):
            ys, xs = np.nonzero(self.human_map == human)
            low = np.array([xs.min(), ys.min()])
            high = np.array([xs.max(), ys.max()])
            boxes.append(np.concatenate([low, high - low + 1]))
        return np.array(boxes, np.int64).reshape(-1, 4)

    def areas(self) -> np.ndarray:
        """Visible pixels of each person, (N, ) int64."""
        counts = np.bincount(
            self.human_map.ravel(), minlength=self.num_persons + 1)
        return counts[1:].astype(np.int64)


@dataclass
class _Placed:
    """A person with its place in the picture."""
    person: Person
    scale: float
    origin: Tuple[float, float]

    @property
    def feet(self) -> float:
        """y of the ground below the person, px."""
        return self.origin[1] + self.person.skeleton.ground * self.scale


def draw_scene(
    rng: np.random.Generator,
    size: Tuple[int, int] = (400, 300),
    num_people: Tuple[int, int] = (2, 4)
) -> SyntheticScene:
    """Draw a scene with people.

    Persons of whom too little would be visible (other people, an obstacle
    or the border hide them) are not drawn, so everybody in the picture is
    labelled and every label belongs to somebody. Things carried or in front
    of people are background.

    Args:
        rng (np.random.Generator): Source of all draws.
        size (tuple[int, int]): Width and height in px, at least 64 each.
            Defaults to (400, 300).
        num_people (tuple[int, int]): Fewest and most persons to invent, 1
            to 12. Fewer may remain, never none. Defaults to (2, 4).

    Returns:
        SyntheticScene: Picture and labels.

    Raises:
        InputError: If ``size`` or ``num_people`` is out of range.
    """
    check_arguments(size, num_people)
    width, height = size
    tilt = np.deg2rad(rng.uniform(4, 14))
    horizon = rng.uniform(.1, .4) * height
    side = rng.uniform(-.8, .8)
    light = (side, -rng.uniform(.3, .6))
    background = draw_background(rng, width, height, horizon)
    count = int(rng.integers(num_people[0], num_people[1] + 1))
    placed = _place(rng, count, size, horizon, tilt)
    obstacle_seed = int(rng.integers(2**62))
    while True:
        canvas = Canvas(ground_shadows(background, _spots(placed), side))
        _draw_all(canvas, placed, light, obstacle_seed)
        image, codes = canvas.reduce()
        hidden = _hidden(codes, len(placed), size)
        if not hidden.any() or len(placed) == 1:
            break
        # At least the nearest person stays.
        hidden[-1] &= not hidden.all()
        placed = [p for p, gone in zip(placed, hidden) if not gone]
    human = np.where(codes > 0, codes // NUM_CLASSES + 1, 0).astype(np.uint8)
    category = codes % NUM_CLASSES
    return SyntheticScene(
        photograph(rng, image), category, human, int(rng.integers(72, 95)))


def check_arguments(size: Tuple[int, int], num_people: Tuple[int,
                                                             int]) -> None:
    """Refuse sizes and numbers that cannot be drawn.

    Args:
        size (tuple[int, int]): Width and height in px.
        num_people (tuple[int, int]): Fewest and most persons.

    Raises:
        InputError: Naming the argument, what it is and what is allowed.
    """
    if min(size) < MIN_SIZE:
        raise InputError(f'size (w, h) must be at least {MIN_SIZE} px each, '
                         f'got {tuple(size)}')
    low, high = num_people
    if not 1 <= low <= high <= MAX_PERSONS:
        raise InputError('num_people must be (fewest, most) within 1 to '
                         f'{MAX_PERSONS}, got {tuple(num_people)}')


def _place(rng: np.random.Generator, count: int, size: Tuple[int, int],
           horizon: float, tilt: float) -> List[_Placed]:
    """Invent persons and spread them over the picture, far ones first."""
    width, height = size
    eye = rng.uniform(4.6, 7.4)
    spread = (rng.permutation(count) + rng.uniform(.32, .68, count)) / count
    placed = []
    for k in range(count):
        # A generator of their own: dropping one leaves the others alone.
        own = np.random.default_rng(int(rng.integers(2**62)))
        person = invent_person(own, tilt)
        near = own.random() < .1
        share = own.uniform(1.1, 1.4) if near else own.uniform(.62, .97)
        scale = share * height / 7.6
        feet = horizon + eye * scale
        if not near:
            feet = min(feet, height * own.uniform(.93, 1.02))
        # Heads stay inside; close people are cut off by the lower border.
        highest = own.uniform(.02, .25 if near else .06) * height
        tall = (person.skeleton.ground - person.head_top()) * scale
        feet = highest + tall if near else max(feet, highest + tall)
        x = spread[k] * width + own.normal(0, .03) * width
        placed.append(
            _Placed(person, scale, (x, feet - person.skeleton.ground * scale)))
    return sorted(placed, key=lambda p: (p.scale, p.origin))


def _spots(placed: List[_Placed]) -> List[Tuple[float, float, float]]:
    return [(p.origin[0], p.feet, p.scale) for p in placed]


def _draw_all(canvas: Canvas, placed: List[_Placed],
              light: Tuple[float, float], obstacle_seed: int) -> None:
    rng = np.random.default_rng(obstacle_seed)
    # Never in front of the nearest person only: it would just be clutter.
    slot = int(rng.integers(1, 4)) if rng.random() < .16 else None
    for k, item in enumerate(placed):
        if slot is not None and k == len(placed) - slot:
            draw_obstacle(rng, canvas, item.scale, item.feet)
        if item.person.pose.seated:
            draw_seat(canvas, item.origin, item.feet, item.scale)
        draw_person(canvas, item.person, item.origin, item.scale, k + 1, light)


def _hidden(codes: np.ndarray, count: int, size: Tuple[int,
                                                       int]) -> np.ndarray:
    """Which persons show too little of themselves, (count, ) bool."""
    human = np.where(codes > 0, codes // NUM_CLASSES + 1, 0)
    areas = np.bincount(human.ravel(), minlength=count + 1)[1:]
    least = min(MIN_VISIBLE_AREA, size[0] * size[1] // 100)
    return areas < least
