# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Drawn parts of persons, whatever program they come from."""
import math
from dataclasses import dataclass, field
from typing import Any, Dict, Hashable, List, NamedTuple, Optional, Tuple

import numpy as np
from pycocotools import mask as coco_mask

from projects.qanet.structures.rle import decode_runs
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number, is_whole

# How far from the image a point may lie, in its longer sides.
_MAX_REACH = 20


class Shape(NamedTuple):
    """A drawn part, or the outline of a whole person.

    Attributes:
        label (str): Its class.
        person (Hashable): Whose it is, None if that is not noted.
        segmentation (list | dict): Polygons as lists x, y, x, y ... in pixels
            (0, 0 is the upper left corner of the first pixel), or a COCO run
            length code.
        name (str): What to call it in messages.
    """

    label: str
    person: Optional[Hashable]
    segmentation: Any
    name: str


@dataclass
class ShapeImage:
    """An image with what was drawn on it.

    Attributes:
        path (str): The image.
        source (str): The file that describes it, for messages.
        size (tuple[int, int], optional): Width and height that the source
            claims, in pixels.
        image_id (int, optional): The id that the source gives.
        shapes (list[Shape]): In the order in which they lie on each other,
            the topmost last.
    """

    path: str
    source: str
    size: Optional[Tuple[int, int]] = None
    image_id: Optional[int] = None
    shapes: List[Shape] = field(default_factory=list)


@dataclass
class ShapeSet:
    """What one source (a COCO file, a folder of LabelMe files) holds.

    Attributes:
        images (dict[str, ShapeImage]): By name, without ending.
        problems (dict[str, str]): File of the source, relative to its folder
            -> why it could not be read.
        labels (list[str]): The source's labels, outlines of persons and
            background included, in its order.
    """

    images: Dict[str, ShapeImage] = field(default_factory=dict)
    problems: Dict[str, str] = field(default_factory=dict)
    labels: List[str] = field(default_factory=list)

    def add(self, stem: str, image: ShapeImage) -> None:
        """Add an image.

        Args:
            stem (str): Its name without folder and ending.
            image (ShapeImage): The image.

        Raises:
            InputError: If there is another one of that name.
        """
        if stem in self.images:
            raise InputError(
                f'{image.path} and {self.images[stem].path} would get the '
                'same label maps; file names must differ')
        self.images[stem] = image


def check_person(person: Any, name: str) -> Optional[Hashable]:
    """Check what a source says about whose a shape is.

    Args:
        person (Any): The value.
        name (str): What to call the shape in messages.

    Returns:
        Hashable | None: The value; a text of digits is the number, a blank
        one is nobody.

    Raises:
        InputError: If it is neither a finite number, a text nor None.
    """
    if isinstance(person, str):
        person = person.strip()
        return int(person) if person.isdecimal() else person or None
    if person is not None and not is_number(person):
        raise InputError(f'{name} has the person id {person!r}, expected a '
                         'number or a text')
    return person


def check_label(label: Any, name: str) -> str:
    """Check the label of a shape or the name of a category.

    Args:
        label (Any): What the source says.
        name (str): What to call the record in messages.

    Returns:
        str: The label; runs of white space are one blank, as a list of
        classes has one name per line.

    Raises:
        InputError: If it is neither a number nor a text, or blank.
    """
    text = ' '.join(str(label).split())
    if isinstance(label, bool) or not isinstance(label,
                                                 (int, str)) or not text:
        raise InputError(f'{name} has no label: {label!r} is no name')
    return text


def check_size(width: Any, height: Any,
               name: str) -> Optional[Tuple[int, int]]:
    """Check what a source says about an image's size.

    Args:
        width (Any): In pixels.
        height (Any): In pixels.
        name (str): What to call the record in messages.

    Returns:
        tuple[int, int] | None: Width and height; None if one is not noted.

    Raises:
        InputError: If they are no numbers.
    """
    if not width or not height:
        return None
    if not all(isinstance(side, (int, float)) for side in (width, height)):
        raise InputError(f'{name} has the size {width!r} x {height!r}, '
                         'expected two numbers')
    return width, height


def _is_polygon(points: Any) -> bool:
    return (isinstance(points, list) and len(points) >= 6
            and len(points) % 2 == 0 and all(
                isinstance(value, (int, float)) and abs(value) < math.inf
                for value in points))


def _check_code(code: dict, size: Tuple[int, int], name: str) -> None:
    """Refuse run lengths that pycocotools would read beyond, or not fill."""
    counts = code.get('counts')
    try:
        if isinstance(counts, list):
            if not all(is_whole(count, 0) for count in counts):
                raise InputError('counts must be whole numbers from 0')
            total = sum(counts)
        else:
            total = int(decode_runs([counts])[3][0])
    except ValueError as error:
        raise InputError(f'{name}: {error.args[0]}') from None
    if total != size[0] * size[1]:
        raise InputError(f'{name} describes {total} pixels, but the image '
                         f'has {size[0] * size[1]}')


def shape_mask(shape: Shape, size: Tuple[int, int]) -> np.ndarray:
    """Rasterise a shape in COCO's way.

    A pixel belongs to a polygon, roughly, if its centre lies inside; parts
    outside the image are cut off.

    Args:
        shape (Shape): Shape to draw.
        size (tuple[int, int]): Width and height of the image in pixels.

    Returns:
        np.ndarray: Shape (h, w), bool.

    Raises:
        InputError: If it is neither polygons of three or more points nor a run
            length code of the image's size, or a point is farther away than
            20 times the image's longer side.
    """
    segmentation = shape.segmentation
    width, height = size
    if isinstance(segmentation, dict):
        if segmentation.get('size') != [height, width]:
            raise InputError(f'{shape.name} has a mask of size (h, w) '
                             f'{segmentation.get("size")}, but the image is '
                             f'{[height, width]}')
        _check_code(segmentation, size, shape.name)
        if isinstance(segmentation['counts'], list):
            segmentation = coco_mask.frPyObjects(segmentation, height, width)
        return coco_mask.decode(segmentation) > 0
    if (not isinstance(segmentation, list) or not segmentation
            or not all(map(_is_polygon, segmentation))):
        raise InputError(f'{shape.name} is no polygon: it needs three or more '
                         'points, x and y in turn')
    # pycocotools takes memory for the whole outline, however long it is.
    farthest = max(abs(value) for points in segmentation for value in points)
    if farthest > _MAX_REACH * max(size):
        raise InputError(f'{shape.name} has a coordinate beyond '
                         f'{_MAX_REACH * max(size)} pixels, but the image is '
                         f'{width}x{height}')
    codes = coco_mask.frPyObjects(segmentation, height, width)
    return coco_mask.decode(coco_mask.merge(codes)) > 0
