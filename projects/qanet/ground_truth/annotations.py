# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Which images and persons a data set has: its COCO json, checked."""
from collections import Counter
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import (ByteReader, is_number, is_whole,
                                              load_json, read_bytes)

#: Highest value of Human_ids and Instance_ids, which are 16-bit at most.
MAX_ID = 65535


class PersonInfo(NamedTuple):
    """One annotated person."""
    parsing_id: int  # the person's value in Human_ids, 1..65535
    is_crowd: bool  # whether the annotation covers a group of people


class ImageInfo(NamedTuple):
    """One annotated image, sizes in pixels."""
    image_id: int
    file_name: str  # path inside the image folder
    width: int
    height: int
    persons: Tuple[PersonInfo, ...]  # in the order of the annotations

    @property
    def size(self) -> Tuple[int, int]:
        """Width and height in pixels."""
        return self.width, self.height


def check_records(records: Any, keys: Sequence[str], where: str) -> None:
    """Refuse, with an InputError, what is no list of objects with these keys.
    """
    if not isinstance(records, list):
        raise InputError(f'{where} must be a list, got '
                         f'{type(records).__name__}')
    for position, record in enumerate(records):
        if not isinstance(record, dict):
            raise InputError(f'{where}[{position}] must be an object')
        for key in keys:
            if key not in record:
                raise InputError(f'{where}[{position}] lacks the key {key!r} '
                                 f'(needed: {", ".join(keys)})')


def check_bbox(bbox: Any, where: str) -> None:
    """Refuse a box that is not four numbers with an InputError."""
    if (not isinstance(bbox, list) or len(bbox) != 4 or not all(
            is_number(value) or isinstance(value, float) for value in bbox)):
        raise InputError(f'{where} has bbox {bbox!r}, expected the four '
                         'numbers x, y, width, height')


def load_persons(
        path: str,
        keys: Sequence[str] = ('id', 'image_id', 'bbox', 'category_id'),
        read: ByteReader = read_bytes,
        person_cat_ids: Optional[Sequence[int]] = None) -> Dict[str, Any]:
    """Read a COCO file of persons and check it.

    Every annotation must have ``keys``; ``read`` gets the content.
    ``person_cat_ids`` are the ``category_id`` of persons; other annotations
    are left out, whatever they are, unless it is None.

    In the document images have whole numbers as ``id`` (each once), ``width``
    and ``height`` (above 0) and a ``file_name``. Every annotation's
    ``image_id`` is known and, where they are there, its ``bbox`` is four
    numbers (xywh, pixels) and its ``parsing_id`` a whole number 1..65535.
    ``annotations`` is empty where the file has none.

    Raises a FileNotFoundError, or an InputError that names file and record.
    """
    document = load_json(path, read)
    if not isinstance(document, dict) or 'images' not in document:
        raise InputError(f"{path} lacks the key 'images' of a COCO file")
    if 'results' in document and 'annotations' not in document:
        raise InputError(f'{path} is a results file, not the annotations of a '
                         'data set')
    annotations = document.setdefault('annotations', [])
    known = _check_images(document['images'], path)
    check_records(annotations, ('image_id', ), f'{path}: annotations')
    if person_cat_ids is not None:
        annotations = document['annotations'] = keep_categories(
            annotations, person_cat_ids, path)
    check_records(annotations, keys, f'{path}: annotations')
    for position, person in enumerate(annotations):
        where = f'{path}: ' + (f'annotation {person["id"]}' if 'id' in person
                               else f'annotations[{position}]')
        image_id = person['image_id']
        if not is_whole(image_id) or image_id not in known:
            raise InputError(f'{where} belongs to image_id {image_id!r}, '
                             'which is not listed')
        if 'bbox' in person:
            check_bbox(person['bbox'], where)
        # 0 would make a person out of everything that is nobody's.
        if not is_whole(person.get('parsing_id', 1), 1, MAX_ID):
            raise InputError(f'{where} has parsing_id {person["parsing_id"]!r}'
                             f', expected a whole number 1..{MAX_ID}')
    return document


