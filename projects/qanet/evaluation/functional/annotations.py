# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Which images and persons a data set has (PROTOCOL 6)."""
import json
from typing import Any, Dict, List, NamedTuple, Tuple

from projects.qanet.utils.errors import InputError


class PersonInfo(NamedTuple):
    """One annotated person.

    Attributes:
        parsing_id (int): The person's value in Human_ids.
        is_crowd (bool): Whether the annotation covers a group of people.
    """
    parsing_id: int
    is_crowd: bool


class ImageInfo(NamedTuple):
    """One annotated image.

    Attributes:
        image_id (int): The image's id.
        file_name (str): Path of the image inside the image folder.
        width (int): In pixels.
        height (int): In pixels.
        persons (tuple[PersonInfo, ...]): In the order of the annotations.
    """
    image_id: int
    file_name: str
    width: int
    height: int
    persons: Tuple[PersonInfo, ...]


def read_annotations(ann_file: str) -> Dict[int, ImageInfo]:
    """Read a COCO style annotation file with one annotation per person.

    Args:
        ann_file (str): Path of the json file.

    Returns:
        dict[int, ImageInfo]: Images by id, ids ascending.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If the file is broken or lacks a key.
    """
    with open(ann_file, encoding='utf-8') as file:
        try:
            document = json.load(file)
        except ValueError as error:
            raise InputError(f'{ann_file} is not a complete JSON '
                             f'document: {error}') from error
    try:
        persons = _collect_persons(document['annotations'], ann_file)
        images = [
            ImageInfo(image['id'], image['file_name'], image['width'],
                      image['height'], tuple(persons.pop(image['id'], ())))
            for image in document['images']
        ]
    except KeyError as error:
        raise InputError(f'{ann_file} lacks the key {error}; images '
                         'need id, file_name, width and height, '
                         'annotations image_id and parsing_id') from error
    except TypeError as error:
        raise InputError(f'{ann_file} is not laid out as a COCO '
                         f'annotation file: {error}') from error
    if persons:
        raise InputError(f'{ann_file} has annotations for the image id '
                         f'{min(persons)}, which is no image there')
    by_id = {image.image_id: image for image in images}
    if len(by_id) != len(images):
        raise InputError(f'{ann_file} lists an image id twice')
    return dict(sorted(by_id.items()))


def _collect_persons(annotations: List[Dict[str, Any]],
                     ann_file: str) -> Dict[int, List[PersonInfo]]:
    """Group the annotated persons by image id."""
    persons: Dict[int, List[PersonInfo]] = {}
    for annotation in annotations:
        person = PersonInfo(annotation['parsing_id'],
                            bool(annotation.get('iscrowd', 0)))
        others = persons.setdefault(annotation['image_id'], [])
        if any(other.parsing_id == person.parsing_id for other in others):
            raise InputError(
                f'{ann_file}: the image id {annotation["image_id"]} has two '
                f'annotations with the parsing_id {person.parsing_id}')
        others.append(person)
    return persons
