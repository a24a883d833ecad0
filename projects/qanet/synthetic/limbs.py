# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Arms with sleeves, hands and gloves; legs with trousers, socks, shoes."""
from typing import List, Optional, Tuple

import numpy as np

from .brushes import Brush, joined_brush
from .figure import Figure
from .geometry import (ellipse, hull_around, limb_outline, sub_chain, tapered,
                       unit)
from .labels import Part
from .outfits import Outfit
from .textures import Material

ARMS = (Part.LEFT_ARM, Part.RIGHT_ARM)
LEGS = (Part.LEFT_LEG, Part.RIGHT_LEG)
SHOES = (Part.LEFT_SHOE, Part.RIGHT_SHOE)

#: Cross-sections along a limb: position (1 elbow or knee) and radius.
_AT = np.array([0., .35, .7, 1., 1.3, 1.65, 2.])
_ARM = np.array([.19, .2, .185, .168, .182, .155, .12])
_LEG = np.array([.35, .335, .275, .215, .245, .195, .14])
_TROUSER = np.array([.37, .36, .31, .26, .25, .225, .205])


class Limb:
    """An arm or a leg in pixels.

    Args:
        figure (Figure): The person.
        joints (np.ndarray): Three joints (3, 3), view frame.
        radii (np.ndarray): Radii at the cross-sections, heads.
    """

    def __init__(self, figure: Figure, joints: np.ndarray,
                 radii: np.ndarray) -> None:
        self.figure = figure
        bones = figure.pixels(joints)
        self.points = np.stack(
            [np.interp(_AT, [0, 1, 2], bones[:, k]) for k in range(2)], axis=1)
        self.radii = radii * figure.scale

    def at(self, position: float) -> Tuple[np.ndarray, float]:
        """Cross-section at a position.

        Args:
            position (float): 0 to 2, 1 is the elbow or knee.

        Returns:
            tuple[np.ndarray, float]: Middle (2, ) and radius, px.
        """
        index = np.interp(position, _AT, np.arange(len(_AT)))
        points, radii = sub_chain(self.points, self.radii, index - 1e-3, index)
        return points[-1], float(radii[-1])

    def piece(self,
              start: float,
              stop: float,
              ease: float = 0.,
              flare: float = 0.) -> Tuple[np.ndarray, np.ndarray]:
        """Cut a piece and widen it.

        Args:
            start (float): First position, 1 is the elbow or knee.
            stop (float): Last position.
            ease (float): Added to all radii, heads.
            flare (float): Added at the end, growing from the start, heads.

        Returns:
            tuple[np.ndarray, np.ndarray]: Points (M, 2), radii (M, ), px.
        """
        steps = np.arange(len(_AT))
        first, last = np.interp([start, stop], _AT, steps)
        points, radii = sub_chain(self.points, self.radii, first, last)
        grow = ease + flare * np.linspace(0, 1, len(radii))**2
        return points, radii + grow * self.figure.scale

    def paint(self,
              part: Part,
              material: Material,
              start: float,
              stop: float,
              ease: float = 0.,
              flare: float = 0.,
              round_end: bool = True,
              shadow: float = 0.,
              body: Optional[Brush] = None) -> List[np.ndarray]:
        """Fill a piece; arguments as in :meth:`piece`.

        Args:
            part (Part): Category.
            material (Material): Surface.
            start (float): First position.
            stop (float): Last position.
            ease (float): Added to all radii, heads.
            flare (float): Added at the end, heads.
            round_end (bool): Round off the end.
            shadow (float): Strength of the shadow thrown on the body.
            body (Brush, optional): Colours of the body that the limb grows
                out of.

        Returns:
            list[np.ndarray]: The outlines that were filled.
        """
        points, radii = self.piece(start, stop, ease, flare)
        shapes = limb_outline(points, radii, round_end)
        if shadow:
            # Not at the joint itself, where limb and body are one.
            inner = min(start + .5, stop - .2)
            self.figure.shadow(
                limb_outline(*self.piece(inner, stop, ease, flare)), shadow,
                .1)
        keep = sorted({0, len(points) // 2, len(points) - 1})
        brush = self.figure.chain_brush(points[keep], radii[keep], material)
        if body is not None:
            brush = joined_brush(brush, body, points[0], points[-1],
                                 .55 * self.figure.scale)
        self.figure.fill(part, shapes, brush)
        return shapes


def make_arm(figure: Figure, i: int) -> Limb:
    """Arm of a figure.

    Args:
        figure (Figure): The person.
        i (int): 0 left, 1 right.

    Returns:
        Limb: Its joints and cross-sections in pixels.
    """
    return Limb(figure, figure.skeleton.arms[i, :3], _ARM * figure.build.limbs)


def make_leg(figure: Figure, i: int) -> Limb:
    """Leg of a figure.

    Args:
        figure (Figure): The person.
        i (int): 0 left, 1 right.

    Returns:
        Limb: Its joints and cross-sections in pixels.
    """
    return Limb(figure, figure.skeleton.legs[i], _LEG * figure.build.limbs)


def draw_arm(figure: Figure, outfit: Outfit, i: int) -> None:
    """Draw one arm with hand, glove and sleeves.

    Args:
        figure (Figure): The person.
        outfit (Outfit): What it wears.
        i (int): 0 left, 1 right.
    """
    arm = make_arm(figure, i)
    covered = outfit.coat is not None or outfit.sleeve > 1.5
    _hand(figure, outfit, arm, i)
    body = figure.trunk_brush
    arm.paint(
        ARMS[i],
        outfit.skin,
        1.6 if covered else 0.,
        2.,
        shadow=.3,
        body=None if covered else body(outfit.skin))
    if outfit.gloves is not None:
        arm.paint(Part.GLOVE, outfit.gloves, 1.58, 2., .05, .02, False)
    if outfit.sleeve > 0 and outfit.coat is None:
        part = Part.DRESS if outfit.lower_kind == 'dress' \
            else Part.UPPER_CLOTHES
        loose = .05 if outfit.sleeve > 1.5 else .03
        arm.paint(
            part,
            outfit.top,
            0.,
            outfit.sleeve,
            loose,
            .03,
            False,
            body=body(outfit.top))
        _cuff(figure, arm, outfit.top, outfit.sleeve, loose + .03)
    if outfit.coat is not None:
        arm.paint(
            Part.COAT,
            outfit.coat,
            0.,
            1.9,
            .06,
            .04,
            False,
            shadow=.35,
            body=body(outfit.coat, 1.15))
        _cuff(figure, arm, outfit.coat, 1.9, .1)


def _cuff(figure: Figure, arm: Limb, material: Material, stop: float,
          ease: float) -> None:
    middle, radius = arm.at(stop)
    before, _ = arm.at(stop - .15)
    along = unit(middle - before)
    normal = np.array([-along[1], along[0]]) * (radius + ease * figure.scale)
    line = np.stack([middle - normal, middle + normal]) - along * .04 \
        * figure.scale
    figure.stroke(line, .03, material.base * .62)


def _hand(figure: Figure, outfit: Outfit, arm: Limb, i: int) -> None:
    """Palm, thumb and a hint of fingers, or a glove."""
    scale = 1.1 * figure.scale * figure.build.limbs**.5
    wrist, tip = figure.pixels(figure.skeleton.arms[i, 2:])
    reach = tip - wrist
    along = unit(
        reach if np.hypot(*reach) > .2 * scale else wrist - arm.at(1.2)[0])
    length = max(np.hypot(*reach), .34 * scale)
    normal = np.array([-along[1], along[0]])
    inward = np.sign(normal @ (figure.pixels(figure.skeleton.neck) - wrist))
    part, material, grow = ARMS[i], outfit.skin, 1.
    if outfit.gloves is not None:
        part, material, grow = Part.GLOVE, outfit.gloves, 1.3
    knuckle, end = wrist + along * length * .5, wrist + along * length
    palm = tapered(wrist, knuckle, np.array([.1, .15, .155]) * scale * grow)
    fingers = tapered(knuckle, end,
                      np.array([.15, .145, .12, .06]) * scale * grow)
    root = wrist + along * length * .25 + normal * inward * .1 * scale
    thumb = tapered(root, root + (along * .3 + normal * inward * .14) * scale,
                    np.array([.07, .065, .04]) * scale * grow)
    brush = figure.axis_brush(wrist, end, .2 * scale, material)
    figure.shadow([palm, fingers], .25)
    figure.fill(part, [palm, fingers, thumb], brush)
    dark = material.base * .72
    for k in (-.5, 0., .5):
        shift = normal * k * .13 * scale
        figure.stroke(
            np.stack([knuckle + shift, end - along * .08 * scale + shift]),
            .015, dark)


def draw_leg(figure: Figure, outfit: Outfit, i: int) -> None:
    """Draw one leg: skin, sock, shoe and trouser leg.

    Args:
        figure (Figure): The person.
        outfit (Outfit): What it wears.
        i (int): 0 left, 1 right.
    """
    leg = make_leg(figure, i)
    long_pants = outfit.lower_kind == 'pants'
    leg.paint(LEGS[i], outfit.skin, 1.5 if long_pants else 0., 2., shadow=.3)
    if outfit.socks is not None:
        start = outfit.sock_height
        leg.paint(Part.SOCKS, outfit.socks, start, 2., .03)
    draw_shoe(figure, outfit, leg, i)
    if outfit.lower_kind in ('pants', 'shorts'):
        trouser = Limb(figure, figure.skeleton.legs[i],
                       _TROUSER * figure.build.limbs)
        trouser.paint(Part.PANTS, outfit.lower, 0., outfit.lower_length, .01,
                      outfit.flare, False, .3)


def draw_shoe(figure: Figure, outfit: Outfit, leg: Limb, i: int) -> None:
    """Draw one shoe: three round cross-sections wrapped in one outline.

    Args:
        figure (Figure): The person.
        outfit (Outfit): Colours and kind of shoe.
        leg (Limb): Gives the ankle.
        i (int): 0 left, 1 right.
    """
    scale = figure.scale
    heel, ball, toe = figure.pixels(figure.skeleton.feet[i])
    slim = .82 if outfit.shoe_kind == 'pump' else 1.
    radii = np.array([.17, .21, .165]) * scale * slim
    circles = [
        ellipse(p, (r, r * .9)) for p, r in zip((heel, ball, toe), radii)
    ]
    hull = hull_around(circles)
    ankle, radius = leg.at(2.)
    shapes = [hull]
    if outfit.shoe_kind != 'pump':
        top = 1.55 if outfit.shoe_kind == 'boot' else 1.9
        points, rad = leg.piece(top, 2., .035)
        shapes += limb_outline(points, rad)
        shapes.append(
            hull_around([
                ellipse(ankle, (radius * 1.3, radius * 1.3)), circles[0],
                ellipse(ball, (radii[1] * .6, radii[1] * .6))
            ]))
    brush = figure.axis_brush(heel, ball + unit(toe - heel) * 1e-3,
                              .24 * scale, outfit.shoes)
    figure.fill(SHOES[i], shapes, brush)
    _paint_sole(figure, hull, outfit.sole)


def _paint_sole(figure: Figure, shoe: np.ndarray, color: np.ndarray) -> None:
    """A band along the lower edge of the shoe."""
    left, right = shoe[shoe[:, 0].argmin()], shoe[shoe[:, 0].argmax()]
    chord = np.interp(shoe[:, 0], [left[0], right[0]], [left[1], right[1]])
    lower = shoe[shoe[:, 1] > chord + .02 * figure.scale]
    if len(lower) > 2:
        lower = lower[lower[:, 0].argsort()]
        figure.stroke(lower - [0., .03 * figure.scale], .06, color)
