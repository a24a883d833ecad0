# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Drawn parts of persons: read from LabelMe or COCO files, made to masks."""
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import (Any, Dict, Hashable, List, NamedTuple, Optional, Sequence,
                    Tuple)

import numpy as np
from pycocotools import mask as coco_mask

from projects.qanet.ground_truth.annotations import check_records
from projects.qanet.structures.rle import decode_runs
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import has_ending
from projects.qanet.utils.json_values import is_number, is_whole, load_json
from .files import is_hidden, warn

Size = Tuple[int, int]  # width, height
# How far from the image a point may lie, in its longer sides.
_MAX_REACH = 20


class Shape(NamedTuple):
    """A drawn part, or the outline of a whole person."""

    label: str
    person: Optional[Hashable]  # None: it is not noted whose it is
    # Polygons as lists x, y, x, y ... in pixels from the upper left corner of
    # the first one, or a COCO run length code.
    segmentation: Any
    name: str  # for messages


@dataclass
class ShapeImage:
    """An image with what was drawn on it, the topmost last."""

    path: Path
    source: Path  # the file that describes it
    size: Optional[Size]  # that the source claims
    image_id: Optional[int] = None
    shapes: List[Shape] = field(default_factory=list)


@dataclass
class ShapeSet:
    """Images by name, unreadable files with the reason, labels in order."""

    images: Dict[str, ShapeImage] = field(default_factory=dict)
    problems: Dict[str, str] = field(default_factory=dict)
    labels: List[str] = field(default_factory=list)

    def add(self, image: ShapeImage) -> None:
        """Add an image whose name no other one has."""
        other = self.images.setdefault(image.path.stem, image)
        if other is not image:
            raise InputError(f'{image.path} and {other.path} would get the '
                             'same label maps; file names must differ')


def _check_person(person: Any, name: str) -> Optional[Hashable]:
    """Whose a shape is: digits are a number, a blank text is nobody."""
    if isinstance(person, str):
        person = person.strip()
        return int(person) if person.isdecimal() else person or None
    if person is not None and not is_number(person):
        raise InputError(f'{name} has the person id {person!r}, expected a '
                         'number or a text')
    return person


def _check_label(label: Any, name: str) -> str:
    """A label with single blanks, as a list of classes has one per line."""
    text = ' '.join(str(label).split())
    if not (is_whole(label) or isinstance(label, str)) or not text:
        raise InputError(f'{name} has no label: {label!r} is no name')
    return text


def _check_size(width: Any, height: Any, name: str) -> Optional[Size]:
    """Width and height that a source claims; None if one is not noted."""
    if not width or not height:
        return None
    if not (is_number(width) and is_number(height)):
        raise InputError(f'{name} has the size {width!r} x {height!r}, '
                         'expected two numbers')
    return width, height


def _labelme_polygon(shape: dict, name: str) -> List[float]:
    """The outline of a LabelMe shape as x, y, x, y ..."""
    kind = shape.get('shape_type', 'polygon')
    try:
        points = [(float(x), float(y)) for x, y in shape.get('points')]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f'{name} has no list of points (x, y)') from None
    if kind == 'rectangle' and len(points) == 2:
        (x1, y1), (x2, y2) = points
        points = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    elif kind != 'polygon' and (kind, len(points)) != ('rectangle', 4):
        raise InputError(f'{name} is a {kind}, allowed are polygon and '
                         'rectangle')
    return [value for point in points for value in point]


def _read_labelme_file(path: Path, images: Optional[str]) -> ShapeImage:
    document = load_json(path)
    if not (isinstance(document, dict)
            and isinstance(document.get('shapes'), list)
            and isinstance(document.get('imagePath'), str)):
        raise InputError(f"{path} is no LabelMe file: it lacks 'shapes' or "
                         "'imagePath'")
    size = _check_size(
        document.get('imageWidth'), document.get('imageHeight'), path)
    noted = Path(document['imagePath'].replace('\\', '/'))
    folder = path.parent if images is None else Path(images)
    photo = folder / noted
    if not photo.is_file():
        photo = folder / noted.name
    if not photo.is_file():
        raise InputError(f'{path} belongs to {noted}, which is neither there '
                         f'nor in {folder}')
    image = ShapeImage(photo, path, size)
    check_records(document['shapes'], (), f'{path}: shapes')
    for i, shape in enumerate(document['shapes']):
        label = _check_label(shape.get('label'), f'{path}: shapes[{i}]')
        name = f'{path}: shape {i} ({label})'
        image.shapes.append(
            Shape(label, _check_person(shape.get('group_id'), name),
                  [_labelme_polygon(shape, name)], name))
    return image


def read_labelme(folder: str, images: Optional[str] = None) -> ShapeSet:
    """Read LabelMe files: one json per image, a polygon per part.

    Sub-folders are searched, too. Images are in ``images``, else where the
    json says or beside it. A shape's person is its ``group_id``; labels are
    sorted. A file that cannot be used is one of the problems.
    """
    names = sorted(
        Path(root, file).relative_to(folder)
        for root, _, files in os.walk(folder, followlinks=True)
        for file in files if has_ending(file, ('.json', )))
    shown = [name for name in names if not any(map(is_hidden, name.parts))]
    if len(shown) < len(names):
        warn(f'{len(names) - len(shown)} hidden json files of {folder} are '
             'passed over')
    if not shown:
        raise InputError(f'{folder} holds no json files of LabelMe')
    result = ShapeSet()
    for name in shown:
        try:
            image = _read_labelme_file(folder / name, images)
        except InputError as error:
            result.problems[str(name)] = str(error)
        else:
            result.add(image)
    if not result.images:
        raise InputError(f'none of {len(shown)} json files in {folder} can be '
                         f'used, e.g.: {next(iter(result.problems.values()))}')
    result.labels = sorted({
        shape.label
        for image in result.images.values()
        for shape in image.shapes
    })
    return result


