# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pictures of dense pose: patches, lines of equal U and V, or a texture."""
from contextlib import suppress
from pathlib import Path
from typing import Optional, Sequence

import cv2
import mmcv
import numpy as np
from mmseg.registry import VISUALIZERS

from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.blending import blend_parts
from projects.qanet.utils.borders import person_borders
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.jpeg import is_cut_jpeg
from projects.qanet.visualization import ParsingVisualizer
from projects.qanet.visualization.painting import Colour, paint_persons
from projects.qanet.visualization.visualizer import (BORDER_COLOUR, Drawing,
                                                     line_width)
from .labels import NUM_PATCHES

SURFACES = ('patches', 'contours', 'texture')
U_COLOUR: Colour = (255, 200, 0)
V_COLOUR: Colour = (0, 190, 255)
#: Contours part U and V into so many bands each, by lines at n / 8.
NUM_BANDS = 8
#: Share of a texture's colours; they should hide what the person wears.
TEXTURE_ALPHA = 0.9
# Squares of an atlas, across and down.
_COLUMNS, _ROWS = 4, 6


def read_atlas(path: str) -> np.ndarray:
    """The squares of an atlas, (24, n, n, 3) uint8 RGB, patch 1 first.

    An atlas is a picture of 4 x 6 squares (across x down), 4 n pixels wide and
    6 n high, laid out as DensePose's own (``texture_atlas_200.png``, 800 x
    1200). It is filled column by column: the first holds the patches 1 to 6
    from top to bottom, the second 7 to 12; patch p is in column (p - 1) // 6
    and row (p - 1) % 6, from 0. In a square U grows to the right and V
    upwards: U = V = 0 is its lower left corner.

    Raises a FileNotFoundError, or an InputError if the file is no picture or
    is of another shape.
    """
    atlas, content = None, Path(path).read_bytes()
    with suppress(cv2.error):
        if not is_cut_jpeg(content):
            atlas = mmcv.imfrombytes(content, channel_order='rgb')
    if atlas is None:
        raise InputError(f'atlas {path} is no image that can be read; it may '
                         'be cut off')
    height, width = atlas.shape[:2]
    side = width // _COLUMNS
    if (height, width) != (_ROWS * side, _COLUMNS * side):
        raise InputError(
            f'atlas {path} is {width} x {height} pixels, but 4 x 6 squares '
            '(across x down) are expected, such as 800 x 1200')
    squares = atlas.reshape(_ROWS, side, _COLUMNS, side, 3)
    return squares.transpose(2, 0, 1, 3, 4).reshape(-1, side, side, 3)


def paint_uv(instances: ParsingInstances, owner: np.ndarray) -> np.ndarray:
    """U and V times 255 of each pixel's person, (2, H, W) uint8.

    ``owner`` is as :func:`paint_persons` gives it; 0 where nobody is.
    """
    uv = np.zeros((2, *owner.shape), np.uint8)
    for i, uv_map in enumerate(instances.uv_maps):
        x, y = (int(value) for value in instances.offsets[i])
        window = np.s_[y:y + uv_map.shape[1], x:x + uv_map.shape[2]]
        mine = owner[window] == i + 1
        for whole, own in zip(uv, uv_map):
            whole[window][mine] = own[mine]
    return uv


def change_lines(values: np.ndarray,
                 regions: np.ndarray,
                 width: int = 1) -> np.ndarray:
    """Where values change inside a region, lines of a width, (H, W) bool.

    A pixel is on a line if its right or lower neighbour is of the same region
    and has another value; thicker lines grow around these. Both maps are
    (H, W), and region 0 has no lines.
    """
    lines = np.zeros(values.shape, np.uint8)
    for here, there in ((np.s_[:, :-1], np.s_[:,
                                              1:]), (np.s_[:-1], np.s_[1:])):
        lines[here] |= (values[here] != values[there]) & (
            regions[here] == regions[there])
    lines[regions == 0] = 0
    if width > 1:
        lines = cv2.dilate(lines, np.ones((width, width), np.uint8))
    return (lines > 0) & (regions > 0)


