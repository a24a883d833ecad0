# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Boxes of persons in COCO files, with errors that name the culprit."""
from typing import Iterable, List, Optional, Sequence

import numpy as np

from projects.qanet.ground_truth.annotations import (ByteReader, check_bbox,
                                                     check_records, load_json,
                                                     read_bytes)
from projects.qanet.utils.errors import InputError

_DETECTION_KEYS = ('image_id', 'category_id', 'bbox', 'score')


def load_detections(path: str,
                    image_ids: Iterable[int],
                    cat_ids: Sequence[int] = (1, ),
                    score_thr: float = 0.,
                    read: ByteReader = read_bytes) -> List[dict]:
    """Read boxes from a COCO results file.

    Args:
        path (str): Json list of ``image_id, category_id, bbox (xywh, px),
            score``.
        image_ids (Iterable[int]): Ids that may occur.
        cat_ids (Sequence[int]): Categories to keep. Defaults to (1, ), the
            person.
        score_thr (float): Least score to keep. Defaults to 0.
        read (Callable): Gets a file's content. Defaults to the local disk.

    Returns:
        list[dict]: The records that are kept, in the file's order.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: Names the file, the record and what is wrong; unknown
            image ids are wrong.
    """
    records = load_json(path, read)
    if isinstance(records, dict):
        raise InputError(f'{path} must be a COCO results list (image_id, '
                         'category_id, bbox, score), got an object: is it '
                         'an annotation file?')
    check_records(records, _DETECTION_KEYS, path)
    known, kept = set(image_ids), []
    for position, record in enumerate(records):
        if record['image_id'] not in known:
            raise InputError(
                f'{path}[{position}] has image_id {record["image_id"]}, '
                'which is not in the annotation file: wrong split?')
        check_bbox(record['bbox'], f'{path}[{position}]')
        if not isinstance(record['score'], (int, float)):
            raise InputError(f'{path}[{position}] has score '
                             f'{record["score"]!r}, expected a number')
        if record['category_id'] in cat_ids and record['score'] >= score_thr:
            kept.append(record)
    return kept


def box_problem(bbox: Sequence[float], width: int,
                height: int) -> Optional[str]:
    """Why a box cannot be used, if so.

    Args:
        bbox (Sequence[float]): x, y, width, height in pixels.
        width (int): Width of the image in pixels.
        height (int): Height of the image in pixels.

    Returns:
        str | None: The reason, or None for a usable box; a box that is
        partly outside the image is usable.
    """
    x, y, box_width, box_height = bbox
    if not np.isfinite(bbox).all():
        return 'not finite'
    if box_width <= 0 or box_height <= 0:
        return 'zero size'
    if x >= width or y >= height or x + box_width <= 0 or y + box_height <= 0:
        return 'wholly outside the image'
    return None


def xywh_to_xyxy(bboxes: Sequence[Sequence[float]]) -> np.ndarray:
    """Convert boxes from COCO's form to corners.

    Args:
        bboxes (Sequence[Sequence[float]]): N boxes, xywh in pixels.

    Returns:
        np.ndarray: Shape (N, 4), float32, xyxy in pixels.
    """
    bboxes = np.asarray(bboxes, dtype=np.float64).reshape(-1, 4)
    return np.concatenate([bboxes[:, :2], bboxes[:, :2] + bboxes[:, 2:]],
                          axis=1).astype(np.float32)
