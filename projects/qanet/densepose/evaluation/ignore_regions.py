# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Regions of an image where persons are neither annotated nor counted.

PoseTrack's images have them: ``ignore_regions_x`` and ``ignore_regions_y``,
the coordinates in pixels of the corners of polygons.
"""
from typing import Any, Dict, List, Optional

import numpy as np
from pycocotools import mask as coco_mask

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number
from .similarity import place_mask

_KEYS = ('ignore_regions_x', 'ignore_regions_y')
# Shares from which on an annotated box and a detected mask are left out.
_BOX_SHARE, _MASK_SHARE = .7, .9
# How far from the image a corner may lie, in its longer sides.
_MAX_REACH = 20


def draw_regions(image: Dict[str, Any], where: str) -> Optional[np.ndarray]:
    """Draw the regions of an image, (height, width) bool; None without any.

    ``image`` is its entry in the annotation file. Raises an InputError that
    begins ``where`` if they are no polygons.
    """
    if not image.get(_KEYS[0]):
        return None
    width, height = image['width'], image['height']
    limit = _MAX_REACH * max(width, height)
    columns, rows = (image.get(key) for key in _KEYS)
    polygons: List[List[float]] = []
    if (not isinstance(columns, list) or not isinstance(rows, list)
            or len(columns) != len(rows)):
        raise InputError(f'{where} has not as many {" as ".join(_KEYS)}')
    for x, y in zip(columns, rows):
        if not (isinstance(x, list) and isinstance(y, list)
                and len(x) == len(y) >= 3
                and all(is_number(one) and abs(one) <= limit
                        for one in x + y)):
            raise InputError(
                f'{where} has an ignored region that is no polygon of three '
                f'or more corners, x and y, within {limit} pixels')
        polygons.append([one for corner in zip(x, y) for one in corner])
    codes = coco_mask.frPyObjects(polygons, height, width)
    return coco_mask.decode(coco_mask.merge(codes)) > 0


def is_ignored_box(annotation: Dict[str, Any], regions: np.ndarray) -> bool:
    """Whether seven tenths of a person's box lie in the regions.

    An empty box is, too.
    """
    x, y, width, height = map(int, annotation['bbox'])
    if width * height == 0:
        return True
    top, left = max(y, 0), max(x, 0)
    common = regions[top:max(y + height, 0), left:max(x + width, 0)].sum()
    return common / width / height >= _BOX_SHARE


def is_ignored_mask(detection: Dict[str, Any], regions: np.ndarray) -> bool:
    """Whether nine tenths of a detection's mask lie in the regions."""
    height, width = regions.shape
    mask = place_mask(detection['bbox'], detection['uv'][0] > 0,
                      (width, height))
    x, y = mask.corner
    rows, columns = mask.pixels.shape
    common = regions[y:y + rows, x:x + columns] & mask.pixels
    return common.any() and common.sum() / mask.pixels.sum() >= _MASK_SHARE