@VISUALIZERS.register_module()
class DensePoseVisualizer(ParsingVisualizer):
    """Draws persons whose parts are patches, with U and V.

    ``contours`` are thin lines where U (yellow) and V (blue) are 1/8, 2/8 ...
    7/8, and white ones between patches, on the picture as it is. ``texture``
    clothes the persons in a picture. Both have no legend, except for part
    scores; all else is as in a :class:`ParsingVisualizer`.

    Args:
        name (str): See mmengine's ``Visualizer``.
        surface (str): ``patches``, in the colours of the classes,
            ``contours`` or ``texture``.
        atlas (str, optional): Picture file with the texture, see
            :func:`read_atlas`.
        kwargs: Those of :class:`ParsingVisualizer`. Of a texture ``alpha`` is
            the share of its colours and defaults to 0.9.

    Raises a FileNotFoundError if the atlas is missing, an InputError if it or
    another argument is wrong.
    """

    def __init__(self,
                 name: str = 'visualizer',
                 *,
                 surface: str = 'patches',
                 atlas: Optional[str] = None,
                 **kwargs) -> None:
        if surface == 'texture':
            kwargs = dict(dict(alpha=TEXTURE_ALPHA), **kwargs)
        super().__init__(name, **kwargs)
        if surface not in SURFACES:
            raise InputError(f'surface must be one of {", ".join(SURFACES)}, '
                             f'but got {surface!r}')
        if (surface == 'texture') != (atlas is not None):
            needs = 'needs an' if atlas is None else 'has no'
            raise InputError(f'surface {surface!r} {needs} atlas: it is the '
                             'picture of a texture')
        self.surface = surface
        self.show_legend &= surface == 'patches'
        self._atlas = None if atlas is None else read_atlas(atlas)

    def draw_parts(self, image: np.ndarray, instances: ParsingInstances,
                   order: Sequence[int]) -> Drawing:
        """Draw the chosen persons' surface on RGB (H, W, 3) uint8.

        Raises an InputError if U and V are asked for but not there.
        """
        if self.surface == 'patches' or not len(instances):
            return super().draw_parts(image, instances, order)
        if (instances.uv_maps is None or instances.num_classes != NUM_PATCHES):
            raise InputError(
                f'surface {self.surface!r} needs patches with U and V, but '
                f'the persons have {instances.num_classes} classes and '
                f'{"no" if instances.uv_maps is None else "some"} uv_maps')
        patches, owner = paint_persons(instances, order)
        uv = paint_uv(instances, owner)
        width = line_width(image.shape)
        if self.surface == 'texture':
            drawn = self._clothe(image, patches, uv)
        else:
            drawn = image.copy()
            regions = owner * NUM_PATCHES + patches
            for values, colour in zip(uv, (U_COLOUR, V_COLOUR)):
                bands = values // (256 // NUM_BANDS)
                drawn[change_lines(bands, regions, width)] = colour
            drawn[change_lines(patches, owner, width)] = BORDER_COLOUR
        drawn[person_borders(owner, width)] = BORDER_COLOUR
        return Drawing(drawn, set(np.unique(patches[patches > 0]).tolist()),
                       [])

    def _clothe(self, image: np.ndarray, patches: np.ndarray,
                uv: np.ndarray) -> np.ndarray:
        """Lay the texture's nearest pixels over the patches, (H, W)."""
        last = self._atlas.shape[1] - 1
        column, up = np.rint(uv * (last / 255)).astype(int)
        row = (patches.astype(int) - 1) * (last + 1) + last - up
        texel = np.where(patches > 0, 1 + row * (last + 1) + column, 0)
        colours = np.concatenate([[[0, 0, 0]], self._atlas.reshape(-1, 3)])
        return blend_parts(image, texel, colours, self.alpha)
