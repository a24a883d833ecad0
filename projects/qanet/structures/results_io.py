# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Write, read and check the results file (docs/results_format.md)."""
import json
import math
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import write_text

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
        records (Sequence[dict]): One for each person, as
            :meth:`ParsingInstances.to_records` gives them.
        classes (Sequence[str]): Names of all classes, background first.
        quality_weights (Sequence[float], optional): Weights of the box, IoU
            and pixel score that made the records' scores. None is unknown.
        pixel_score_thr (float, optional): Threshold of the pixel scores. None
            is unknown.
        images (Sequence[dict], optional): What was tested: dicts with id,
            file_name, width and height.

    Raises:
        InputError: If a record is not what a reader expects.
    """
    for position, record in enumerate(records):
        _check_record(record, len(classes), f'records[{position}]')
    if quality_weights is not None:
        quality_weights = [float(weight) for weight in quality_weights]
    if pixel_score_thr is not None:
        pixel_score_thr = float(pixel_score_thr)
    document: Dict[str, Any] = dict(
        info=dict(
            format=FORMAT,
            version=VERSION,
            num_classes=len(classes),
            classes=list(classes),
            quality_weights=quality_weights,
            pixel_score_thr=pixel_score_thr))
    if images is not None:
        document['images'] = list(images)
    document['results'] = list(records)
    # `dumps` uses the C encoder for the whole document, `dump` does not.
    write_text(path, json.dumps(document, allow_nan=False))


def read_results(path: str) -> Tuple[Dict[str, Any], List[Dict[str, Any]]]:
    """Info block and records, see :func:`read_results_document`."""
    return read_results_document(path)[:2]


def read_results_document(path: str) -> ResultsDocument:
    """Read a results file and check everything that needs no image.

    Args:
        path (str): File to read.

    Returns:
        ResultsDocument: The whole file.

    Raises:
        FileNotFoundError: If there is no such file.
        InputError: If it is no results file or is damaged; the message names
            the file, the record's position and the reason.
    """
    with open(path, encoding='utf-8') as file:
        try:
            document = json.load(file)
        except ValueError as error:
            raise InputError(
                f'{path} is not a complete JSON document: {error}') from error
    try:
        return _check_document(document)
    except InputError as error:
        raise InputError(f'{path}: {error}') from error


def _check_document(document: Any) -> ResultsDocument:
    """Check the outermost level, then what is in it."""
    info = document.get('info') if isinstance(document, dict) else None
    info = info if isinstance(info, dict) else {}
    num_classes, classes = info.get('num_classes'), info.get('classes')
    _check(
        info.get('format') == FORMAT, info, 'info', 'format',
        f'a results file has {FORMAT!r} there')
    _check(
        info.get('version') == VERSION, info, 'info', 'version',
        f'this reader knows version {VERSION}')
    _check(
        _is_int(num_classes) and 2 <= num_classes <= 255, info, 'info',
        'num_classes', 'allowed are 2..255')
    _check(
        classes is None
        or isinstance(classes, list) and len(classes) == num_classes, info,
        'info', 'classes', f'not a list of num_classes = {num_classes} names')
    records, images = document.get('results'), document.get('images')
    if not isinstance(records, list):
        raise InputError('results must be a list of records')
    for position, record in enumerate(records):
        _check_record(record, num_classes, f'results[{position}]')
    _check_duplicates(records)
    if images is not None:
        _check_images(images)
    return ResultsDocument(info, records, images)


def _check_images(images: Any) -> None:
    if not isinstance(images, list):
        raise InputError('images must be a list')
    for position, image in enumerate(images):
        place = f'images[{position}]'
        _check_keys(image, place, ('id', 'file_name', 'width', 'height'))
        if not (isinstance(image['file_name'], str) and all(
                _is_int(image[key]) for key in ('id', 'width', 'height'))):
            raise InputError(f'{place} must have an integer id, width and '
                             'height and a file_name')


def _check_record(record: Any, num_classes: int, place: str) -> None:
    """Check one record but for the run-length codes of its masks."""
    _check_keys(record, place, _RECORD_KEYS)
    for key in ('image_id', 'category_id'):
        _check(_is_int(record[key]), record, place, key, 'not an integer')
    bbox = record['bbox']
    _check(
        isinstance(bbox, list) and len(bbox) == 4
        and all(map(_is_number, bbox)) and min(bbox[2:]) >= 0, record, place,
        'bbox', 'not [x, y, width, height] with a size that is not negative')
    _check_scores(record, place, _SCORES)
    if not isinstance(record['parts'], list):
        raise InputError(f'{place}.parts is not a list')
    last = 0
    for position, part in enumerate(record['parts']):
        part_place = f'{place}.parts[{position}]'
        _check_part(part, num_classes, part_place)
        if part['label'] <= last:
            raise InputError(
                f'{part_place}.label is {part["label"]} after {last}; labels '
                'of one person must ascend')
        last = part['label']


def _check_part(part: Any, num_classes: int, place: str) -> None:
    _check_keys(part, place, _PART_KEYS)
    label, mask = part['label'], part['segmentation']
    _check(
        _is_int(label) and 0 < label < num_classes, part, place, 'label',
        f'allowed are 1..{num_classes - 1}')
    _check_scores(part, place, ('score', 'pixel_score'))
    place = f'{place}.segmentation'
    _check_keys(mask, place, ('size', 'counts'))
    size = mask['size']
    _check(
        isinstance(size, list) and len(size) == 2
        and all(_is_int(side) and side > 0 for side in size), mask, place,
        'size', 'not [height, width]')
    if not isinstance(mask['counts'], str):
        raise InputError(f'{place}.counts is not a string (COCO compressed '
                         'run-length code)')


def _check(valid: bool, values: Dict[str, Any], place: str, key: str,
           rule: str) -> None:
    """Name the value behind a key, and what is allowed."""
    if not valid:
        raise InputError(f'{place}.{key} is {values.get(key)!r}, {rule}')


def _check_keys(value: Any, place: str, keys: Sequence[str]) -> None:
    """A dict with all keys; further ones are allowed."""
    if not isinstance(value, dict):
        raise InputError(f'{place} is not an object')
    for key in keys:
        if key not in value:
            raise InputError(f'{place} has no {key!r}')


def _check_scores(values: Dict[str, Any], place: str,
                  keys: Sequence[str]) -> None:
    for key in keys:
        value = values[key]
        _check(
            value is None or _is_number(value) and value >= 0, values, place,
            key, 'a score is a finite number >= 0, or null where it is '
            'undefined')


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_int(value) or isinstance(value, float) and math.isfinite(value)


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
