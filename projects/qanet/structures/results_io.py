# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Write, read and check the results file (ARCHITECTURE 3)."""
import json
import math
import os
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from projects.qanet.utils.errors import InputError

FORMAT = 'human-parsing-results'
VERSION = 1

_SCORES = ('score', 'bbox_score', 'iou_score', 'pixel_score')
_RECORD_KEYS = ('image_id', 'category_id', 'bbox', 'parts') + _SCORES
_PART_KEYS = ('label', 'score', 'pixel_score', 'segmentation')


class ResultsDocument(NamedTuple):
    """A results file.

    Attributes:
        info (dict): The ``info`` block.
        records (list[dict]): One for each person.
        images (list[dict], optional): What was tested, dicts with id,
            file_name, width and height. None if the file does not say.
    """
    info: Dict[str, Any]
    records: List[Dict[str, Any]]
    images: Optional[List[Dict[str, Any]]]


def write_results(path: str,
                  records: Sequence[Dict[str, Any]],
                  classes: Sequence[str],
                  quality_weights: Optional[Sequence[float]],
                  pixel_score_thr: Optional[float],
                  images: Optional[Sequence[Dict[str, Any]]] = None) -> None:
    """Write a results file; an interrupted run leaves no half of one.

    Args:
        path (str): File to write. Its folder is made if it is missing.
        records (Sequence[dict]): One record for each person, as
            :meth:`ParsingInstances.to_records` gives them.
        classes (Sequence[str]): Names of all classes, background first.
        quality_weights (Sequence[float], optional): Weights of the box, IoU
            and pixel score that made the records' scores. None is unknown.
        pixel_score_thr (float, optional): Threshold of the pixel scores. None
            is unknown.
        images (Sequence[dict], optional): What was tested: dicts with id,
            file_name, width and height. Images without persons stand here
            alone.

    Raises:
        InputError: If a record is not what a reader expects.
    """
    for position, record in enumerate(records):
        check_record(record, len(classes), f'records[{position}]')
    document: Dict[str, Any] = dict(
        info=dict(
            format=FORMAT,
            version=VERSION,
            num_classes=len(classes),
            classes=list(classes),
            quality_weights=None if quality_weights is
            None else [float(weight) for weight in quality_weights],
            pixel_score_thr=None if pixel_score_thr is
            None else float(pixel_score_thr)))
    if images is not None:
        document['images'] = list(images)
    document['results'] = list(records)
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    partial = f'{path}.partial'
    with open(partial, 'w', encoding='utf-8') as file:
        # `dumps` uses the C encoder for the whole document, `dump` does not.
        file.write(json.dumps(document, allow_nan=False))
    os.replace(partial, path)


def read_results(path: str) -> Tuple[Dict[str, Any], List[Dict[str, Any]]]:
    """Read a results file and check everything that needs no image.

    Args:
        path (str): File to read.

    Returns:
        tuple[dict, list[dict]]: The ``info`` block and the records.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If the file is no results file or is damaged. The
            message names the file, the record's position and the reason.
    """
    info, records, _ = read_results_document(path)
    return info, records


def read_results_document(path: str) -> ResultsDocument:
    """Read a results file with its list of images.

    Args:
        path (str): File to read.

    Returns:
        ResultsDocument: The whole file, checked as :func:`read_results` does.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If the file is no results file or is damaged.
    """
    with open(path, encoding='utf-8') as file:
        try:
            document = json.load(file)
        except ValueError as error:
            raise InputError(
                f'{path} is not a complete JSON document: {error}') from error
    try:
        info = _check_document(document)
        records = document['results']
        for position, record in enumerate(records):
            check_record(record, info['num_classes'], f'results[{position}]')
        _check_duplicates(records)
        images = document.get('images')
        if images is not None:
            _check_images(images)
    except InputError as error:
        raise InputError(f'{path}: {error}') from error
    return ResultsDocument(info, records, images)


def _check_images(images: Any) -> None:
    """Check the list of images."""
    if not isinstance(images, list):
        raise InputError('images must be a list')
    for position, image in enumerate(images):
        place = f'images[{position}]'
        _check_keys(image, ('id', 'file_name', 'width', 'height'), place)
        if not (isinstance(image['file_name'], str) and all(
                _is_int(image[key]) for key in ('id', 'width', 'height'))):
            raise InputError(
                f'{place} must have an integer id, width and height and a '
                'file_name')