def _records(document: Any,
             key: str,
             needed: Sequence[str],
             path: str,
             unique: bool = True) -> List[dict]:
    """The records of a COCO file's list."""
    if not isinstance(document, dict) or key not in document:
        raise InputError(f'{path} is no COCO file: it lacks the list {key!r}')
    check_records(document[key], needed, f'{path}: {key}')
    seen = set()
    for i, record in enumerate(document[key]):
        for name in needed:
            value = record[name]
            if name.endswith('id') and not (is_number(value)
                                            or isinstance(value, str)):
                raise InputError(f'{path}: {key}[{i}] has {name} {value!r}, '
                                 'expected a number or a text')
        if unique and record['id'] in seen:
            raise InputError(f'{path} has several {key} with the id '
                             f'{record["id"]!r}')
        seen.add(record['id'])
    return document[key]


def _coco_person(annotation: dict, keys: Sequence[str],
                 name: str) -> Optional[Hashable]:
    """Whose a part is, as the annotation or its attributes say."""
    for source in (annotation, annotation.get('attributes')):
        # Some files list the numbers of attributes.
        for key in keys if isinstance(source, dict) else ():
            person = _check_person(source.get(key), name)
            if person is not None:
                return person
    return None


def read_coco_parts(path: str, images: str, person_label: str,
                    person_keys: Sequence[str]) -> ShapeSet:
    """Read a COCO file with one annotation per part; labels by category.

    A part's person is the value of the first of ``person_keys`` that the
    annotation, or its ``attributes``, has. A whole person without any, whose
    category is ``person_label``, is known by its annotation's id.
    """
    document = load_json(path)
    labels = {
        record['id']:
        _check_label(record['name'], f'{path}: category {record["id"]!r}')
        for record in _records(document, 'categories', ('id', 'name'), path)
    }
    result = ShapeSet(labels=list(labels.values()))
    images_of = {}
    for record in _records(document, 'images', ('id', 'file_name'), path):
        key = record['id']
        size = _check_size(
            record.get('width'), record.get('height'),
            f'{path}: image {key!r}')
        photo = Path(images, str(record['file_name']).replace('\\', '/'))
        images_of[key] = ShapeImage(photo, path, size,
                                    key if is_whole(key) else None)
        result.add(images_of[key])
    needed = ('id', 'image_id', 'category_id', 'segmentation')
    for record in _records(document, 'annotations', needed, path, False):
        name = f'{path}: annotation {record["id"]}'
        for key, known in (('image_id', images_of), ('category_id', labels)):
            if record[key] not in known:
                raise InputError(f'{name} has {key} {record[key]!r}, which is '
                                 'not listed')
        label = labels[record['category_id']]
        person = _coco_person(record, person_keys, name)
        if person is None and label == person_label:
            person = _check_person(record['id'], name)
        images_of[record['image_id']].shapes.append(
            Shape(label, person, record['segmentation'], f'{name} ({label})'))
    return result


def _is_polygon(points: Any) -> bool:
    return (isinstance(points, list) and len(points) >= 6
            and len(points) % 2 == 0 and all(map(is_number, points)))


def _decode(code: dict, size: Size, name: str) -> np.ndarray:
    """Decode run lengths, unless pycocotools would read beyond them."""
    width, height = size
    if code.get('size') != [height, width]:
        raise InputError(f'{name} has a mask of size (h, w) '
                         f'{code.get("size")}, but the image is '
                         f'{[height, width]}')
    counts = code.get('counts')
    try:
        if not isinstance(counts, list):
            total = int(decode_runs([counts])[3][0])
        elif all(is_whole(count, 0) for count in counts):
            total = sum(counts)
        else:
            raise ValueError('counts must be whole numbers from 0')
    except ValueError as error:
        raise InputError(f'{name}: {error.args[0]}') from None
    if total != width * height:
        raise InputError(f'{name} describes {total} pixels, but the image '
                         f'has {width * height}')
    if isinstance(counts, list):
        code = coco_mask.frPyObjects(code, height, width)
    return coco_mask.decode(code) > 0


def shape_mask(shape: Shape, size: Size) -> np.ndarray:
    """Rasterise a shape in COCO's way for a (width, height), (h, w) of bool.

    A pixel belongs to a polygon, roughly, if its centre lies inside.
    """
    polygons = shape.segmentation
    if isinstance(polygons, dict):
        return _decode(polygons, size, shape.name)
    if (not isinstance(polygons, list) or not polygons
            or not all(map(_is_polygon, polygons))):
        raise InputError(f'{shape.name} is no polygon: it needs three or more '
                         'points, x and y in turn')
    # pycocotools takes memory for the whole outline, however long it is.
    reach = _MAX_REACH * max(size)
    if max(abs(value) for points in polygons for value in points) > reach:
        raise InputError(f'{shape.name} has a coordinate beyond {reach} '
                         f'pixels, but the image is {size[0]}x{size[1]}')
    codes = coco_mask.frPyObjects(polygons, *size[::-1])
    return coco_mask.decode(coco_mask.merge(codes)) > 0
