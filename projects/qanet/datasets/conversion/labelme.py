# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os
import os.path as osp
from typing import List, Optional

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import has_ending
from projects.qanet.utils.json_values import load_json
from .files import is_hidden, warn
from .shapes import (Shape, ShapeImage, ShapeSet, check_label, check_person,
                     check_size)


def _polygon_of(shape: dict, name: str) -> List[float]:
    """The outline of a LabelMe shape as x, y, x, y ..."""
    kind, points = shape.get('shape_type', 'polygon'), shape.get('points')
    try:
        points = [(float(x), float(y)) for x, y in points]
    except (TypeError, ValueError, OverflowError):
        raise InputError(f'{name} has no list of points (x, y)') from None
    if kind == 'rectangle' and len(points) == 2:
        (x1, y1), (x2, y2) = points
        points = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    elif kind != 'polygon' and (kind, len(points)) != ('rectangle', 4):
        raise InputError(f'{name} is a {kind}, allowed are polygon and '
                         'rectangle')
    return [value for point in points for value in point]


def _find_photo(document: dict, path: str, images: Optional[str]) -> str:
    """The image that a LabelMe file belongs to."""
    noted = document['imagePath'].replace('\\', '/')
    folder = osp.dirname(path) if images is None else images
    candidates = [
        osp.join(folder, noted),
        osp.join(folder, osp.basename(noted))
    ]
    for candidate in candidates:
        if osp.isfile(candidate):
            return osp.normpath(candidate)
    raise InputError(f'{path} belongs to {noted}, which is neither there nor '
                     f'in {folder or "."}')


def _read_file(path: str, images: Optional[str]) -> ShapeImage:
    document = load_json(path)
    if (not isinstance(document, dict)
            or not isinstance(document.get('shapes'), list)
            or not isinstance(document.get('imagePath'), str)):
        raise InputError(f"{path} is no LabelMe file: it lacks 'shapes' or "
                         "'imagePath'")
    size = check_size(
        document.get('imageWidth'), document.get('imageHeight'), path)
    image = ShapeImage(_find_photo(document, path, images), path, size)
    for i, shape in enumerate(document['shapes']):
        if not isinstance(shape, dict):
            raise InputError(f'{path}: shapes[{i}] must be an object')
        label = check_label(shape.get('label'), f'{path}: shapes[{i}]')
        name = f'{path}: shape {i} ({label})'
        image.shapes.append(
            Shape(label, check_person(shape.get('group_id'), name),
                  [_polygon_of(shape, name)], name))
    return image


def _list_files(folder: str) -> List[str]:
    """The json files of a folder and those below it."""
    paths = sorted(
        osp.join(root, name)
        for root, _, names in os.walk(folder, followlinks=True)
        for name in names if has_ending(name, ('.json', )))
    kept = [
        path for path in paths
        if not any(map(is_hidden,
                       osp.relpath(path, folder).split(os.sep)))
    ]
    if len(kept) < len(paths):
        warn(f'{len(paths) - len(kept)} hidden json files of {folder} are '
             'passed over')
    return kept


def read_labelme(folder: str, images: Optional[str] = None) -> ShapeSet:
    """Read LabelMe files: one json per image, a polygon per part.

    Args:
        folder (str): Folder of the json files; sub-folders are searched, too.
        images (str, optional): Folder of the images. Defaults to None: where
            the json says, or beside it.

    Returns:
        ShapeSet: A shape's person is its ``group_id``; labels are sorted.

    Raises:
        InputError: If there is no json file or none can be used, or two images
            have the same name.
    """
    paths = _list_files(folder)
    if not paths:
        raise InputError(f'{folder} holds no json files of LabelMe')
    result = ShapeSet()
    for path in paths:
        try:
            image = _read_file(path, images)
        except InputError as error:
            result.problems[osp.relpath(path, folder)] = str(error)
            continue
        result.add(osp.splitext(osp.basename(image.path))[0], image)
    if not result.images:
        raise InputError(f'none of {len(paths)} json files in {folder} can be '
                         f'used, e.g.: {next(iter(result.problems.values()))}')
    labels = {
        shape.label
        for image in result.images.values()
        for shape in image.shapes
    }
    result.labels = sorted(labels)
    return result
