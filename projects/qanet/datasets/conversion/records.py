# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What is said about each image, and the annotation file made of it."""
from dataclasses import dataclass, field
from typing import List, Optional, Sequence


@dataclass
class ImageRecord:
    """What the annotation file says about one converted image.

    Attributes:
        file_name (str): Name of the image in ``Images``.
        width (int): Width in pixels.
        height (int): Height in pixels.
        persons (list[dict]): ``parsing_id, bbox`` (xywh, pixels), ``area``.
        notes (list[str]): What the user should know, e.g. of persons that
            were left out.
        image_id (int, optional): The id to keep. Defaults to None: one is
            given, see :func:`coco_document`.
    """

    file_name: str
    width: int
    height: int
    persons: List[dict] = field(default_factory=list)
    notes: List[str] = field(default_factory=list)
    image_id: Optional[int] = None


def _image_ids(stems: Sequence[str],
               records: Sequence[ImageRecord]) -> List[int]:
    """Ids that are given, else numbers in the names, else 1, 2, 3 ..."""
    given = [record.image_id for record in records]
    if None not in given:
        return given
    if all(stem.isdigit() for stem in stems):
        ids = [int(stem) for stem in stems]
        if len(set(ids)) == len(ids):
            return ids
    return list(range(1, len(stems) + 1))


def coco_document(stems: Sequence[str],
                  records: Sequence[ImageRecord],
                  info: Optional[dict] = None) -> dict:
    """Make the COCO annotation file of a split.

    Args:
        stems (Sequence[str]): Names of the images. Where all are different
            numbers these are the image ids, unless the records have ids.
        records (Sequence[ImageRecord]): One per name.
        info (dict, optional): Put under ``info``. Defaults to None.

    Returns:
        dict: ``images``, ``annotations`` (one per person), ``categories``
        and, if given, ``info``.
    """
    images, annotations = [], []
    for image_id, record in zip(_image_ids(stems, records), records):
        images.append(
            dict(
                id=image_id,
                file_name=record.file_name,
                width=record.width,
                height=record.height))
        for person in record.persons:
            annotations.append(
                dict(
                    person,
                    id=len(annotations) + 1,
                    image_id=image_id,
                    category_id=1,
                    iscrowd=0))
    document = dict(
        images=images,
        annotations=annotations,
        categories=[dict(id=1, name='person', supercategory='person')])
    return document if info is None else dict(info=info, **document)
