# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""One person on the canvas: from heads to pixels, and how light falls."""
from typing import List, Optional, Sequence, Tuple, Union

import numpy as np

from .brushes import Brush, axis_brush, chain_brush
from .canvas import Canvas
from .labels import NUM_CLASSES, Part
from .pose import SPINE, Build, Pose, Skeleton
from .textures import Material

_LEVELS = np.array([-.2, 0., .15, .36, .56, .74, .88, .95, 1.])
#: Half axes of the skull in heads.
HEAD_X, HEAD_Y, HEAD_Z = .37, .5, .43


class Figure:
    """Everything that the drawing functions need to know about one person.

    Args:
        canvas (Canvas): Where to draw.
        skeleton (Skeleton): Joints in heads.
        build (Build): Proportions.
        pose (Pose): Angles, for questions such as whether somebody sits.
        origin (tuple[float, float]): Pixel of the skeleton's origin.
        scale (float): Pixels per head.
        person (int): Human id, from 1.
        light (tuple[float, float]): Direction towards the light on the
            screen, length up to 1.
    """

    def __init__(self, canvas: Canvas, skeleton: Skeleton, build: Build,
                 pose: Pose, origin: Tuple[float, float], scale: float,
                 person: int, light: Tuple[float, float]) -> None:
        self.canvas = canvas
        self.skeleton = skeleton
        self.build = build
        self.pose = pose
        self.origin = np.asarray(origin, float)
        self.scale = scale
        self.person = person
        self.light = np.asarray(light, float)
        waist, chest, hips = build.waist, build.chest, build.hips
        shoulder = build.shoulder
        self._widths = np.array([
            hips * .92, hips, hips * .95, waist, (waist + chest) * .51,
            chest * 1.02, shoulder * 1.1, shoulder * .7, .25
        ])
        self._depths = np.array([.44, .48, .46, .4, .45, .5, .44, .34, .26
                                 ]) * build.limbs

    # ---------------------------------------------------------- positions

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Project points of the view frame.

        Args:
            points (np.ndarray): (..., 3) or (..., 2), heads.

        Returns:
            np.ndarray: (..., 2), px.
        """
        return self.origin + np.asarray(points)[..., :2] * self.scale

    def facing(self) -> float:
        """How much the chest looks at the camera, 1 fully, -1 the back."""
        return float(self.skeleton.torso[2, 2])

    def trunk(self,
              level: Union[float, Sequence[float], np.ndarray],
              azimuth: Union[float, Sequence[float], np.ndarray],
              ease: Union[float, np.ndarray] = 0.) -> np.ndarray:
        """Points on the surface of the trunk, kept on the visible side.

        Args:
            level (float | Sequence[float]): Height on the spine: 0 hips, 1
                base of the neck.
            azimuth (float | Sequence[float]): Angle around the spine, 0 is
                the front, positive to the person's left. What lies behind
                the outline is moved to the outline.
            ease (float): How far clothes stand off, heads.

        Returns:
            np.ndarray: (N, 2), px.
        """
        level, azimuth, ease = (
            np.atleast_1d(a).astype(float)
            for a in np.broadcast_arrays(level, azimuth, ease))
        width = np.interp(level, _LEVELS, self._widths) + ease
        depth = np.interp(level, _LEVELS, self._depths) + ease
        rot = self.skeleton.torso
        azimuth = _visible_azimuth(azimuth, width, depth, rot)
        local = np.stack(
            [width * np.sin(azimuth), -level * SPINE, depth * np.cos(azimuth)])
        return self.pixels((rot @ local).T)

    def trunk_sides(
        self,
        levels: Sequence[float],
        ease: Union[float,
                    Sequence[float]] = 0.) -> Tuple[np.ndarray, np.ndarray]:
        """Outline of the trunk on the left and right of the image.

        Args:
            levels (Sequence[float]): Heights on the spine.
            ease (float | Sequence[float]): How far clothes stand off.

        Returns:
            tuple[np.ndarray, np.ndarray]: Points (N, 2) at image left and
            at image right, px.
        """
        levels = np.asarray(levels, float)
        ease = np.broadcast_to(ease, levels.shape)
        width = np.interp(levels, _LEVELS, self._widths) + ease
        depth = np.interp(levels, _LEVELS, self._depths) + ease
        rot = self.skeleton.torso
        rim = np.arctan2(width * rot[0, 0], depth * rot[0, 2])
        return (self.trunk(levels, rim + np.pi,
                           ease), self.trunk(levels, rim, ease))

    def head_points(self,
                    azimuth: Sequence[float],
                    elevation: Sequence[float],
                    grow: Union[float, Sequence[float]] = 1.,
                    clamp: bool = True) -> np.ndarray:
        """Points on the skull, kept on the visible side.

        Args:
            azimuth (Sequence[float]): 0 is the nose, positive to the
                person's left, radians.
            elevation (Sequence[float]): Positive up, radians.
            grow (float): Factor on the radius.
            clamp (bool): Move hidden points to the outline.

        Returns:
            np.ndarray: (N, 2), px.
        """
        az, el, grow = (
            np.atleast_1d(a).astype(float)
            for a in np.broadcast_arrays(azimuth, elevation, grow))
        y = -np.sin(el)
        # The jaw is narrower than the skull.
        flat = np.cos(el) * grow
        width = HEAD_X * (1 - .3 * np.clip(y, 0, 1)**1.5) * flat
        depth = (HEAD_Z - .06 * y) * flat
        if clamp:
            az = _visible_azimuth(az, width, depth, self.skeleton.head)
        local = np.stack([
            width * np.sin(az), HEAD_Y * y * grow, depth * np.cos(az) + .06 * y
        ])
        return self.head_local(local.T)

    def head_local(self, points: np.ndarray) -> np.ndarray:
        """Project points given in the frame of the head.

        Args:
            points (np.ndarray): (N, 3), x to the person's left, y down, z
                out of the face, heads, from the centre of the skull.

        Returns:
            np.ndarray: (N, 2), px.
        """
        seen = np.asarray(points) @ self.skeleton.head.T * self.build.head
        return self.pixels(self.skeleton.skull + seen)

    def head_depth(self, azimuth: float) -> float:
        """How much a direction around the head looks at the camera.

        Args:
            azimuth (float): 0 is the nose, radians.

        Returns:
            float: 1 towards the camera, below 0 hidden.
        """
        rot = self.skeleton.head
        return float(rot[2, 0] * np.sin(azimuth) + rot[2, 2] * np.cos(azimuth))

    # ------------------------------------------------------------ painting

    def code(self, part: Part) -> int:
        """Value of a part of this person in Instance_ids.

        Args:
            part (Part): Category.

        Returns:
            int: ``(person - 1) * 20 + part``.
        """
        return (self.person - 1) * NUM_CLASSES + int(part)

    def fill(self, part: Optional[Part], polygons: List[np.ndarray],
             brush: Brush) -> None:
        """Paint polygons and label them.

        Args:
            part (Part, optional): Category; None keeps the labels below.
            polygons (list[np.ndarray]): Outlines (N, 2), px.
            brush (Brush): Colours.
        """
        code = None if part is None else self.code(part)
        self.canvas.fill(polygons, brush, code)

    def stroke(self, points: np.ndarray, width: float,
               color: Sequence[float]) -> None:
        """Draw a line that changes no label.

        Args:
            points (np.ndarray): Polyline (N, 2), px.
            width (float): Heads.
            color (Sequence[float]): BGR.
        """
        self.canvas.stroke(points, width * self.scale, color)

    def shadow(self,
               polygons: List[np.ndarray],
               strength: float = .35,
               reach: float = .08) -> None:
        """Soft shadow on what is already drawn of persons.

        Args:
            polygons (list[np.ndarray]): What throws the shadow, px.
            strength (float): 0 to 1.
            reach (float): Offset and softness in heads.
        """
        far = reach * self.scale
        offset = tuple(-self.light * far * .6 + np.array([0, far * .6]))
        self.canvas.shadow(polygons, offset, far, strength)

    def chain_brush(self, points: np.ndarray, radii: np.ndarray,
                    material: Material) -> Brush:
        """Brush of a limb in this person's scale and light.

        Args:
            points (np.ndarray): Polyline of the bones (N, 2), px.
            radii (np.ndarray): Radii (N, ), px.
            material (Material): Surface.

        Returns:
            Brush: For :meth:`fill`.
        """
        return chain_brush(points, radii, material, self.scale, self.light)

    def axis_brush(self, start: np.ndarray, end: np.ndarray, radius: float,
                   material: Material) -> Brush:
        """Brush of a broad part in this person's scale and light.

        Args:
            start (np.ndarray): Upper end of the axis (2, ), px.
            end (np.ndarray): Lower end of the axis (2, ), px.
            radius (float): Half width, px.
            material (Material): Surface.

        Returns:
            Brush: For :meth:`fill`.
        """
        return axis_brush(start, end, radius, material, self.scale, self.light)

    def trunk_brush(self, material: Material, widen: float = 1.) -> Brush:
        """Light and pattern of whatever lies around the trunk.

        Args:
            material (Material): Surface.
            widen (float): Factor on the half width. Defaults to 1.

        Returns:
            Brush: For :meth:`fill`.
        """
        left, right = self.trunk_sides([.96, .6, 0.], .06)
        radius = np.abs(right - left)[:, 0].max() / 2
        middle = (left + right) / 2
        return self.axis_brush(middle[0], middle[-1], radius * widen * 1.08,
                               material)


def _visible_azimuth(azimuth: np.ndarray, width: np.ndarray, depth: np.ndarray,
                     rot: np.ndarray) -> np.ndarray:
    """Move azimuths behind an upright ellipse's rim onto the rim.

    Seen from the camera the rim is where the x coordinate is extreme.
    """
    rim = np.arctan2(width * rot[0, 0], depth * rot[0, 2])
    middle = rim - np.pi / 2
    delta = (azimuth - middle + np.pi) % (2 * np.pi) - np.pi
    return middle + np.clip(delta, -np.pi / 2, np.pi / 2)
