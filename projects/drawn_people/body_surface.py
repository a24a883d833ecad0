# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The surface of drawn people: 24 charts with U and V, as DensePose has them.

V runs along a limb, away from the middle of the body (on the trunk and the
head down), U around it; left and right are mirror images.
"""
from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.densepose.labels import NUM_PATCHES
from .body import SIDES
from .figure import Figure
from .labels import NUM_CLASSES, Limb, Part
from .tubes import Tube, tubes_of

_BACK, _FRONT, _INNER, _OUTER = np.pi * np.array([1, 0, -.5, .5])


class Chart(NamedTuple):
    """A patch, or a left and a right one: a piece of a limb's surface."""
    patches: Tuple[int, ...]  # one, or left and right
    limb: Limb  # that of the left one
    start: float  # position along it at V = 0
    stop: float  # and at V = 1
    #: Azimuth at U = .5 and from U = 0 to 1; of pairs, positive is outwards.
    middle: float
    span: float = np.pi

    def uv(self, along: np.ndarray,
           azimuth: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """U, V of points on the limb; outside of [0, 1]: on another chart."""
        turn = (azimuth - self.middle + np.pi) % (2 * np.pi) - np.pi
        return (turn / self.span + .5,
                (along - self.start) / (self.stop - self.start))

    def point(self, u: np.ndarray,
              v: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Position along the limb and azimuth of U, V in [0, 1]."""
        return (self.start + v * (self.stop - self.start),
                self.middle + (u - .5) * self.span)


#: All patches. On the trunk V = 0 is on the neck.
CHARTS = (
    Chart((1, ), Limb.TRUNK, 1.1, -.2, _BACK),
    Chart((2, ), Limb.TRUNK, 1.1, -.2, _FRONT),
    Chart((4, 3), Limb.LEFT_ARM, 2., 3., _FRONT, 2 * np.pi),
    Chart((5, 6), Limb.LEFT_LEG, 2., 3., _FRONT, 2 * np.pi),
    Chart((8, 7), Limb.LEFT_LEG, 0., 1., _BACK),
    Chart((10, 9), Limb.LEFT_LEG, 0., 1., _FRONT),
    Chart((12, 11), Limb.LEFT_LEG, 1., 2., _BACK),
    Chart((14, 13), Limb.LEFT_LEG, 1., 2., _FRONT),
    Chart((15, 16), Limb.LEFT_ARM, 0., 1., _INNER),
    Chart((17, 18), Limb.LEFT_ARM, 0., 1., _OUTER),
    Chart((19, 20), Limb.LEFT_ARM, 1., 2., _INNER),
    Chart((21, 22), Limb.LEFT_ARM, 1., 2., _OUTER),
    Chart((24, 23), Limb.HEAD, 1., -1., _OUTER),
)
#: Positions at which what hangs leaves its limb: hair the head, skirts and
#: coats the trunk.
_CHIN, _WAIST, _CROTCH = -1.05, .3, -.15
#: How much wider than legs skirts are, and how far from the middle of the
#: trunk, in half widths, what lies beside it.
_LOOSE, _BESIDE = 1.7, 1.3


def to_patches(limb: np.ndarray, along: np.ndarray,
               azimuth: np.ndarray) -> np.ndarray:
    """Patch, U and V, (N, 3), of points on limbs, (N, ) each.

    What lies beyond the end of a limb is moved there; limb 0 has patch 0.
    """
    found = np.zeros((len(limb), 3))
    for chart in CHARTS:
        for i, patch in enumerate(chart.patches):
            on_head = chart.limb == Limb.HEAD
            own = np.flatnonzero(limb == chart.limb + (0 if on_head else i))
            # From the first to the last of the limb's charts.
            ends = [c[2:4] for c in CHARTS if c.limb == chart.limb]
            at = np.clip(along[own], np.min(ends), np.max(ends))
            outwards = azimuth[own] * SIDES[i]
            u, v = chart.uv(at, outwards)
            uv = np.stack([u, v], axis=1)
            # Rounding must not leave a gap between two charts.
            inside = (np.abs(uv - .5) <= .5 + 1e-9).all(axis=1)
            own, uv = own[inside], uv[inside].clip(0, 1)
            found[own, 0], found[own, 1:] = patch, uv
    return found


def surface_map(coordinates: np.ndarray, codes: np.ndarray,
                figures: Sequence[Optional[Figure]]) -> np.ndarray:
    """Patch (0: nobody), U and V of each pixel, (H, W, 3) float32.

    Args:
        coordinates (np.ndarray): Limbs, positions along and across them, see
            :meth:`~.canvas.Canvas.reduce_coordinates`.
        codes (np.ndarray): Numbers and parts, (H, W), see
            :meth:`~.canvas.Canvas.reduce`.
        figures (Sequence[Figure, optional]): Who they are; None has no
            surface.
    """
    surface = np.zeros(coordinates.shape, np.float32)
    for figure in figures:
        if figure is None:
            continue
        part = codes.astype(int) - (figure.number - 1) * NUM_CLASSES
        rows, columns = np.nonzero((part > 0) & (part < NUM_CLASSES))
        shoe = part[rows, columns] >= Part.LEFT_SHOE
        spots = np.stack([columns, rows], axis=1) + .5
        spots = (spots - figure.origin) / figure.scale
        surface[rows, columns] = to_patches(
            *_points(figure, spots, shoe, *coordinates[rows, columns].T))
    return surface


def _points(figure: Figure, spots: np.ndarray, shoe: np.ndarray,
            limb: np.ndarray, along: np.ndarray,
            across: np.ndarray) -> Tuple[np.ndarray, ...]:
    """Limb, position and azimuth (N, ) of spots (N, 2), heads.

    Arms and legs keep where they were painted: that knows how wide sleeves
    are. Head, trunk and feet were wrapped around simpler shapes than theirs.
    """
    tubes = tubes_of(figure.build, figure.skeleton)
    limb, along, azimuth = limb.astype(int), along.copy(), 0. * along
    hair = (limb == Limb.HEAD) & (along < _CHIN)
    hem = (limb == Limb.TRUNK) & (along < _CROTCH)
    # A lap is as high as the hips, but beside the trunk.
    low = np.flatnonzero((limb == Limb.TRUNK) & (along < _WAIST))
    hem[low] |= np.abs(tubes[Limb.TRUNK].find(spots[low])[2]) > _BESIDE
    foot = shoe | (limb >= Limb.LEFT_LEG) & (along >= 2)
    limb[hair] = Limb.TRUNK
    legs = [Limb.LEFT_LEG, Limb.RIGHT_LEG]
    away = [_distance(tubes[leg], spots[hem]) for leg in legs]
    limb[hem] = np.where(away[0] < away[1], *legs)
    painted = ~(hem | foot | (limb == Limb.HEAD) | (limb == Limb.TRUNK))
    for name, tube in tubes.items():
        for own, width in (((limb == name) & ~painted & ~hem, 1.),
                           ((limb == name) & hem, _LOOSE)):
            along[own], azimuth[own], _ = tube.find(spots[own], width)
        own = (limb == name) & painted
        azimuth[own] = tube.azimuths(along[own], across[own])
    along[hem] = np.minimum(along[hem], 1.999)  # no hem is a shoe
    return limb, along, azimuth


def _distance(tube: Tube, spots: np.ndarray) -> np.ndarray:
    """How far spots (N, 2) are from a tube's axis on the screen, (N, )."""
    starts, steps = tube.points[:-1, :2], np.diff(tube.points[:, :2], axis=0)
    gaps = spots[:, None] - starts
    share = np.sum(gaps * steps, 2) / np.maximum(np.sum(steps**2, 1), 1e-9)
    gaps -= steps * np.clip(share, 0, 1)[..., None]
    return np.linalg.norm(gaps, axis=2).min(axis=1)


def symmetry_tables() -> Tuple[np.ndarray, np.ndarray]:
    """U and V in a mirrored picture, (24, 256, 256) each.

    ``tables[patch - 1, int(255 * V), int(255 * U)]``, of the patch in the
    original picture; the mirrored patch is that of the other side. Only the
    trunk's U becomes 1 - U. An entry stands for the middle of its bin.
    """
    middle = np.minimum((np.arange(256) + .5) / 255, 1)
    u = np.tile(middle, (NUM_PATCHES - 1, 256, 1))
    for chart in CHARTS:
        if len(chart.patches) == 1:
            u[chart.patches[0] - 1] = 1 - middle
    return u, np.tile(middle[:, None], (NUM_PATCHES - 1, 1, 256))
