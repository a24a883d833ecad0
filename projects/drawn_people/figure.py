# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""One body on the canvas: from heads to pixels."""
from dataclasses import dataclass, field
from typing import List, Optional, Sequence, Tuple, Union

import numpy as np

from .body import SPINE, Build, Pose, solve
from .canvas import Canvas
from .geometry import strip
from .labels import NUM_CLASSES, Limb, Part
from .outfit import Outfit, Worn
from .surface import Chain, Cloth, Material

#: Cross-sections of the trunk: positions on the spine and half depths.
LEVELS = np.array([-.2, 0., .15, .36, .56, .74, .88, .95, 1.])
_DEPTHS = np.array([.44, .48, .46, .4, .45, .5, .44, .34, .26])
#: Half axes of the skull in heads.
HEAD_X, HEAD_Y, HEAD_Z = .37, .5, .43
#: How far the chin lies in front of the skull's middle, heads.
SKULL_SLANT = .06
#: Cross-sections along a limb: position (1 elbow or knee) and half width.
WIDTHS_AT = np.array([0., .35, .7, 1., 1.3, 1.65, 2.])
WIDTHS = {
    'arm': [.19, .2, .185, .168, .182, .155, .12],
    'leg': [.35, .335, .275, .215, .245, .195, .14],
    'trousers': [.37, .36, .31, .26, .25, .225, .205]
}


@dataclass(frozen=True)
class Spot:
    """Middle (of the hips) and ground of an item, px, and pixels per head."""
    x: float
    feet: float
    scale: float


@dataclass
class Piece:
    """What is painted at once: polygons (N, 2), px, wrapped around a chain."""
    polygons: List[np.ndarray]
    chain: Chain
    #: Polygon, BGR colour and opacity of what is printed on it.
    patches: List[Tuple] = field(default_factory=list)
    #: Curves (N, 2), px, their width in heads and BGR colour.
    lines: List[Tuple] = field(default_factory=list)
    shade: Optional[List[np.ndarray]] = None  # throws the shadow; None: all
    joined: bool = False  # grows out of the trunk and shares its light


@dataclass(frozen=True)
class Garment:
    """One layer, made of a piece of the outfit."""
    cloth: str
    part: Union[Part, Tuple[Part, Part]]  # its label; of left and right
    shape: str  # a function of ``shapes`` or ``heads``
    shadow: float = 0.  # strength, 0 to 1
    below: str = ''  # the cloth that hides it completely
    chain: str = ''
    start: Optional[float] = 0.  # on the chain; None: see Worn.ends
    stop: Optional[float] = 0.
    ease: float = 0.  # how far it stands off, heads
    flare: float = 0.  # how much further at its lower end


def trunk_sections(build: Build) -> Tuple[np.ndarray, np.ndarray]:
    """Half widths and half depths of the trunk at ``LEVELS``, heads."""
    waist, chest, hips = build.waist, build.chest, build.hips
    widths = np.array([
        hips * .92, hips, hips * .95, waist, (waist + chest) * .51,
        chest * 1.02, build.shoulder * 1.1, build.shoulder * .7, .25
    ])
    return widths, _DEPTHS * build.limbs


def skull_sections(elevation: np.ndarray,
                   grow: float = 1.) -> Tuple[np.ndarray, ...]:
    """Of the skull at elevations, radians: y, half widths, half depths.

    y is 1 at the chin and -1 at the crown, the others are heads times
    ``grow``.
    """
    y, flat = -np.sin(elevation), np.cos(elevation) * grow
    # The jaw is narrower than the skull.
    width = HEAD_X * (1 - .3 * np.clip(y, 0, 1)**1.5) * flat
    return y, width, (HEAD_Z - .06 * y) * flat


