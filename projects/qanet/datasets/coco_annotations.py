# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Reading COCO json files of persons, with errors that name the culprit."""
import json
from typing import Any, Dict, Iterable, List, Optional, Sequence

import numpy as np
from mmengine import fileio

from projects.qanet.utils.errors import InputError

_IMAGE_KEYS = ('id', 'file_name', 'width', 'height')
_PERSON_KEYS = ('id', 'image_id', 'bbox', 'category_id')
_DETECTION_KEYS = ('image_id', 'category_id', 'bbox', 'score')


def load_json(path: str, backend_args: Optional[dict] = None) -> Any:
    """Read a json file.

    Args:
        path (str): File to read.
        backend_args (dict, optional): Storage backend, see
            ``mmengine.fileio``. Defaults to None, the local disk.

    Returns:
        Any: The parsed document.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is no valid json.
    """
    try:
        text = fileio.get_text(path, backend_args=backend_args)
    except FileNotFoundError:
        raise FileNotFoundError(
            f'annotation file {path} does not exist') from None
    except IsADirectoryError:
        raise FileNotFoundError(
            f'annotation file {path} is a folder') from None
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError(f'{path} is not valid json: {error}') from None


def _check_records(records: Any, keys: Sequence[str], where: str) -> None:
    if not isinstance(records, list):
        raise InputError(f'{where} must be a list, got '
                         f'{type(records).__name__}')
    for position, record in enumerate(records):
        if not isinstance(record, dict):
            raise InputError(f'{where}[{position}] must be an object')
        missing = [key for key in keys if key not in record]
        if missing:
            raise InputError(f'{where}[{position}] lacks the key '
                             f'{missing[0]!r} (needed: {", ".join(keys)})')


def _check_bbox(record: dict, where: str) -> None:
    bbox = record['bbox']
    if (not isinstance(bbox, list) or len(bbox) != 4
            or not all(isinstance(value, (int, float)) for value in bbox)):
        raise InputError(f'{where} has bbox {bbox!r}, expected the four '
                         'numbers x, y, width, height')


def load_persons(path: str,
                 backend_args: Optional[dict] = None) -> Dict[str, list]:
    """Read the images and annotations of a COCO file and check them.

    Args:
        path (str): COCO json file.
        backend_args (dict, optional): Storage backend. Defaults to None.

    Returns:
        dict[str, list]: ``images`` and ``annotations`` as in the file. Every
        annotation's ``image_id`` is known, its ``bbox`` is four numbers
        (xywh, pixels). ``annotations`` is empty where the file has none.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: Names the file, the record and what is wrong.
    """
    document = load_json(path, backend_args)
    if not isinstance(document, dict) or 'images' not in document:
        raise InputError(f"{path} lacks the key 'images' of a COCO file")
    images = document['images']
    annotations = document.get('annotations', [])
    _check_records(images, _IMAGE_KEYS, f'{path}: images')
    _check_records(annotations, _PERSON_KEYS, f'{path}: annotations')
    if not images:
        raise InputError(f'{path} lists no images')
    known = {image['id'] for image in images}
    if len(known) != len(images):
        raise InputError(f'{path} has several images with the same id')
    for annotation in annotations:
        where = f'{path}: annotation {annotation["id"]}'
        if annotation['image_id'] not in known:
            raise InputError(f'{where} belongs to image_id '
                             f'{annotation["image_id"]}, which is not listed')
        _check_bbox(annotation, where)
    return dict(images=images, annotations=annotations)


def load_detections(path: str,
                    image_ids: Iterable[int],
                    cat_ids: Sequence[int] = (1, ),
                    score_thr: float = 0.,
                    backend_args: Optional[dict] = None) -> List[dict]:
    """Read boxes from a COCO results file.

    Args:
        path (str): Json list of ``image_id, category_id, bbox (xywh, px),
            score``.
        image_ids (Iterable[int]): Ids that may occur.
        cat_ids (Sequence[int]): Categories to keep. Defaults to (1, ), the
            person.
        score_thr (float): Least score to keep. Defaults to 0.
        backend_args (dict, optional): Storage backend. Defaults to None.

    Returns:
        list[dict]: The records that are kept, in the file's order.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: Names the file, the record and what is wrong; unknown
            image ids are wrong.
    """
    records = load_json(path, backend_args)
    if isinstance(records, dict):
        raise InputError(f'{path} must be a COCO results list (image_id, '
                         'category_id, bbox, score), got an object: is it '
                         'an annotation file?')
    _check_records(records, _DETECTION_KEYS, path)
    known, kept = set(image_ids), []
    for position, record in enumerate(records):
        if record['image_id'] not in known:
            raise InputError(
                f'{path}[{position}] has image_id {record["image_id"]}, '
                'which is not in the annotation file: wrong split?')
        _check_bbox(record, f'{path}[{position}]')
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
