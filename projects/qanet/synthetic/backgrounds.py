# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Cluttered places without people: streets, rooms, parks, shops, lights."""
from typing import Callable, Dict

import cv2
import numpy as np

from .props import (draw_box, draw_car, draw_frame, draw_lamp_post,
                    draw_leaves, draw_rack, draw_shelf, draw_sofa, draw_tree,
                    fill_polygon, vertical)
from .textures import cloth_color, hsv, noise_tile, wall_color


def draw_background(rng: np.random.Generator, width: int, height: int,
                    horizon: float) -> np.ndarray:
    """Draw a place.

    Args:
        rng (np.random.Generator): Source of all draws.
        width (int): Width in px.
        height (int): Height in px.
        horizon (float): y of the horizon in px; floors start below it.

    Returns:
        np.ndarray: Image of shape (height, width, 3), uint8, BGR.
    """
    image = np.zeros((height, width, 3), np.uint8)
    floor = int(
        np.clip(horizon + rng.uniform(.06, .3) * height, .3 * height,
                .82 * height))
    kind = str(rng.choice(list(PLACES), p=_WEIGHTS))
    PLACES[kind](rng, image, floor)
    _grain(rng, image)
    # A camera focuses on people; what is behind them is softer and paler.
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(.5, 1.8))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None]
    paler = rng.uniform(.45, .8)
    return (image * paler + grey * (1 - paler)).astype(np.uint8)


def _grain(rng: np.random.Generator, image: np.ndarray) -> None:
    """Uneven surfaces: stretched noise over everything."""
    height, width = image.shape[:2]
    size = (int(width * rng.uniform(.7, 2.5)),
            int(height * rng.uniform(.7, 2.5)))
    tile = cv2.resize(
        noise_tile((16, 32, 64)), (max(size[0], width), max(size[1], height)))
    strength = rng.uniform(4, 16)
    patch = tile[:height, :width] * strength
    image[:] = np.clip(image + patch[..., None], 0, 255)


def _ground(rng: np.random.Generator, image: np.ndarray, floor: int,
            color: np.ndarray) -> None:
    """A floor with perspective lines."""
    height, width = image.shape[:2]
    image[floor:] = vertical(height - floor, width, color * .85, color * 1.08)
    vanish = np.array([rng.uniform(0, width), floor - .15 * height])
    pick = rng.random()
    dark = color * rng.uniform(.7, .9)
    if pick < .55:
        for x in np.arange(-2 * width, 3 * width,
                           rng.uniform(.12, .4) * width):
            start = vanish + (np.array([x, height]) - vanish) * (
                (floor - vanish[1]) / (height - vanish[1]))
            cv2.line(image, tuple(int(v) for v in start), (int(x), height),
                     [float(c) for c in dark], 1, cv2.LINE_AA)
    if pick < .35:
        for t in np.geomspace(.08, 1, 6):
            y = int(floor + (height - floor) * t)
            cv2.line(image, (0, y), (width, y), [float(c) for c in dark], 1)


def _street(rng: np.random.Generator, image: np.ndarray, floor: int) -> None:
    height, width = image.shape[:2]
    sky = hsv(
        rng.uniform(190, 225), rng.uniform(.05, .5), rng.uniform(.6, .98))
    image[:floor] = vertical(floor, width, sky, sky * .6 + 100)
    x = -rng.uniform(0, .2) * width
    while x < width:
        step = rng.uniform(.15, .4) * width
        top = floor - rng.uniform(.35, 1.1) * floor
        _house(rng, image, (x, top, x + step, floor))
        x += step * rng.uniform(.9, 1.1)
    _ground(rng, image, floor,
            hsv(rng.uniform(0, 360), .06, rng.uniform(.4, .75)))
    for _ in range(rng.integers(0, 3)):
        draw_car(rng, image, rng.uniform(0, width),
                 floor + rng.uniform(0, .06) * height,
                 rng.uniform(.1, .22) * height)
    for _ in range(rng.integers(1, 4)):
        draw_lamp_post(rng, image, rng.uniform(0, width),
                       floor + rng.uniform(0, .12) * height)
    for _ in range(rng.integers(0, 2)):
        draw_tree(rng, image, rng.uniform(0, width), floor,
                  rng.uniform(.5, .9) * height)


def _house(rng: np.random.Generator, image: np.ndarray, box: tuple) -> None:
    x0, y0, x1, y1 = box
    wall = wall_color(rng)
    fill_polygon(image, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)], wall)
    glass = wall * rng.uniform(.3, .7) + rng.uniform(0, 60)
    columns, rows = rng.integers(2, 6), rng.integers(2, 7)
    dx, dy = (x1 - x0) / columns, (y1 - max(y0, -20)) / rows
    for i in range(columns):
        for j in range(rows):
            a, b = x0 + (i + .22) * dx, y0 + (j + .2) * dy
            pane = glass * rng.uniform(.8, 1.25)
            draw_box(image, (a, b, a + .56 * dx, b + .6 * dy), pane)