def keep_categories(records: List[dict], cat_ids: Sequence[int],
                    path: str) -> List[dict]:
    """Keep the annotations or boxes that are persons, in their order.

    A record without ``category_id`` is a person. Raises an InputError if there
    are records, but none of a person; it names the categories that are there.
    """
    kept = [
        record for record in records
        if record.get('category_id', cat_ids[0]) in cat_ids
    ]
    if records and not kept:
        counts = Counter(str(record['category_id']) for record in records)
        found = ', '.join(f'{category} ({count} boxes)'
                          for category, count in counts.most_common(5))
        raise InputError(
            f'{path} has no box of category {list(cat_ids)}; most frequent '
            f'are {found}: is the category of persons another?')
    return kept


def _check_images(images: Any, path: str) -> set:
    """Check the list of images, return their ids."""
    check_records(images, ('id', 'file_name', 'width', 'height'),
                  f'{path}: images')
    if not images:
        raise InputError(f'{path} lists no images')
    known = set()
    for position, image in enumerate(images):
        for key, is_good, expected in (('id', is_whole(image['id']),
                                        'a whole number'),
                                       ('width', is_whole(image['width'], 1),
                                        'a whole number above 0'),
                                       ('height', is_whole(image['height'], 1),
                                        'a whole number above 0'),
                                       ('file_name',
                                        isinstance(image['file_name'],
                                                   str), 'a text')):
            if not is_good:
                raise InputError(f'{path}: images[{position}] has {key} '
                                 f'{image[key]!r}, expected {expected}')
        if image['id'] in known:
            raise InputError(f'{path} has several images with the same id '
                             f'{image["id"]}')
        known.add(image['id'])
        # Files that were written on Windows.
        image['file_name'] = image['file_name'].replace('\\', '/')
    return known


def read_annotations(
    path: str,
    person_cat_ids: Sequence[int] = (1, ),
    classes: Sequence[str] = ()
) -> Dict[int, ImageInfo]:
    """Read the images of a data set and the persons in them, ids ascending.

    ``classes`` are names of the classes of results, background first, which
    must be those that the file notes; numbers stand in for names that are not
    known, () is no look.

    Raises what :func:`load_persons` does. Every person needs a ``parsing_id``
    that no other of the image has.
    """
    document = load_persons(
        path, ('image_id', ), person_cat_ids=person_cat_ids)
    noted = _read_info(document).get('classes')
    unnamed = (
        isinstance(noted, list) and len(noted) == len(classes)
        and list(classes) == [str(label) for label in range(len(classes))])
    if classes and not unnamed:
        check_noted_classes(classes, document, path, 'the results have')
    persons: Dict[int, Dict[int, PersonInfo]] = {}
    for annotation in document['annotations']:
        image_id = annotation['image_id']
        if 'parsing_id' not in annotation:
            raise InputError(f'{path}: a person of the image id {image_id} '
                             "lacks the key 'parsing_id' (the value in "
                             'Human_ids)')
        parsing_id = annotation['parsing_id']
        others = persons.setdefault(image_id, {})
        if parsing_id in others:
            raise InputError(f'{path}: the image id {image_id} has two '
                             f'annotations with the parsing_id {parsing_id}')
        others[parsing_id] = PersonInfo(parsing_id,
                                        bool(annotation.get('iscrowd', 0)))
    images = sorted(document['images'], key=lambda image: image['id'])
    return {
        image['id']:
        ImageInfo(image['id'], image['file_name'],
                  image['width'], image['height'],
                  tuple(persons.get(image['id'], {}).values()))
        for image in images
    }


def check_noted_classes(
        classes: Sequence[str],
        document: dict,
        path: str,
        whose: str = 'the metainfo of the data set has') -> None:
    """Compare a data set's classes, background first, with its json's.

    ``info`` may have ``classes`` (converters of own data write them) or
    ``num_classes``. Raises an InputError if they differ, or are no names.
    """
    info = _read_info(document)
    noted, number = info.get('classes'), info.get('num_classes')
    noted = classes if noted is None else noted
    if not isinstance(noted, (list, tuple)) or not all(
            isinstance(name, str) for name in noted):
        raise InputError(f'{path}: info.classes is {noted!r}, expected a list '
                         'of names')
    number = len(noted) if number is None else number
    if number != len(classes) or list(noted) != list(classes):
        raise InputError(
            f'{path} was made for {number} classes ({", ".join(noted)}), but '
            f'{whose} {len(classes)}: {", ".join(classes)}')


def _read_info(document: dict) -> dict:
    info = document.get('info')
    return info if isinstance(info, dict) else {}