def _check_document(document: Any) -> Dict[str, Any]:
    """Check the outermost level, return the info block."""
    info = document.get('info') if isinstance(document, dict) else None
    if not isinstance(info, dict) or info.get('format') != FORMAT:
        found = info.get('format') if isinstance(info, dict) else None
        raise InputError(f'info.format is {found!r}, a results file '
                         f'has {FORMAT!r} there')
    if info.get('version') != VERSION:
        raise InputError(f'info.version is {info.get("version")!r}, '
                         f'this reader knows version {VERSION}')
    num_classes = info.get('num_classes')
    if not _is_int(num_classes) or not 2 <= num_classes <= 255:
        raise InputError(f'info.num_classes is {num_classes!r}, '
                         'allowed are 2..255')
    classes = info.get('classes')
    if classes is not None and (not isinstance(classes, list)
                                or len(classes) != num_classes):
        raise InputError('info.classes must be a list of '
                         f'num_classes = {num_classes} names')
    if not isinstance(document.get('results'), list):
        raise InputError('results must be a list of records')
    return info


def check_record(record: Any, num_classes: int, place: str) -> None:
    """Check one record but for the contents of its masks.

    Args:
        record (dict): Record of one person.
        num_classes (int): Number of classes with the background.
        place (str): How to name the record in a message.

    Raises:
        InputError: If the record is malformed.
    """
    _check_keys(record, _RECORD_KEYS, place)
    for key in ('image_id', 'category_id'):
        if not _is_int(record[key]):
            raise InputError(
                f'{place}.{key} is {record[key]!r}, not an integer')
    bbox = record['bbox']
    if not (isinstance(bbox, list) and len(bbox) == 4
            and all(_is_number(value)
                    for value in bbox) and bbox[2] >= 0 and bbox[3] >= 0):
        raise InputError(f'{place}.bbox is {bbox!r}, not [x, y, width,'
                         ' height] with a size that is not negative')
    for key in _SCORES:
        _check_score(record[key], f'{place}.{key}')
    parts = record['parts']
    if not isinstance(parts, list):
        raise InputError(f'{place}.parts is not a list')
    last = 0
    for position, part in enumerate(parts):
        part_place = f'{place}.parts[{position}]'
        _check_part(part, num_classes, part_place)
        if part['label'] <= last:
            raise InputError(
                f'{part_place}.label is {part["label"]} after {last}; labels '
                'of one person must ascend')
        last = part['label']


def _check_part(part: Any, num_classes: int, place: str) -> None:
    """Check one part but for its run-length code."""
    _check_keys(part, _PART_KEYS, place)
    label = part['label']
    if not _is_int(label) or not 0 < label < num_classes:
        raise InputError(f'{place}.label is {label!r}, allowed are '
                         f'1..{num_classes - 1}')
    _check_score(part['score'], f'{place}.score')
    _check_score(part['pixel_score'], f'{place}.pixel_score')
    mask = part['segmentation']
    _check_keys(mask, ('size', 'counts'), f'{place}.segmentation')
    size = mask['size']
    if not (isinstance(size, list) and len(size) == 2
            and all(_is_int(side) and side > 0 for side in size)):
        raise InputError(f'{place}.segmentation.size is {size!r}, '
                         'not [height, width]')
    if not isinstance(mask['counts'], str):
        raise InputError(f'{place}.segmentation.counts is not a '
                         'string (COCO compressed run-length code)')


def _check_keys(value: Any, keys: Sequence[str], place: str) -> None:
    """A dict with all keys; further ones are allowed."""
    if not isinstance(value, dict):
        raise InputError(f'{place} is not an object')
    for key in keys:
        if key not in value:
            raise InputError(f'{place} has no {key!r}')


def _check_score(value: Any, place: str) -> None:
    """A number >= 0, or None where it is undefined."""
    if value is not None and not (_is_number(value) and value >= 0):
        raise InputError(f'{place} is {value!r}, a score is a finite '
                         'number >= 0, or null where it is undefined')


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return (isinstance(value, float)
            and math.isfinite(value)) or _is_int(value)


def _check_duplicates(records: Sequence[Dict[str, Any]]) -> None:
    """Refuse a record that is identical to another in every field."""
    seen: Dict[Tuple, List[int]] = {}
    for position, record in enumerate(records):
        key = (record['image_id'], *record['bbox'], record['score'])
        for other in seen.setdefault(key, []):
            if records[other] == record:
                raise InputError(
                    f'results[{position}] is identical to results[{other}] '
                    'in every field')
        seen[key].append(position)
