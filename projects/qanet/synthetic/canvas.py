# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A supersampled canvas that keeps colour and exact labels together.

Positions are continuous image coordinates in pixels of the final image: the
first pixel covers [0, 1). Colours are averaged when the canvas is reduced,
labels are voted, so no label value arises that was not painted.
"""
from typing import Optional, Sequence, Tuple

import cv2
import numpy as np

from .brushes import Brush

#: Sub-pixels per pixel and direction.
FACTOR = 2
_SHIFT = 4


class Canvas:
    """Colour and code planes, twice as fine as the final image.

    Args:
        image (np.ndarray): Background of shape (H, W, 3), uint8, BGR. Its
            codes are 0.
    """

    def __init__(self, image: np.ndarray) -> None:
        height, width = image.shape[:2]
        self.color = cv2.resize(
            image, (width * FACTOR, height * FACTOR),
            interpolation=cv2.INTER_LINEAR)
        self.codes = np.zeros(self.color.shape[:2], np.uint8)

    def fill(self,
             polygons: Sequence[np.ndarray],
             brush: Brush,
             code: Optional[int] = None) -> None:
        """Paint the union of polygons.

        Args:
            polygons (Sequence[np.ndarray]): Outlines of shape (N, 2), px.
            brush (Brush): Maps x and y of shape (M, ), px, to colours of
                shape (M, 3), BGR.
            code (int, optional): Label to write; None keeps the labels.
        """
        box, mask = self._mask(polygons)
        if mask is None:
            return
        ys, xs = np.nonzero(mask)
        ys += box[1]
        xs += box[0]
        colors = brush((xs + .5).astype(np.float32) / FACTOR,
                       (ys + .5).astype(np.float32) / FACTOR)
        index = ys * self.codes.shape[1] + xs
        self.color.reshape(-1, 3)[index] = np.clip(colors, 0, 255)
        if code is not None:
            self.codes.reshape(-1)[index] = code

    def tint(self,
             polygons: Sequence[np.ndarray],
             color: Sequence[float],
             opacity: float,
             code: Optional[int] = None) -> None:
        """Blend a plain colour over the union of polygons; labels stay.

        Args:
            polygons (Sequence[np.ndarray]): Outlines of shape (N, 2), px.
            color (Sequence[float]): BGR, 0 to 255.
            opacity (float): 0 leaves everything, 1 covers it.
            code (int, optional): Only where this label already is.
        """
        box, mask = self._mask(polygons)
        if mask is None:
            return
        part = self._window(box)
        if code is not None:
            mask &= self.codes[part] == code
        pixels = self.color[part]
        chosen = pixels[mask > 0]
        pixels[mask > 0] = chosen + (np.asarray(color) - chosen) * opacity

    def stroke(self,
               points: np.ndarray,
               width: float,
               color: Sequence[float],
               closed: bool = False) -> None:
        """Draw an anti-aliased line; labels stay.

        Args:
            points (np.ndarray): Polyline of shape (N, 2), px.
            width (float): Width in px.
            color (Sequence[float]): BGR, 0 to 255.
            closed (bool): Join the ends. Defaults to False.
        """
        thickness = max(1, int(round(width * FACTOR)))
        pts = self._fixed(np.asarray(points, float))[None]
        if np.abs(pts).max() < 1 << 20:
            cv2.polylines(self.color, pts, closed, [float(c) for c in color],
                          thickness, cv2.LINE_AA, _SHIFT)

    def shadow(self, polygons: Sequence[np.ndarray], offset: Tuple[float,
                                                                   float],
               blur: float, strength: float) -> None:
        """Darken persons softly where something is about to cover them.

        Args:
            polygons (Sequence[np.ndarray]): Outlines of shape (N, 2), px.
            offset (tuple[float, float]): Shift of the shadow, xy, px.
            blur (float): Softness in px.
            strength (float): 0 to 1.
        """
        moved = [np.asarray(p) + np.asarray(offset) for p in polygons]
        box, mask = self._mask(moved, margin=int(2 * blur * FACTOR) + 1)
        if mask is None:
            return
        size = 2 * int(blur * FACTOR) + 1
        soft = cv2.blur(cv2.blur(mask, (size, size)), (size, size))
        part = self._window(box)
        soft[self.codes[part] == 0] = 0
        factor = 256 - (soft * (strength * 256)).astype(np.uint16)
        pixels = self.color[part]
        pixels[:] = (pixels * factor[..., None]) >> 8

    def reduce(self) -> Tuple[np.ndarray, np.ndarray]:
        """Bring the canvas to the final size.

        Returns:
            tuple[np.ndarray, np.ndarray]: Image (H, W, 3) uint8 BGR, the
            mean of the sub-pixels, and codes (H, W) uint8, their majority
            (with a tie the upper left one of the winners).
        """
        height, width = self.codes.shape
        image = cv2.resize(
            self.color, (width // FACTOR, height // FACTOR),
            interpolation=cv2.INTER_AREA)
        a, b = self.codes[::2, ::2], self.codes[::2, 1::2]
        c, d = self.codes[1::2, ::2], self.codes[1::2, 1::2]
        codes = a.copy()
        rest = (a != b) & (a != c) & (a != d)
        codes[rest & (c == d)] = d[rest & (c == d)]
        pair = rest & ((b == c) | (b == d))
        codes[pair] = b[pair]
        return image, codes

    @staticmethod
    def _fixed(points: np.ndarray) -> np.ndarray:
        """Sub-pixel positions with the fractional bits OpenCV wants."""
        scaled = (points * FACTOR - .5) * (1 << _SHIFT)
        return np.rint(scaled).astype(np.int32)

    def _mask(
        self,
        polygons: Sequence[np.ndarray],
        margin: int = 0
    ) -> Tuple[Tuple[int, int, int, int], Optional[np.ndarray]]:
        """Rasterise polygons in their window; None when out of sight."""
        fixed = self._fixed(np.concatenate(polygons))
        low = (fixed.min(axis=0) >> _SHIFT) - 1 - margin
        high = (fixed.max(axis=0) >> _SHIFT) + 3 + margin
        height, width = self.codes.shape
        x0, y0 = max(int(low[0]), 0), max(int(low[1]), 0)
        x1, y1 = min(int(high[0]), width), min(int(high[1]), height)
        if x0 >= x1 or y0 >= y1:
            return (0, 0, 0, 0), None
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        fixed -= np.array([x0 << _SHIFT, y0 << _SHIFT], np.int32)
        stop = 0
        for polygon in polygons:
            start, stop = stop, stop + len(polygon)
            # One call each: together, overlaps would become holes.
            cv2.fillPoly(mask, [fixed[start:stop]], 1, cv2.LINE_8, _SHIFT)
        return (x0, y0, x1, y1), mask

    @staticmethod
    def _window(box: Tuple[int, int, int, int]) -> Tuple[slice, slice]:
        return slice(box[1], box[3]), slice(box[0], box[2])
