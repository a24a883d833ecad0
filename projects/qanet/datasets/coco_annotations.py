# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Boxes of persons in COCO files, with errors that name the culprit."""
from typing import Dict, Iterable, List, Optional, Sequence

import numpy as np

from projects.qanet.ground_truth.annotations import check_bbox, check_records
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import (ByteReader, is_number, is_whole,
                                              load_json, read_bytes)

_DETECTION_KEYS = ('image_id', 'category_id', 'bbox', 'score')
_TINY = 4  # pixels; in such an image a box of one pixel is no wonder


def load_detections(path: str,
                    image_ids: Iterable[int],
                    read: ByteReader = read_bytes) -> List[dict]:
    """Read boxes from a COCO results file.

    Args:
        path (str): Json list of ``image_id, category_id, bbox (xywh, px),
            score``.
        image_ids (Iterable[int]): Ids that may occur.
        read (Callable): Gets a file's content. Defaults to the local disk.

    Returns:
        list[dict]: All records, in the file's order.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: Names the file, the record and what is wrong; unknown
            image ids are wrong, and so is an empty list.
    """
    records = load_json(path, read)
    if isinstance(records, dict):
        raise InputError(f'{path} must be a COCO results list (image_id, '
                         'category_id, bbox, score), got an object: is it '
                         'an annotation file?')
    check_records(records, _DETECTION_KEYS, path)
    if not records:
        raise InputError(f'{path} is an empty list: there is no box to parse')
    known = set(image_ids)
    for position, record in enumerate(records):
        if not is_whole(record['image_id']) or record['image_id'] not in known:
            raise InputError(
                f'{path}[{position}] has image_id {record["image_id"]}, '
                'which is not in the annotation file: wrong split?')
        check_bbox(record['bbox'], f'{path}[{position}]')
        score = record['score']
        if not is_number(score):
            raise InputError(f'{path}[{position}] has score {score!r}, '
                             'expected a finite number')
    return records


def keep_scores(records: List[dict], score_thr: float,
                name: str) -> List[dict]:
    """Keep boxes whose score reaches the threshold, at least one.

    A message calls threshold and file by ``name``, and tells the best score.
    """
    kept = [record for record in records if record['score'] >= score_thr]
    if records and not kept:
        best = max(record['score'] for record in records)
        raise InputError(f'{name} = {score_thr} leaves none of '
                         f'{len(records)} boxes, whose best score is {best}')
    return kept


def box_problem(bbox: Sequence[float], width: int,
                height: int) -> Optional[str]:
    """Why a box cannot be used; None if it can, also partly outside.

    Args:
        bbox (Sequence[float]): x, y, width, height in pixels.
        width, height (int): Size of the image in pixels.
    """
    x, y, box_width, box_height = bbox
    if not np.isfinite(bbox).all():
        return 'not finite'
    if box_width <= 0 or box_height <= 0:
        return 'zero size'
    if x >= width or y >= height or x + box_width <= 0 or y + box_height <= 0:
        return 'wholly outside the image'
    return None


def share_doubt(boxes: np.ndarray, sizes: np.ndarray,
                where: str) -> Optional[str]:
    """Whether boxes look like shares of the image.

    Args:
        boxes (np.ndarray): (N, 4), in pixels, corners or sizes.
        sizes (np.ndarray): (N, 2) or (1, 2), widths and heights of their
            images in pixels.
        where (str): Where the boxes stand, for the message.

    Returns:
        str | None: A warning if no number is above 1 though an image is large.
    """
    if not len(boxes) or boxes.max() > 1 or np.max(sizes) <= _TINY:
        return None
    return (f'no number in the boxes of {where} is above 1; they must be in '
            'pixels: are they shares of the image?')


def box_doubts(records: Sequence[dict], images: Dict[int, dict],
               path: str) -> Optional[str]:
    """Whether boxes look like corners or shares of the image.

    Args:
        records (Sequence[dict]): ``image_id`` and ``bbox`` (xywh, pixels).
        images (dict[int, dict]): ``width, height`` of the images, by id.
        path (str): Where the boxes stand, for the message.

    Returns:
        str | None: A warning if no number is above 1, or a quarter of the
        boxes reach beyond the right or lower edge by more than a tenth of
        the image.
    """
    sizes = np.array([(images[record['image_id']]['width'],
                       images[record['image_id']]['height'])
                      for record in records]).reshape(-1, 2)
    boxes = np.array([record['bbox'] for record in records],
                     np.float64).reshape(-1, 4)
    shares = share_doubt(boxes, sizes, path)
    if shares is not None:
        return shares
    beyond = (boxes[:, :2] + boxes[:, 2:] > 1.1 * sizes).any(axis=1).sum()
    if not beyond or 4 * beyond < len(records):
        return None
    return (f'{beyond} of {len(records)} boxes of {path} reach far beyond '
            'their images; they must be x, y, width, height: are they x1, y1, '
            'x2, y2?')


def xywh_to_xyxy(bboxes: Sequence[Sequence[float]]) -> np.ndarray:
    """Corners, (N, 4) float32, of N boxes in COCO's form, in pixels."""
    bboxes = np.asarray(bboxes, dtype=np.float64).reshape(-1, 4)
    return np.concatenate([bboxes[:, :2], bboxes[:, :2] + bboxes[:, 2:]],
                          axis=1).astype(np.float32)
