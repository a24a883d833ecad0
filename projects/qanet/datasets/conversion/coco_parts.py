# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import os.path as osp
from typing import Any, Hashable, Optional, Sequence

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import load_json
from .shapes import (Shape, ShapeImage, ShapeSet, check_label, check_person,
                     check_size)


def _is_id(value: Any) -> bool:
    return (isinstance(value, (int, float, str))
            and not isinstance(value, bool))


def _records(document: Any, key: str, needed: Sequence[str],
             path: str) -> list:
    records = document.get(key) if isinstance(document, dict) else None
    if not isinstance(records, list):
        raise InputError(f'{path} is no COCO file: it lacks the list {key!r}')
    for i, record in enumerate(records):
        for name in needed:
            if not isinstance(record, dict) or name not in record:
                raise InputError(f'{path}: {key}[{i}] lacks the key {name!r}')
            if name.endswith('id') and not _is_id(record[name]):
                raise InputError(f'{path}: {key}[{i}] has {name} '
                                 f'{record[name]!r}, expected a number or a '
                                 'text')
    return records


def _person_of(annotation: dict, keys: Sequence[str],
               name: str) -> Optional[Hashable]:
    """Whose a part is, as the annotation or its attributes say."""
    attributes = annotation.get('attributes')
    if not isinstance(attributes, dict):
        attributes = {}  # some files list the numbers of attributes
    for source in (annotation, attributes):
        for key in keys:
            person = check_person(source.get(key), name)
            if person is not None:
                return person
    return None


def read_coco_parts(
    path: str,
    images: str,
    person_label: str = 'person',
    person_keys: Sequence[str] = ('person_id', 'group_id')
) -> ShapeSet:
    """Read a COCO file with one annotation per part.

    Args:
        path (str): COCO json; its categories are parts and, optionally,
            whole persons.
        images (str): Folder of the images.
        person_label (str): Category of whole persons. Defaults to 'person'.
        person_keys (Sequence[str]): Keys of an annotation, or of its
            ``attributes``, that say whose the part is. Defaults to
            ('person_id', 'group_id').

    Returns:
        ShapeSet: A part's person is the value of the first key that is there,
        else None. A whole person without such a key is known by its
        annotation's id. Labels are in the order of the categories.

    Raises:
        InputError: If the file is malformed (which record is named), or two
            images have the same name.
    """
    document = load_json(path)
    categories = {}
    for record in _records(document, 'categories', ('id', 'name'), path):
        if record['id'] in categories:
            raise InputError(f'{path} has several categories with the id '
                             f'{record["id"]!r}')
        categories[record['id']] = check_label(
            record['name'], f'{path}: category {record["id"]!r}')
    result = ShapeSet(labels=list(categories.values()))
    by_id = {}
    for record in _records(document, 'images', ('id', 'file_name'), path):
        if record['id'] in by_id:
            raise InputError(f'{path} has several images with the id '
                             f'{record["id"]!r}')
        number = record['id'] if isinstance(record['id'], int) else None
        image = ShapeImage(
            osp.join(images,
                     str(record['file_name']).replace('\\', '/')), path,
            check_size(
                record.get('width'), record.get('height'),
                f'{path}: image {record["id"]!r}'), number)
        by_id[record['id']] = image
        result.add(osp.splitext(osp.basename(image.path))[0], image)
    for record in _records(document, 'annotations',
                           ('id', 'image_id', 'category_id', 'segmentation'),
                           path):
        name = f'{path}: annotation {record["id"]}'
        if record['image_id'] not in by_id:
            raise InputError(f'{name} belongs to image_id '
                             f'{record["image_id"]!r}, which is not listed')
        if record['category_id'] not in categories:
            raise InputError(
                f'{name} has category_id {record["category_id"]!r}, '
                'which is not listed')
        label = categories[record['category_id']]
        person = _person_of(record, person_keys, name)
        if person is None and label == person_label:
            person = check_person(record['id'], name)
        by_id[record['image_id']].shapes.append(
            Shape(label, person, record['segmentation'], f'{name} ({label})'))
    return result
