# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Limbs as tubes: which point of which limb a spot on the screen shows.

A point of a limb has a position along it (see ``README.md``) and an azimuth
around it, radians: 0 is the front, positive to the person's left. Both stay
the same in any pose. Limbs turn with the joint above them, by the least
rotation, so that azimuths go on from each bone to the next.
"""
from dataclasses import dataclass
from typing import Dict, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from .body import SPINE, Build, Skeleton
from .figure import (HEAD_Y, LEVELS, SKULL_SLANT, WIDTHS, WIDTHS_AT,
                     skull_sections, trunk_sections)
from .geometry import unit
from .labels import Limb
from .surface import Chain

#: Cross-sections of a hand and of a foot: positions and half widths in heads.
_HAND_AT, _HAND = [2.4, 2.7, 3.], [.15, .14, .07]
_FOOT_AT, _FOOT = [2.2, 2.7, 3.], [.17, .2, .15]
#: Elevations of the cross-sections of a head.
_ELEVATIONS = np.deg2rad(np.linspace(90, -90, 19))
#: Position on the trunk of the skull's middle, at which the neck ends.
SKULL_AT = 1.2


@dataclass(frozen=True)
class Tube:
    """K elliptic cross-sections along a limb, heads, in the view frame."""
    at: np.ndarray  # (K, ) positions along it, rising or falling
    points: np.ndarray  # (K, 3) their middles
    half: np.ndarray  # (K, 2) their half widths and half depths
    #: (K - 1, 3, 3) axes between them: columns to the person's left, down the
    #: limb and to its front.
    frames: np.ndarray
    solid: bool = False  # painted as a solid, else as a flat strip

    def place(self, along: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
        """Points on the tube, (N, 3) heads, from arrays (N, )."""
        k, order = self._bone(along), np.argsort(self.at)
        middle, half = (
            np.stack([
                np.interp(along, self.at[order], column[order])
                for column in values.T
            ], 1) for values in (self.points, self.half))
        ring = half * np.stack([np.sin(azimuth), np.cos(azimuth)], 1)
        return middle + np.einsum('nij,nj->ni', self.frames[k][..., [0, 2]],
                                  ring)

    def find(self,
             spots: np.ndarray,
             loose: float = 1.) -> Tuple[np.ndarray, ...]:
        """Position along, azimuth and position across of spots (N, 2), heads.

        Arrays (N, ). What lies beside the tube, or one wider by a factor, has
        the azimuth of its edge; across it is beyond -1 or 1.
        """
        chain = Chain(Limb.NONE, self.points[:, :2], self.half[:, 0], self.at)
        t, u, _ = chain.locate(*spots.T, np.zeros(2))
        u = u / loose
        steps = np.hypot(*np.diff(chain.points, axis=0).T)
        steps = np.array([0., *np.cumsum(steps)])
        along = np.interp(t, steps, self.at)
        azimuth, ahead, across = self._around(along, u)
        # A solid that leans towards the camera shows its front further down.
        for _ in range(5 if self.solid else 0):
            along = np.interp(t - ahead, steps, self.at)
            azimuth, ahead, across = self._around(along, u)
        return along, azimuth, across

    def azimuths(self, along: np.ndarray, across: np.ndarray) -> np.ndarray:
        """Azimuths (N, ) from positions across, -1 and 1 at the edges."""
        return self._around(along, across, True)[0]

    def _bone(self, along: np.ndarray) -> np.ndarray:
        sign = 1 if self.at[0] < self.at[-1] else -1
        k = np.searchsorted(sign * self.at, sign * along, 'right') - 1
        return np.clip(k, 0, len(self.frames) - 1)

    def _around(self,
                along: np.ndarray,
                across: np.ndarray,
                relative: bool = False) -> Tuple[np.ndarray, ...]:
        """Azimuths, how far ahead on the screen they are, heads; across.

        ``across`` comes in heads, or ``relative`` to the edges as it goes.
        """
        k, order = self._bone(along), np.argsort(self.at)
        width, depth = (
            np.interp(along, self.at[order], half[order])
            for half in self.half.T)
        axes = np.array(
            [unit(step) for step in np.diff(self.points[:, :2], axis=0)])
        right = np.stack([-axes[:, 1], axes[:, 0]], axis=1)
        left, front = self.frames[:, :, 0], self.frames[:, :, 2]
        # What left and front are on the screen, to the right of the axis.
        x = width * np.sum(left[:, :2] * right, axis=1)[k]
        y = depth * np.sum(front[:, :2] * right, axis=1)[k]
        reach, edge = np.hypot(x, y), np.arctan2(x, y)
        near = (
            np.cos(edge) * depth * left[k, 2] -
            np.sin(edge) * width * front[k, 2])
        ratio = across if relative else across / np.maximum(reach, 1e-6)
        turn = np.arccos(np.clip(ratio, -1, 1))
        azimuth = edge + np.where(near < 0, -turn, turn)
        ahead = (
            width * np.sin(azimuth) * np.sum(left[:, :2] * axes, axis=1)[k] +
            depth * np.cos(azimuth) * np.sum(front[:, :2] * axes, axis=1)[k])
        return azimuth, ahead, ratio


def tubes_of(build: Build, skeleton: Skeleton) -> Dict[Limb, Tube]:
    """All limbs of a body in a pose."""
    tubes = {Limb.HEAD: _head(build, skeleton)}
    tubes[Limb.TRUNK] = _trunk(build, skeleton)
    for i in range(2):
        tubes[Limb(Limb.LEFT_ARM + i)] = _arm(build, skeleton, i)
        tubes[Limb(Limb.LEFT_LEG + i)] = _leg(build, skeleton, i)
    return tubes


def _head(build: Build, skeleton: Skeleton) -> Tube:
    y, *half = skull_sections(_ELEVATIONS)
    half = np.maximum(np.stack(half, axis=1), .02) * build.head
    middles = np.stack([0 * y, HEAD_Y * y, SKULL_SLANT * y], 1) * build.head
    return Tube(-y, skeleton.skull + middles @ skeleton.head.T, half,
                np.repeat(skeleton.head[None], len(y) - 1, axis=0), True)


def _trunk(build: Build, skeleton: Skeleton) -> Tube:
    half = np.stack(trunk_sections(build), axis=1)
    middles = np.outer(-LEVELS * SPINE, skeleton.torso[:, 1])
    frames = np.repeat(skeleton.torso[None], len(LEVELS), axis=0)
    return Tube(
        np.array([SKULL_AT, *LEVELS[::-1]]),
        np.array([skeleton.skull, *middles[::-1]]),
        half[[-1, *range(len(half) - 1, -1, -1)]], frames, True)


def _arm(build: Build, skeleton: Skeleton, i: int) -> Tube:
    joints = skeleton.arms[i]
    upper, fore = np.diff(joints[:3], axis=0)
    above = _swung(skeleton.torso, upper)
    below = _swung(above, fore)
    radii = build.limbs * np.array([*WIDTHS['arm'], *_HAND])
    at = np.array([*WIDTHS_AT, *_HAND_AT])
    frames = np.where(at[:-1, None, None] < 1, above, below)
    return Tube(at, _between(at, range(4), joints), np.stack([radii, radii],
                                                             1), frames)


def _leg(build: Build, skeleton: Skeleton, i: int) -> Tube:
    joints = np.concatenate([skeleton.legs[i], skeleton.feet[i]])
    thigh, shin, foot = joints[[1, 2, 5]] - joints[[0, 1, 3]]
    above = _swung(skeleton.hips, thigh)
    below = _swung(above, shin)
    last = _swung(below, foot)
    at = np.array([*WIDTHS_AT, *_FOOT_AT])
    radii = np.array([*(build.limbs * np.array(WIDTHS['leg'])), *_FOOT])
    where = at[:-1, None, None]
    frames = np.where(where < 1, above, np.where(where < 2.2, below, last))
    return Tube(at, _between(at, [0, 1, 2, *_FOOT_AT], joints),
                np.stack([radii, radii], 1), frames)


def _between(at: np.ndarray, places, joints: np.ndarray) -> np.ndarray:
    """Points on a chain of joints."""
    return np.stack([np.interp(at, places, v) for v in joints.T], axis=1)


def _swung(frame: np.ndarray, bone: np.ndarray) -> np.ndarray:
    """Turn a frame (3, 3) by the least angle, so that a bone goes down it."""
    bone = bone / np.linalg.norm(bone)
    axis = np.cross(frame[:, 1], bone)
    sine = np.linalg.norm(axis)
    angle = np.arctan2(sine, frame[:, 1] @ bone)
    turn = Rotation.from_rotvec(axis * (angle / max(sine, 1e-9)))
    return turn.as_matrix() @ frame
