# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What is said about each image, and the annotation file made of it."""
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence


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
               records: Dict[str, ImageRecord]) -> Dict[str, int]:
    """Ids that are given, else numbers in the names, else 1, 2, 3 ..."""
    given = {stem: record.image_id for stem, record in records.items()}
    if None not in given.values():
        return given
    # A stray file that is no image of the data set must not matter.
    if all(stem.isdecimal() for stem in records):
        ids = {stem: int(stem) for stem in records}
        if len(set(ids.values())) == len(ids):
            return ids
    # Images that cannot be converted have a number, too: it must not change
    # with the next download, since files of boxes refer to it.
    return {stem: number for number, stem in enumerate(stems, 1)}


def coco_document(stems: Sequence[str],
                  records: Dict[str, ImageRecord],
                  info: Optional[dict] = None) -> dict:
    """Make the COCO annotation file of a split.

    Args:
        stems (Sequence[str]): Names of all images that are listed. Where
            those that could be converted are different numbers these are the
            image ids, else their positions, unless the records have ids.
        records (dict[str, ImageRecord]): Those that could be converted, by
            name.
        info (dict, optional): Put under ``info``. Defaults to None.

    Returns:
        dict: ``images``, ``annotations`` (one per person), ``categories``
        and, if given, ``info``.
    """
    images, annotations = [], []
    image_ids = _image_ids(stems, records)
    for stem, record in records.items():
        image_id = image_ids[stem]
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
