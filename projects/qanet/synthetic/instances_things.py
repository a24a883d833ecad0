# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Balls, balloons, crates, bottles, umbrellas and signs to segment.

Some shapes are shared on purpose (a ball, a balloon and a round sign; a
closed umbrella and a post) and some have thin parts or holes (strings, slats,
handles), so that neither classes nor masks come for free.
"""
from typing import Callable, Dict

import numpy as np

from .brushes import axis_brush, plain_brush
from .canvas import Canvas
from .geometry import ellipse, rotation, smooth_open
from .instances_shapes import (Spot, any_material, canopy, globe_brush, ribbon,
                               shaded_brush, slats)
from .textures import cloth_color, hsv


def draw_thing(rng: np.random.Generator, kind: str, canvas: Canvas, spot: Spot,
               code: int) -> None:
    """Draw one thing with its label.

    Args:
        rng (np.random.Generator): Source of shape and colours.
        kind (str): A key of :data:`THINGS`.
        canvas (Canvas): Where to draw.
        spot (Spot): Where it stands and how large a head would be there.
        code (int): Label to write, 1 to 255.
    """
    THINGS[kind](rng, canvas, spot, code)


def draw_ball(rng: np.random.Generator, canvas: Canvas, spot: Spot,
              code: int) -> None:
    """A ball that lies on the ground or hops.

    Args:
        rng (np.random.Generator): Source of size and colours.
        canvas (Canvas): Where to draw.
        spot (Spot): Where it is.
        code (int): Label to write.
    """
    radius = rng.uniform(.35, 1.1) * spot.scale
    hop = rng.uniform(.5, 3) * spot.scale if rng.random() < .25 else 0.
    center = np.array([spot.x, spot.feet - radius - hop])
    shape = ellipse(center, (radius, radius), num=32)
    canvas.fill([shape], globe_brush(rng, spot, center, radius), code)


def draw_balloon(rng: np.random.Generator, canvas: Canvas, spot: Spot,
                 code: int) -> None:
    """A balloon on a string; the string belongs to it.

    Args:
        rng (np.random.Generator): Source of size and colours.
        canvas (Canvas): Where to draw.
        spot (Spot): Where the string ends, or nearly.
        code (int): Label to write.
    """
    scale = spot.scale
    radius = rng.uniform(.45, 1.) * scale
    tall = radius * rng.uniform(1.05, 1.35)
    sway = rng.normal(0, .8, 2) * scale
    top = spot.feet - rng.uniform(3.5, 6.) * scale
    center = np.array([spot.x + sway[0], top])
    knot = center + [0, tall]
    end = np.array([spot.x, knot[1] + rng.uniform(1., 2.4) * scale])
    middle = (knot + end) / 2 + [sway[1] * .4, 0]
    half = max(.6, rng.uniform(.03, .06) * scale)
    canvas.fill([ribbon(smooth_open([knot, middle, end]), half)],
                plain_brush(cloth_color(rng, .5)), code)
    beak = np.array([[0, -.2], [.16, .16], [-.16, .16]]) * scale + knot
    canvas.fill([ellipse(center, (radius, tall), num=32), beak],
                globe_brush(rng, spot, center, tall), code)


def draw_crate(rng: np.random.Generator, canvas: Canvas, spot: Spot,
               code: int) -> None:
    """A box seen from above; one in three is made of slats with gaps.

    Args:
        rng (np.random.Generator): Source of size and colours.
        canvas (Canvas): Where to draw.
        spot (Spot): Where it stands.
        code (int): Label to write.
    """
    scale, x, low = spot.scale, spot.x, spot.feet
    wide, high = rng.uniform(.7, 1.9) * scale, rng.uniform(.9, 2.6) * scale
    deep = np.array([
        rng.choice([-1, 1]) * rng.uniform(.2, .6), -rng.uniform(.2, .5)
    ]) * scale
    corners = np.array([[x - wide, low - high], [x + wide, low - high],
                        [x + wide, low], [x - wide, low]])
    brush = axis_brush(corners[0], corners[3], 3 * wide, any_material(rng),
                       scale, np.asarray(spot.light))
    near = [1, 2] if deep[0] > 0 else [0, 3]
    side = np.concatenate([corners[near], corners[near[::-1]] + deep])
    lid = np.concatenate([corners[:2], corners[1::-1] + deep])
    if rng.random() < .35:
        canvas.fill(slats(corners, int(rng.integers(3, 5))), brush, code)
        canvas.fill(
            slats(side[[0, 3, 2, 1]], 3), shaded_brush(brush, .7), code)
        return
    canvas.fill([side], shaded_brush(brush, .65), code)
    canvas.fill([lid], shaded_brush(brush, 1.2), code)
    canvas.fill([corners], brush, code)
    canvas.stroke(corners, .05 * scale, cloth_color(rng, .1, .5), True)


def draw_bottle(rng: np.random.Generator, canvas: Canvas, spot: Spot,
                code: int) -> None:
    """A bottle or vase, upright or lying, with a label on it.

    Args:
        rng (np.random.Generator): Source of shape and colours.
        canvas (Canvas): Where to draw.
        spot (Spot): Where it stands.
        code (int): Label to write.
    """
    high = rng.uniform(1.3, 3.4) * spot.scale
    half = high * rng.uniform(.13, .24)
    neck = half * rng.uniform(.22, .6)
    shoulder, collar = rng.uniform(.4, .6), rng.uniform(.64, .78)
    waist = half * rng.uniform(.75, 1.05)
    right = smooth_open([(half * .9, 0), (half, -.05), (waist, -.25),
                         (half, -shoulder), (neck, -collar), (neck, -.97),
                         (neck * 1.2, -1.)], 3)
    right[:, 1] *= high
    outline = np.concatenate([right, right[::-1] * [-1, 1]])
    axis = np.array([[0., -high], [0., 0.]])
    patch = np.array([[-.96, -.35], [.96, -.35], [.96, -.16], [-.96, -.16]
                      ]) * [waist, high]
    foot = np.array([spot.x, spot.feet])
    if rng.random() < .25:  # lying on its side
        turn = rotation(rng.choice([-1, 1]) * np.pi / 2)
        outline, axis, patch = (p @ turn.T for p in (outline, axis, patch))
        foot = foot - [0, half]
    brush = axis_brush(axis[0] + foot, axis[1] + foot, half, any_material(rng),
                       spot.scale, np.asarray(spot.light))
    canvas.fill([outline + foot], brush, code)
    if rng.random() < .6:
        canvas.fill([patch + foot], plain_brush(cloth_color(rng, .4)), code)


def draw_umbrella(rng: np.random.Generator, canvas: Canvas, spot: Spot,
                  code: int) -> None:
    """An umbrella: open on its stick, or closed and leaning.

    Args:
        rng (np.random.Generator): Source of shape and colours.
        canvas (Canvas): Where to draw.
        spot (Spot): Where its stick ends.
        code (int): Label to write.
    """
    scale = spot.scale
    high = rng.uniform(3., 5.5) * scale
    turn = rotation(rng.normal(0, .2))
    foot = np.array([spot.x, spot.feet])
    half = max(.8, rng.uniform(.05, .1) * scale)
    stick = np.array([[-half, -high], [half, -high], [half, 0], [-half, 0]])
    bend = ellipse((half + .18 * scale, 0), (.22 * scale, .3 * scale), 0, 0,
                   np.pi * 9 / 8, 9)
    hook = ribbon(bend, half * .9)
    if rng.random() < .3:
        top = np.array([(0, -high), (.32, -high * .45), (.12, -high * .3)])
        cloth = np.concatenate([top, (top * [-1, 1])[::-1]])
        cloth[:, 0] *= scale
        middle = .35 * scale
    else:
        middle = rng.uniform(1.3, 2.5) * scale
        cloth = canopy(middle, rng.uniform(.4, .75) * middle, high)
    wood = plain_brush(hsv(25, rng.uniform(.1, .6), rng.uniform(.15, .8)))
    canvas.fill([p @ turn.T + foot for p in (stick, hook)], wood, code)
    top, low = (np.array([[0, -high], [0, 0]]) @ turn.T + foot)
    canvas.fill([cloth @ turn.T + foot],
                axis_brush(top, low, middle, any_material(rng), scale,
                           np.asarray(spot.light)), code)


def draw_sign(rng: np.random.Generator, canvas: Canvas, spot: Spot,
              code: int) -> None:
    """A road sign: a round, square, pointed or eight-sided board on a post.

    Args:
        rng (np.random.Generator): Source of shape and colours.
        canvas (Canvas): Where to draw.
        spot (Spot): Where its post stands.
        code (int): Label to write.
    """
    scale = spot.scale
    high, radius = rng.uniform(2.6, 5.5) * scale, rng.uniform(.6, 1.3) * scale
    half = max(.7, rng.uniform(.05, .13) * scale)
    post = np.array([[-half, -high], [half, -high], [half, 0], [-half, 0]])
    corners = int(rng.choice([3, 4, 8, 32]))
    start = rng.choice([0., np.pi / corners]) + np.pi / 2
    board = ellipse((0, -high), (radius, radius), 0, start, start + 2 * np.pi,
                    corners)
    foot = np.array([spot.x, spot.feet])
    canvas.fill([post + foot], plain_brush([rng.uniform(50, 190)] * 3), code)
    canvas.fill([board + foot], plain_brush(cloth_color(rng)), code)
    inner = (board - [0, -high]) * rng.uniform(.6, .85) + [0, -high]
    canvas.fill([inner + foot],
                axis_brush(foot - [0, high + radius], foot, 2 * radius,
                           any_material(rng), scale, np.asarray(spot.light)),
                code)


#: How each kind is drawn, in the order of the categories.
THINGS: Dict[str, Callable] = dict(
    ball=draw_ball,
    balloon=draw_balloon,
    crate=draw_crate,
    bottle=draw_bottle,
    umbrella=draw_umbrella,
    sign=draw_sign)