class Figure:
    """Everything that outlines of clothes need to know about a body."""

    def __init__(self, canvas: Canvas, build: Build, pose: Pose, spot: Spot,
                 number: int, light: np.ndarray, tilt: float) -> None:
        self.canvas, self.build, self.pose = canvas, build, pose
        self.scale, self.number = spot.scale, number
        self.light = np.asarray(light, float)
        self.skeleton = solve(build, pose, tilt)
        self.origin = np.array(
            [spot.x, spot.feet - self.skeleton.ground * spot.scale])
        self._widths, self._depths = trunk_sections(build)
        left, right = self.trunk_sides([.96, .6, 0.], .06)
        radius = np.abs(right - left)[:, 0].max() / 2 / self.scale
        self._spine = (*((left + right) / 2)[[0, 2]], radius)

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Points of the view frame (..., 2 or 3), heads, to px (..., 2)."""
        return self.origin + np.asarray(points)[..., :2] * self.scale

    def facing(self) -> float:
        """How much the chest looks at the camera, 1 fully, -1 the back."""
        return float(self.skeleton.torso[2, 2])

    def limb(self, kind: str, i: int) -> Chain:
        """Left (0) or right (1) arm or leg, or a leg in trousers."""
        joints, limb = ((self.skeleton.arms,
                         Limb.LEFT_ARM) if kind == 'arm' else
                        (self.skeleton.legs, Limb.LEFT_LEG))
        bones = self.pixels(joints[i, :3])
        points = [
            np.interp(WIDTHS_AT, [0, 1, 2], column) for column in bones.T
        ]
        radii = np.array(WIDTHS[kind]) * self.build.limbs * self.scale
        return Chain(limb + i, np.stack(points, axis=1), radii, WIDTHS_AT)

    def axis(self, start, end, radius, limb, at) -> Chain:
        """One bone between two points, px, of a half width in heads."""
        radii = np.full(2, radius * self.scale)
        return Chain(limb, np.stack([start, end]), radii, np.array(at))

    def skull(self) -> Chain:
        """The head, from the crown (1) to the chin (-1)."""
        top, chin = self.head_local([[0, -HEAD_Y, 0], [0, HEAD_Y, 0]])
        return self.axis(top, chin, .46 * self.build.head, Limb.HEAD, (1, -1))

    def spine(self, widen: float = 1.) -> Chain:
        """What lies around the trunk, from the neck (1) to below the feet."""
        top, low, radius = self._spine
        return self.axis(top, top + (low - top) * 3, radius * widen * 1.08,
                         Limb.TRUNK, (.96, .96 * -2))

    def trunk(self, level, azimuth, ease=0.) -> np.ndarray:
        """Points on the surface of the trunk, px (N, 2); numbers or arrays.

        ``level`` is 0 at the hips and 1 at the neck; ``azimuth`` 0 is the
        front, positive to the person's left, radians; what lies behind the
        outline is moved there; clothes stand off by ``ease``, heads.
        """
        level, azimuth, ease = np.broadcast_arrays(
            np.atleast_1d(level), azimuth, ease)
        width, depth = (
            np.interp(level, LEVELS, half) + ease
            for half in (self._widths, self._depths))
        rot = self.skeleton.torso
        azimuth = _visible(azimuth, width, depth, rot)
        x, z = width * np.sin(azimuth), depth * np.cos(azimuth)
        return self.pixels((rot @ [x, -level * SPINE, z]).T)

    def trunk_sides(self, levels, ease=0.) -> Tuple[np.ndarray, np.ndarray]:
        """Outline of the trunk at image left and right, px (N, 2) each."""
        left, right = _middle(self.skeleton.torso) + np.array([-2.4, 2.4])
        return self.trunk(levels, left, ease), self.trunk(levels, right, ease)

    def head_points(self, azimuth, elevation, grow=1.) -> np.ndarray:
        """Points on the skull, px (N, 2), from angles in degrees.

        Azimuth 0 is the nose, positive to the person's left; ``grow`` is a
        factor on the radius; what is hidden is moved to the outline.
        """
        az, el = np.deg2rad(
            np.broadcast_arrays(np.atleast_1d(azimuth), elevation))
        y, width, depth = skull_sections(el, grow)
        az = _visible(az, width, depth, self.skeleton.head)
        x, z = width * np.sin(az), depth * np.cos(az) + SKULL_SLANT * y
        return self.head_local(np.stack([x, HEAD_Y * y * grow, z], axis=1))

    def head_front(self) -> float:
        """Azimuth on the head that looks at the camera, degrees."""
        return float(np.degrees(_middle(self.skeleton.head)))

    def head_outline(self, low: float, grow: float) -> np.ndarray:
        """Outline of the skull above an elevation, degrees, px (N, 2)."""
        rise, front = np.linspace(low, 90, 9), self.head_front()
        left, right = (
            self.head_points(front + side, rise, grow) for side in (-135, 135))
        return np.concatenate([left, right[::-1]])

    def head_local(self, points: Sequence) -> np.ndarray:
        """Points (N, 3) of the head's frame, heads from its middle, to px."""
        seen = np.asarray(points) @ self.skeleton.head.T * self.build.head
        return self.pixels(self.skeleton.skull + seen)

    def head_depth(self, azimuth: float) -> float:
        """How much a direction around the head, degrees, looks at us."""
        rot, az = self.skeleton.head, np.deg2rad(azimuth)
        return float(rot[2, 0] * np.sin(az) + rot[2, 2] * np.cos(az))

    def paint(self, piece: Piece, material: Material, part: int,
              shadow: float) -> None:
        """Paint and label a piece, with its shadow on what is below."""
        canvas, scale = self.canvas, self.scale
        code = (self.number - 1) * NUM_CLASSES + part
        if shadow:
            offset = (np.array([0, 1]) - self.light) * .048 * scale
            canvas.shadow(piece.shade or piece.polygons, offset, .08 * scale,
                          shadow)
        cloth = Cloth(piece.chain, material, scale, self.light)
        if piece.joined:
            cloth.body = Cloth(self.spine(), material, scale, self.light)
        canvas.fill(piece.polygons, cloth, code)
        for polygon, color, opacity in piece.patches:
            canvas.tint([polygon], color, opacity, code)
        for curves, width, color in piece.lines:
            strips = [strip(curve, width * scale / 2) for curve in curves]
            canvas.tint(strips, color, 1., code)


@dataclass(frozen=True)
class Look:
    """A garment on a body: what its outline depends on."""
    figure: Figure
    outfit: Outfit
    worn: Worn
    row: Garment
    start: float
    stop: float
    i: int

    def dark(self, share: float) -> np.ndarray:
        """Colour of seams."""
        return self.worn.material.base * share


def _middle(rot: np.ndarray, width=1., depth=1.) -> np.ndarray:
    """Azimuth that looks at the camera, of an upright ellipse."""
    return np.arctan2(width * rot[0, 0], depth * rot[0, 2]) - np.pi / 2


def _visible(azimuth, width, depth, rot: np.ndarray) -> np.ndarray:
    """Move azimuths behind an upright ellipse's outline onto it."""
    middle = _middle(rot, width, depth)
    delta = (azimuth - middle + np.pi) % (2 * np.pi) - np.pi
    return middle + np.clip(delta, -np.pi / 2, np.pi / 2)
