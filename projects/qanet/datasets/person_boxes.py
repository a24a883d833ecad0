# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Which boxes and samples a data set uses; the others are counted."""
from typing import Any, Dict, List, Sequence, Tuple

from mmengine.logging import MMLogger

from projects.qanet.ground_truth.annotations import keep_categories
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import ByteReader, is_number, is_whole
from .coco_annotations import (box_doubts, box_problem, keep_scores,
                               load_detections)

_FILTERS = ('filter_empty_gt', 'min_size')
# Of thousands of bad boxes, how many are named one by one.
_MAX_NAMED = 50


def check_cat_ids(cat_ids: Any) -> Tuple[int, ...]:
    """The ``person_cat_ids`` of a data set: one or more whole numbers."""
    if (not isinstance(cat_ids, (list, tuple)) or not cat_ids
            or not all(map(is_whole, cat_ids))):
        raise InputError(f'person_cat_ids is {cat_ids!r}, expected a list of '
                         'one or more whole numbers, such as [1]')
    return tuple(cat_ids)


def read_person_boxes(path: str, images: Dict[int,
                                              dict], cat_ids: Sequence[int],
                      score_thr: float, read: ByteReader) -> List[dict]:
    """Records of a ``bbox_file`` that are to be parsed, in their order."""
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
    """Leave out boxes that hold nothing, and log which; refuse none left.

    Args:
        records (list[dict]): ``image_id`` and ``bbox`` (xywh, pixels).
        images (dict[int, dict]): ``file_name, width, height`` by id.
        source (str): The file of the boxes, for the log.
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


def check_filters(filters: Dict[str, Any]) -> None:
    """Refuse what is no filter, or a size that is no number."""
    unknown = sorted(set(filters).difference(_FILTERS))
    if unknown:
        raise InputError(f'filter_cfg has the keys {unknown}, allowed are '
                         f'{", ".join(_FILTERS)}')
    min_size = filters.get('min_size', 0)
    if not is_number(min_size):
        raise InputError(f'filter_cfg: min_size is {min_size!r}, expected a '
                         'number of pixels')


def _passes(sample: dict, filters: Dict[str, Any]) -> bool:
    if 'bbox' not in sample:  # an image with all its boxes
        return len(sample['bboxes']) > 0 or not filters.get('filter_empty_gt')
    sides = sample['bbox'][2:] - sample['bbox'][:2]
    return min(sides) >= filters.get('min_size', 0)


def filter_samples(samples: List[dict], filters: Dict[str, Any],
                   source: str) -> List[dict]:
    """Leave out what the filters say, and log how much; refuse none left."""
    kept = [sample for sample in samples if _passes(sample, filters)]
    if not kept:
        raise InputError(f'filter_cfg {filters} leaves none of '
                         f'{len(samples)} samples of {source}')
    if len(kept) < len(samples):
        MMLogger.get_current_instance().info(
            f'filter_cfg {filters} leaves {len(kept)} of {len(samples)} '
            f'samples of {source}')
    return kept
