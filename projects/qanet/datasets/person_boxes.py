# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Which boxes a data set uses; the others are counted in the log."""
from typing import Any, Dict, List, Sequence, Tuple

from mmengine.logging import MMLogger

from projects.qanet.ground_truth.annotations import keep_categories
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import ByteReader, is_whole
from .coco_annotations import (box_doubts, box_problem, keep_scores,
                               load_detections)

# Of thousands of bad boxes, how many are named one by one.
_MAX_NAMED = 50


def check_cat_ids(cat_ids: Any) -> Tuple[int, ...]:
    """Check the ``person_cat_ids`` of a data set.

    Args:
        cat_ids (Any): What the config says.

    Returns:
        tuple[int, ...]: One or more categories.

    Raises:
        InputError: If it is no list of one or more whole numbers.
    """
    if (not isinstance(cat_ids, (list, tuple)) or not cat_ids
            or not all(map(is_whole, cat_ids))):
        raise InputError(f'person_cat_ids is {cat_ids!r}, expected a list of '
                         'one or more whole numbers, such as [1]')
    return tuple(cat_ids)


def read_person_boxes(path: str, images: Dict[int,
                                              dict], cat_ids: Sequence[int],
                      score_thr: float, read: ByteReader) -> List[dict]:
    """Read the boxes of a ``bbox_file`` that are to be parsed.

    Args:
        path (str): COCO results file, see :func:`load_detections`.
        images (dict[int, dict]): The images that may occur, by id.
        cat_ids (Sequence[int]): The ``category_id`` of persons.
        score_thr (float): Least score to keep.
        read (Callable): Gets a file's content.

    Returns:
        list[dict]: The records that are kept, in the file's order.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If the file is malformed or nothing is left of it.
    """
    records = load_detections(path, images, read)
    persons = keep_categories(records, cat_ids, path)
    kept = keep_scores(persons, score_thr, f'{path}: bbox_thr')
    MMLogger.get_current_instance().info(
        f'{len(kept)} of {len(records)} boxes of {path} are used: '
        f'{len(records) - len(persons)} are of other categories, '
        f'{len(persons) - len(kept)} score below {score_thr}')
    return kept


def drop_bad_boxes(records: List[dict], images: Dict[int, dict],
                   source: str) -> List[dict]:
    """Leave out boxes that hold nothing, and log which.

    Args:
        records (list[dict]): ``image_id`` and ``bbox`` (xywh, pixels).
        images (dict[int, dict]): ``file_name, width, height`` by id.
        source (str): The file of the boxes, for the log.

    Returns:
        list[dict]: The records that are kept, in their order.

    Raises:
        InputError: If there are records, but none is kept.
    """
    logger = MMLogger.get_current_instance()
    doubts = box_doubts(records, images, source)
    if doubts:
        logger.warning(doubts)
    kept, named = [], []
    for record in records:
        image = images[record['image_id']]
        problem = box_problem(record['bbox'], image['width'], image['height'])
        if problem is None:
            kept.append(record)
            continue
        named.append(f'{image["file_name"]} (image {image["id"]}, annotation '
                     f'{record.get("id", "-")}): box {record["bbox"]} is '
                     f'{problem}')
    if records and not kept:
        raise InputError(f'{source}: none of {len(records)} boxes can be '
                         f'used; the first one: {named[0]}')
    for line in named[:_MAX_NAMED]:
        logger.warning(f'Skipped {line}')
    if named:
        logger.warning(
            f'Skipped {len(named)} of {len(records)} boxes of {source}')
    return kept
