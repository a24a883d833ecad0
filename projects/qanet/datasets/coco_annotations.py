# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Boxes of persons in COCO files: which are read, doubted and used."""
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.ground_truth.annotations import (check_bbox, check_records,
                                                     keep_categories)
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import (ByteReader, is_number, is_whole,
                                              load_json, read_bytes)

_TINY = 4  # pixels; in such an image a box of one pixel is no wonder
# Of thousands of bad boxes, how many are named one by one.
_MAX_NAMED = 50


def load_detections(path: str,
                    image_ids: Iterable[int],
                    read: ByteReader = read_bytes) -> List[dict]:
    """Read a COCO results file: ``image_id, category_id, bbox`` and ``score``.

    Boxes are xywh in pixels, all in the file's order. Raises a
    FileNotFoundError, or an InputError that names the file, the record and
    what is wrong; ids beside ``image_ids`` are wrong, and so is an empty list.
    """
    records = load_json(path, read)
    keys = ('image_id', 'category_id', 'bbox', 'score')
    if isinstance(records, dict):
        raise InputError(f'{path} must be a COCO results list '
                         f'({", ".join(keys)}), got an object: is it an '
                         'annotation file?')
    check_records(records, keys, path)
    if not records:
        raise InputError(f'{path} is an empty list: there is no box to parse')
    known = set(image_ids)
    for position, record in enumerate(records):
        where, image_id = f'{path}[{position}]', record['image_id']
        if not is_whole(image_id) or image_id not in known:
            raise InputError(f'{where} has image_id {image_id}, which is not '
                             'in the annotation file: wrong split?')
        check_bbox(record['bbox'], where)
        if not is_number(record['score']):
            raise InputError(f'{where} has score {record["score"]!r}, '
                             'expected a finite number')
    return records


def read_person_boxes(path: str, images: Dict[int, dict],
                      cat_ids: Sequence[int], score_thr: float,
                      read: ByteReader) -> Tuple[List[dict], str]:
    """The records of a ``bbox_file`` to parse, and a line for the log."""
    records = load_detections(path, images, read)
    persons = keep_categories(records, cat_ids, path)
    kept = [record for record in persons if record['score'] >= score_thr]
    if not kept:
        best = max(record['score'] for record in persons)
        raise InputError(f'{path}: bbox_thr = {score_thr} leaves none of '
                         f'{len(persons)} boxes, whose best score is {best}')
    return kept, (f'{len(kept)} of {len(records)} boxes of {path} are used: '
                  f'{len(records) - len(persons)} are of other categories, '
                  f'{len(persons) - len(kept)} score below {score_thr}')


def box_problem(bbox: Sequence[float], width: int,
                height: int) -> Optional[str]:
    """Why a box (xywh, pixels) is of no use in an image; None if it is."""
    x, y, box_width, box_height = bbox
    if not np.isfinite(bbox).all():
        return 'not finite'
    if box_width <= 0 or box_height <= 0:
        return 'zero size'
    if x >= width or y >= height or x + box_width <= 0 or y + box_height <= 0:
        return 'wholly outside the image'
    return None


def drop_bad_boxes(records: List[dict], images: Dict[int, dict],
                   source: str) -> Tuple[List[dict], List[str]]:
    """Leave out boxes (xywh, pixels) that hold nothing; refuse none left.

    ``images`` have ``file_name, width, height``, by id; ``source`` is the
    boxes' file. Gives the other records, and warnings for the log.
    """
    kept, named = [], []
    for record in records:
        image = images[record['image_id']]
        problem = box_problem(record['bbox'], image['width'], image['height'])
        if problem is None:
            kept.append(record)
        else:
            named.append(f'{image["file_name"]} (image {image["id"]}, '
                         f'annotation {record.get("id", "-")}): box '
                         f'{record["bbox"]} is {problem}')
    if records and not kept:
        raise InputError(f'{source}: none of {len(records)} boxes can be '
                         f'used; the first one: {named[0]}')
    doubts = box_doubts(records, images, source)
    warnings = [doubts] if doubts else []
    warnings += [f'Skipped {line}' for line in named[:_MAX_NAMED]]
    if named:
        warnings.append(
            f'Skipped {len(named)} of {len(records)} boxes of {source}')
    return kept, warnings


def share_doubt(boxes: np.ndarray, sizes: np.ndarray,
                where: str) -> Optional[str]:
    """A warning if boxes look like shares of the image, else None.

    ``boxes`` (N, 4) are corners or sizes in pixels, ``sizes`` (N, 2) or (1, 2)
    are widths and heights of their images; ``where`` is for the message.
    """
    if not len(boxes) or boxes.max() > 1 or np.max(sizes) <= _TINY:
        return None
    return (f'no number in the boxes of {where} is above 1; they must be in '
            'pixels: are they shares of the image?')


def box_doubts(records: Sequence[dict], images: Dict[int, dict],
               path: str) -> Optional[str]:
    """A warning if boxes look like shares of the image or corners, else None.

    Corners, if a quarter of the boxes reach beyond the right or lower edge by
    more than a tenth of the image. Records have ``image_id`` and ``bbox``
    (xywh, pixels), images, by id, ``width`` and ``height``.
    """
    sizes = np.array([(images[record['image_id']]['width'],
                       images[record['image_id']]['height'])
                      for record in records]).reshape(-1, 2)
    boxes = np.array([record['bbox'] for record in records],
                     np.float64).reshape(-1, 4)
    beyond = (boxes[:, :2] + boxes[:, 2:] > 1.1 * sizes).any(axis=1).sum()
    shares = share_doubt(boxes, sizes, path)
    if shares or not beyond or 4 * beyond < len(records):
        return shares
    return (f'{beyond} of {len(records)} boxes of {path} reach far beyond '
            'their images; they must be x, y, width, height: are they x1, y1, '
            'x2, y2?')


def xywh_to_xyxy(bboxes: Sequence[Sequence[float]]) -> np.ndarray:
    """Corners, (N, 4) float32, of N boxes in COCO's form, in pixels."""
    bboxes = np.asarray(bboxes, dtype=np.float64).reshape(-1, 4)
    return np.concatenate([bboxes[:, :2], bboxes[:, :2] + bboxes[:, 2:]],
                          axis=1).astype(np.float32)


def detection_instances(persons: Sequence[dict], image_ids: Iterable[int],
                        path: str) -> Dict[int, Dict[str, list]]:
    """Of each image ``instances`` and ``parsing_ids``, in the same order.

    ``persons`` are annotations of the file ``path``. An instance has, as mmdet
    wants it, ``bbox`` (xyxy in pixels), ``bbox_label`` 0 and ``ignore_flag``
    0. Raises an InputError if two of an image have the same ``parsing_id``.
    """
    found: Dict[int, Dict[str, list]] = {
        image_id: dict(instances=[], parsing_ids=[])
        for image_id in image_ids
    }
    for person in persons:
        image, number = found[person['image_id']], person['parsing_id']
        if number in image['parsing_ids']:
            raise InputError(f'{path}: the image id {person["image_id"]} has '
                             f'two annotations with the parsing_id {number}')
        bbox = xywh_to_xyxy(person['bbox'])[0].tolist()
        image['parsing_ids'].append(number)
        image['instances'].append(dict(bbox=bbox, bbox_label=0, ignore_flag=0))
    return found
