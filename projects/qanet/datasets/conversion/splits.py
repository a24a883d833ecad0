# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The part that all converters share: walk a split, write its json."""
import json
import os
import os.path as osp
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Callable, List, Sequence, Tuple, Union

from mmengine.logging import MMLogger
from rich.progress import track

from ..errors import DataError

# Of many skipped files, how many are named in the log.
_MAX_NAMED = 20


@dataclass
class ImageRecord:
    """What the annotation file says about one converted image.

    Attributes:
        file_name (str): Name of the image in ``Images``.
        width (int): Width in pixels.
        height (int): Height in pixels.
        persons (list[dict]): ``parsing_id, bbox`` (xywh, pixels), ``area``.
    """

    file_name: str
    width: int
    height: int
    persons: List[dict] = field(default_factory=list)


@dataclass
class SplitReport:
    """What became of one split.

    Attributes:
        ann_file (str): The annotation file that was written.
        num_images (int): Converted images.
        num_persons (int): Their persons.
        skipped (list[tuple[str, str]]): Name and reason of images left out.
    """

    ann_file: str
    num_images: int
    num_persons: int
    skipped: List[Tuple[str, str]]

    def log(self) -> None:
        """Say what was converted and what was not, and why."""
        logger = MMLogger.get_current_instance()
        for stem, reason in self.skipped[:_MAX_NAMED]:
            logger.warning(f'Skipped {stem}: {reason}')
        if len(self.skipped) > _MAX_NAMED:
            logger.warning(f'... and {len(self.skipped) - _MAX_NAMED} more '
                           'skipped images')
        logger.info(f'{self.ann_file}: {self.num_images} images, '
                    f'{self.num_persons} persons, {len(self.skipped)} images '
                    'skipped')


def _guarded(convert_one: Callable[[str], ImageRecord],
             stem: str) -> Union[ImageRecord, str]:
    """The record, or why there is none."""
    try:
        return convert_one(stem)
    except (DataError, FileNotFoundError) as error:
        return str(error)


def _image_ids(stems: Sequence[str]) -> List[int]:
    """Numbers in the names where they are numbers, else 1, 2, 3 ..."""
    if all(stem.isdigit() for stem in stems):
        ids = [int(stem) for stem in stems]
        if len(set(ids)) == len(ids):
            return ids
    return list(range(1, len(stems) + 1))


def _coco_document(stems: Sequence[str],
                   records: Sequence[ImageRecord]) -> dict:
    images, annotations = [], []
    for image_id, record in zip(_image_ids(stems), records):
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
    return dict(
        images=images,
        annotations=annotations,
        categories=[dict(id=1, name='person', supercategory='person')])


def convert_split(ann_file: str,
                  stems: Sequence[str],
                  convert_one: Callable[[str], ImageRecord],
                  workers: int = 4) -> SplitReport:
    """Convert the images of a split and write its annotation file.

    Args:
        ann_file (str): COCO json file to write.
        stems (Sequence[str]): Names of the images, without ending.
        convert_one (Callable): Called with each name; puts the image and its
            label maps in their places and returns an :class:`ImageRecord`.
            :class:`DataError` and :class:`FileNotFoundError` leave the image
            out. It is called from several threads.
        workers (int): Number of threads. Defaults to 4.

    Returns:
        SplitReport: What was converted and what was not.

    Raises:
        DataError: If more than half of the images had to be left out; no
            annotation file is written then.
    """
    name = osp.splitext(osp.basename(ann_file))[0]
    with ThreadPoolExecutor(max(1, workers)) as pool:
        results = list(
            track(
                pool.map(lambda stem: _guarded(convert_one, stem), stems),
                description=name,
                total=len(stems)))
    kept = [(stem, result) for stem, result in zip(stems, results)
            if isinstance(result, ImageRecord)]
    skipped = [(stem, result) for stem, result in zip(stems, results)
               if isinstance(result, str)]
    if len(skipped) > len(stems) / 2:
        raise DataError(
            f'{name}: {len(skipped)} of {len(stems)} images cannot be '
            f'converted: incomplete download? The first one: {skipped[0][1]}')
    document = _coco_document(*zip(*kept))
    os.makedirs(osp.dirname(osp.abspath(ann_file)), exist_ok=True)
    with open(ann_file, 'w') as file:
        json.dump(document, file)
    return SplitReport(ann_file, len(document['images']),
                       len(document['annotations']), skipped)