def _room(rng: np.random.Generator, image: np.ndarray, floor: int) -> None:
    height, width = image.shape[:2]
    wall = wall_color(rng)
    image[:floor] = vertical(floor, width, wall * 1.05, wall * .88)
    if rng.random() < .4:
        step = int(rng.integers(8, 26))
        image[:floor, ::step] = np.clip(wall * .85, 0, 255)
    _ground(
        rng, image, floor,
        hsv(rng.uniform(25, 50), rng.uniform(.03, .25), rng.uniform(.55, .9)))
    draw_box(image, (0, floor - 5, width, floor), wall * .7)
    for _ in range(rng.integers(1, 4)):
        draw_frame(rng, image, rng.uniform(0, width),
                   rng.uniform(.1, .7) * floor,
                   rng.uniform(.12, .35) * floor)
    if rng.random() < .5:
        draw_shelf(rng, image, rng.uniform(0, width), floor,
                   rng.uniform(.5, .9) * floor)
    if rng.random() < .55:
        draw_sofa(rng, image,
                  rng.uniform(.1, .9) * width, floor + .08 * height,
                  rng.uniform(.14, .24) * height)
    if rng.random() < .5:
        draw_lamp_post(rng, image, rng.uniform(0, width), floor)
    if rng.random() < .3:
        draw_rack(rng, image,
                  rng.uniform(.1, .9) * width, floor,
                  rng.uniform(.4, .6) * height)


def _park(rng: np.random.Generator, image: np.ndarray, floor: int) -> None:
    height, width = image.shape[:2]
    sky = hsv(rng.uniform(190, 220), rng.uniform(.1, .5), rng.uniform(.7, 1.))
    image[:floor] = vertical(floor, width, sky, sky * .5 + 120)
    _foliage(rng, image, floor)
    grass = hsv(
        rng.uniform(75, 125), rng.uniform(.25, .55), rng.uniform(.45, .75))
    image[floor:] = vertical(height - floor, width, grass * .8, grass * 1.1)
    blades = rng.integers(0, width * 100, 500)
    for x in blades:
        y = int(floor + (x % 100) / 100 * (height - floor))
        cv2.line(image, (x // 100, y), (x // 100 + 2, y - 4),
                 [float(c) for c in grass * (.7 + .6 * (x % 7) / 7)], 1)
    if rng.random() < .6:
        path = rng.uniform(0, width, 4)
        fill_polygon(image, [(path[0], floor), (path[0] + .1 * width, floor),
                             (path[1] + .5 * width, height),
                             (path[1], height)], (150, 165, 172))
    for _ in range(rng.integers(1, 4)):
        draw_tree(rng, image, rng.uniform(0, width),
                  floor + rng.uniform(0, .1) * height,
                  rng.uniform(.5, 1.) * height)


def _foliage(rng: np.random.Generator, image: np.ndarray, floor: int) -> None:
    """A hedge of overlapping leaf clumps up to the floor line."""
    width = image.shape[1]
    green = hsv(
        rng.uniform(60, 140), rng.uniform(.25, .5), rng.uniform(.15, .3))
    top = rng.uniform(.35, .8) * floor
    x = np.linspace(0, width, 12)
    ridge = top + rng.normal(0, .06, 12) * floor
    fill_polygon(image, [(0, floor), *zip(x, ridge), (width, floor)], green)
    for _ in range(8):
        center = rng.uniform(0, width), rng.uniform(top, floor)
        draw_leaves(rng, image[:floor], center, (.3 * width, .25 * floor), 45)


def _shop(rng: np.random.Generator, image: np.ndarray, floor: int) -> None:
    height, width = image.shape[:2]
    wall = wall_color(rng)
    image[:floor] = vertical(floor, width, wall, wall * .8)
    _ground(rng, image, floor, hsv(30, rng.uniform(0, .2), rng.uniform(.5,
                                                                       .9)))
    for _ in range(rng.integers(1, 4)):
        draw_shelf(rng, image, rng.uniform(0, width), floor,
                   rng.uniform(.5, 1.) * floor)
    for _ in range(rng.integers(1, 3)):
        draw_rack(rng, image,
                  rng.uniform(.05, .95) * width,
                  floor + rng.uniform(0, .1) * height,
                  rng.uniform(.4, .65) * height)
    for _ in range(rng.integers(0, 3)):
        draw_frame(rng, image, rng.uniform(0, width),
                   rng.uniform(.1, .5) * floor,
                   rng.uniform(.2, .4) * floor)


def _lights(rng: np.random.Generator, image: np.ndarray, floor: int) -> None:
    """Out of focus: soft discs of light, skin and cloth colours."""
    height, width = image.shape[:2]
    small = vertical(height // 4, width // 4, cloth_color(rng, .2, .8),
                     wall_color(rng))
    skins = ((150, 180, 222), (100, 140, 195), (70, 100, 150))
    for _ in range(rng.integers(20, 50)):
        color = cloth_color(rng) if rng.random() < .75 else np.array(
            skins[rng.integers(3)], float)
        center = rng.uniform(0, 1, 2) * (width / 4, height / 4)
        radius = int(rng.uniform(.02, .12) * height / 4) + 1
        cv2.circle(small, tuple(int(c) for c in center), radius,
                   [float(c) for c in color], -1, cv2.LINE_AA)
    small = cv2.GaussianBlur(small, (0, 0), rng.uniform(.6, 2.))
    image[:] = cv2.resize(
        small, (width, height), interpolation=cv2.INTER_CUBIC)


PLACES: Dict[str, Callable] = dict(
    street=_street, room=_room, park=_park, shop=_shop, lights=_lights)
_WEIGHTS = (.27, .25, .22, .18, .08)
