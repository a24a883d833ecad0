# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A supersampled canvas that keeps colour and exact labels together."""
from typing import Callable, Sequence, Tuple

import cv2
import numpy as np

#: x and y, (N, ) px each, to BGR colours (N, 3). One that is bound to a limb
#: also has ``coordinates(x, y)``, see :class:`~.surface.Cloth`.
Brush = Callable[[np.ndarray, np.ndarray], np.ndarray]
Polygons = Sequence[np.ndarray]
#: Fractional bits of the positions that OpenCV gets.
_SHIFT = 4


class Canvas:
    """Colour and labels at twice the resolution of the image.

    Positions are continuous, in pixels of the image: the first covers [0, 1).

    Args:
        image (np.ndarray): What is behind everything, (H, W, 3) uint8 BGR.
        coordinates (bool): Also note for each pixel where on a body it lies,
            see :meth:`reduce_coordinates`. Defaults to False.
    """

    def __init__(self, image: np.ndarray, coordinates: bool = False) -> None:
        self.color = cv2.resize(image, None, fx=2, fy=2)
        self.codes = np.zeros(self.color.shape[:2], np.uint8)
        self.coordinates = (
            np.zeros(self.color.shape, np.float32) if coordinates else None)

    def fill(self, polygons: Polygons, brush: Brush, code: int) -> None:
        """Paint and label the union of polygons (N, 2), px."""
        (rows, columns), mask = self._mask(polygons)
        if not mask.size:
            return
        ys, xs = np.nonzero(mask)
        ys += rows.start
        xs += columns.start
        x, y = ((v + .5).astype(np.float32) / 2 for v in (xs, ys))
        index = ys * self.codes.shape[1] + xs
        self.color.reshape(-1, 3)[index] = np.minimum(brush(x, y), 255)
        self.codes.reshape(-1)[index] = code
        if self.coordinates is not None:
            locate = getattr(brush, 'coordinates', None)
            self.coordinates.reshape(-1, 3)[index] = (
                locate(x, y) if locate else 0)

    def tint(self, polygons: Polygons, color: Sequence[float], opacity: float,
             code: int) -> None:
        """Mix a BGR colour into what has a label; labels stay."""
        window, mask = self._mask(polygons)
        pixels = self.color[window]
        chosen = (mask > 0) & (self.codes[window] == code)
        old = pixels[chosen]
        pixels[chosen] = old + (np.clip(color, 0, 255) - old) * opacity

    def shadow(self, polygons: Polygons, offset: np.ndarray, blur: float,
               strength: float) -> None:
        """Darken all that is labelled by a soft, moved shadow, px."""
        window, mask = self._mask([p + offset for p in polygons],
                                  int(4 * blur) + 1)
        if not self.codes[window].any():
            return
        size = (2 * int(blur * 2) + 1, ) * 2
        soft = cv2.blur(cv2.blur(mask * np.uint8(255), size), size)
        soft[self.codes[window] == 0] = 0
        rest = cv2.convertScaleAbs(soft, alpha=-strength, beta=255)
        pixels = self.color[window]
        pixels[:] = cv2.multiply(
            pixels, cv2.cvtColor(rest, cv2.COLOR_GRAY2BGR), scale=1 / 255)

    def reduce(self) -> Tuple[np.ndarray, np.ndarray]:
        """The image (H, W, 3) uint8 BGR and its labels (H, W) uint8.

        Labels are voted: none arises that was not painted.
        """
        image = cv2.resize(
            self.color, None, fx=.5, fy=.5, interpolation=cv2.INTER_AREA)
        return image, self._elected(self.codes)

    def reduce_coordinates(self) -> np.ndarray:
        """Where on a body each pixel lies, (H, W, 3) float32.

        Limb (see :class:`~.labels.Limb`, 0 where nobody is), position along
        it and across it (-1 and 1 at its edges, clothes may reach further).
        ``README.md`` says from where to where. Positions are means of those
        sub-pixels that have the pixel's label and limb.
        """
        label, elected = (
            self._elected(v) for v in (self.codes, self.coordinates))
        total, number = np.zeros_like(elected), 0
        for i, j in np.ndindex(2, 2):
            codes, values = (
                v[i::2, j::2] for v in (self.codes, self.coordinates))
            own = (codes == label) & (values[..., 0] == elected[..., 0])
            total += values * own[..., None]
            number = number + own
        return total / number[..., None].astype(np.float32)

    def _elected(self, values: np.ndarray) -> np.ndarray:
        """Of each four values that whose label most of the four have."""
        (a, b, c,
         d), choices = ([v[i::2, j::2] for i in (0, 1) for j in (0, 1)]
                        for v in (self.codes, values))
        lone = (a != b) & (a != c) & (a != d)
        elected = choices[0].copy()
        for k, agree in ((2, c == d), (1, (b == c) | (b == d))):
            elected[lone & agree] = choices[k][lone & agree]
        return elected

    def _mask(self,
              polygons: Polygons,
              margin: int = 0) -> Tuple[Tuple[slice, slice], np.ndarray]:
        """Rasterise polygons in their window, empty when out of sight."""
        scaled = (np.concatenate(polygons) * 2 - .5) * (1 << _SHIFT)
        fixed = np.rint(scaled.clip(-1e6, 1e6)).astype(np.int32)
        low = np.maximum((fixed.min(axis=0) >> _SHIFT) - 1 - margin, 0)
        high = np.minimum((fixed.max(axis=0) >> _SHIFT) + 3 + margin,
                          self.codes.shape[::-1])
        (x0, y0), (x1, y1) = low, np.maximum(low, high)
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        fixed -= low << _SHIFT
        stop = 0
        for polygon in polygons if mask.size else ():
            start, stop = stop, stop + len(polygon)
            # One call each: together, overlaps would become holes.
            cv2.fillPoly(mask, [fixed[start:stop]], 1, cv2.LINE_8, _SHIFT)
        return (slice(y0, y1), slice(x0, x1)), mask
