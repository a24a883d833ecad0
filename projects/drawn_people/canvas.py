# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A supersampled canvas that keeps colour and exact labels together.

Positions are continuous image coordinates in pixels of the final image: the
first pixel covers [0, 1). Colours are averaged when the canvas is reduced,
labels are voted, so no label value arises that was not painted.
"""
from typing import Callable, Optional, Sequence, Tuple

import cv2
import numpy as np

#: x and y, (N, ) px each, to BGR colours (N, 3). One that is bound to a limb
#: also has ``coordinates(x, y)``, see :class:`~.surface.Cloth`.
Brush = Callable[[np.ndarray, np.ndarray], np.ndarray]
_Window = Tuple[slice, slice]
#: Fractional bits of the positions that OpenCV gets.
_SHIFT = 4


class Canvas:
    """Colour and labels at twice the resolution of the image.

    Args:
        image (np.ndarray): What is behind everything, (H, W, 3) uint8 BGR.
        coordinates (bool): Also note for each pixel where on a body it lies,
            see :meth:`reduce_coordinates`. Defaults to False.
    """

    def __init__(self, image: np.ndarray, coordinates: bool = False) -> None:
        height, width = image.shape[:2]
        self.color = cv2.resize(
            image, (width * 2, height * 2), interpolation=cv2.INTER_LINEAR)
        self.codes = np.zeros(self.color.shape[:2], np.uint8)
        self.coordinates = (
            np.zeros(self.color.shape, np.float32) if coordinates else None)

    def fill(self, polygons: Sequence[np.ndarray], brush: Brush,
             code: int) -> None:
        """Paint and label the union of polygons (N, 2), px."""
        window, mask = self._mask(polygons)
        if mask is None:
            return
        ys, xs = np.nonzero(mask)
        ys += window[0].start
        xs += window[1].start
        x, y = ((v + .5).astype(np.float32) / 2 for v in (xs, ys))
        index = ys * self.codes.shape[1] + xs
        self.color.reshape(-1, 3)[index] = np.minimum(brush(x, y), 255)
        self.codes.reshape(-1)[index] = code
        if self.coordinates is not None:
            locate = getattr(brush, 'coordinates', None)
            self.coordinates.reshape(-1, 3)[index] = (
                locate(x, y) if locate else 0)

    def tint(self, polygons: Sequence[np.ndarray], color: Sequence[float],
             opacity: float, code: int) -> None:
        """Mix a BGR colour into what has a label; labels stay."""
        window, mask = self._mask(polygons)
        if mask is None:
            return
        pixels = self.color[window]
        chosen = (mask > 0) & (self.codes[window] == code)
        old = pixels[chosen]
        new = old + (np.clip(color, 0, 255) - old) * opacity
        pixels[chosen] = new

    def shadow(self, polygons: Sequence[np.ndarray], offset: np.ndarray,
               blur: float, strength: float) -> None:
        """Darken all that is labelled by a soft, moved shadow, px."""
        window, mask = self._mask([p + offset for p in polygons],
                                  int(4 * blur) + 1)
        if mask is None or not self.codes[window].any():
            return
        size = (2 * int(blur * 2) + 1, ) * 2
        soft = cv2.blur(cv2.blur(mask * np.uint8(255), size), size)
        soft[self.codes[window] == 0] = 0
        rest = cv2.convertScaleAbs(soft, alpha=-strength, beta=255)
        pixels = self.color[window]
        pixels[:] = cv2.multiply(
            pixels, cv2.cvtColor(rest, cv2.COLOR_GRAY2BGR), scale=1 / 255)

    def reduce(self) -> Tuple[np.ndarray, np.ndarray]:
        """The image (H, W, 3) uint8 BGR and its labels (H, W) uint8."""
        height, width = self.codes.shape
        image = cv2.resize(
            self.color, (width // 2, height // 2),
            interpolation=cv2.INTER_AREA)
        return image, self._elected(self.codes)

    def reduce_coordinates(self) -> np.ndarray:
        """Where on a body each pixel lies, (H, W, 3) float32.

        Returns:
            np.ndarray: Limb (see :class:`~.labels.Limb`, 0 where nobody is),
            position along it and across it (-1 and 1 at its edges, clothes
            may reach further). ``README.md`` says from where to where.
        """
        return self._elected(self.coordinates)

    def _elected(self, values: np.ndarray) -> np.ndarray:
        """Of each four values that whose label most of the four have."""
        a, b, c, d = self._quarters(self.codes)
        lone = (a != b) & (a != c) & (a != d)
        second = lone & ((b == c) | (b == d))
        third = lone & (c == d) & ~second
        a, b, c, _ = self._quarters(values)
        elected = a.copy()
        elected[second] = b[second]
        elected[third] = c[third]
        return elected

    @staticmethod
    def _quarters(values: np.ndarray) -> Sequence[np.ndarray]:
        return [values[i::2, j::2] for i in (0, 1) for j in (0, 1)]

    def _mask(
            self,
            polygons: Sequence[np.ndarray],
            margin: int = 0) -> Tuple[Optional[_Window], Optional[np.ndarray]]:
        """Rasterise polygons in their window; None when out of sight."""
        scaled = (np.concatenate(polygons) * 2 - .5) * (1 << _SHIFT)
        fixed = np.rint(scaled.clip(-1e6, 1e6)).astype(np.int32)
        low = (fixed.min(axis=0) >> _SHIFT) - 1 - margin
        high = (fixed.max(axis=0) >> _SHIFT) + 3 + margin
        height, width = self.codes.shape
        x0, y0 = (max(v, 0) for v in low.tolist())
        x1, y1 = map(min, high.tolist(), (width, height))
        if x0 >= x1 or y0 >= y1:
            return None, None
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        fixed -= np.array([x0 << _SHIFT, y0 << _SHIFT], np.int32)
        stop = 0
        for polygon in polygons:
            start, stop = stop, stop + len(polygon)
            # One call each: together, overlaps would become holes.
            cv2.fillPoly(mask, [fixed[start:stop]], 1, cv2.LINE_8, _SHIFT)
        return (slice(y0, y1), slice(x0, x1)), mask
