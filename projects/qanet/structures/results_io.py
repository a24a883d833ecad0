# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Write, read and check the results file (docs/results_format.md)."""
import json
import re
from typing import (Any, Callable, Dict, List, NamedTuple, Optional, Sequence,
                    Tuple)

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import write_text
from projects.qanet.utils.json_values import is_number, is_whole

FORMAT = 'human-parsing-results'
VERSION = 1
# What arrays of numbers hold.
_LARGEST = 2**63 - 1


def _is_int(value: Any, low: int = -_LARGEST) -> bool:
    return is_whole(value, low, _LARGEST)


def _is_number(value: Any) -> bool:
    return is_number(value) and abs(value) <= _LARGEST


def _is_box(value: Any) -> bool:
    return (isinstance(value, list) and len(value) == 4
            and all(map(_is_number, value)) and min(value[2:]) >= 0)


def _is_inside(value: Any) -> bool:
    """A path that does not leave its folder, on no system."""
    if not isinstance(value, str):
        return False
    value = value.replace('\\', '/')
    return bool(value) and not (re.match('/|[A-Za-z]:/', value)
                                or '..' in value.split('/'))


#: What a value has to be, and what to say of another one.
_Rule = Tuple[Callable[[Any], bool], str]
_INTEGER: _Rule = (_is_int, 'is {!r:.80}, not an integer')
_SIDE: _Rule = (lambda value: _is_int(value, 1),
                'is {!r:.80}, not a number of pixels')
_SCORE: _Rule = (
    lambda value: value is None or _is_number(value) and value >= 0,
    'is {!r:.80}, a score is a finite number >= 0, or '
    'null where it is undefined')
_INFO: Dict[str, _Rule] = dict(
    format=(lambda value: value == FORMAT,
            f'is {{!r:.80}}, a results file has {FORMAT!r} there'),
    version=(lambda value: value == VERSION,
             f'is {{!r:.80}}, this reader knows version {VERSION}'),
    num_classes=(lambda value: is_whole(value, 2, 255),
                 'is {!r:.80}, allowed are 2..255'))
_IMAGE: Dict[str, _Rule] = dict(
    id=_INTEGER,
    file_name=(_is_inside,
               'is {!r:.80}, not a path inside a folder of images'),
    width=_SIDE,
    height=_SIDE)
_RECORD: Dict[str, _Rule] = dict(
    image_id=_INTEGER,
    category_id=_INTEGER,
    bbox=(_is_box, 'is {!r:.80}, not [x, y, width, height] with a size that '
          'is not negative'),
    score=_SCORE,
    bbox_score=_SCORE,
    iou_score=_SCORE,
    pixel_score=_SCORE,
    parts=(lambda value: isinstance(value, list), 'is not a list'))
_PART: Dict[str, _Rule] = dict(
    label=_INTEGER,
    score=_SCORE,
    pixel_score=_SCORE,
    segmentation=(lambda value: isinstance(value, dict), 'is not an object'))
_MASK: Dict[str, _Rule] = dict(
    size=(lambda value: isinstance(value, list) and len(value) == 2 and all(
        map(_SIDE[0], value)), 'is {!r:.80}, not [height, width]'),
    counts=(lambda value: isinstance(value, str),
            'is not a string (COCO compressed run-length code)'))


class ResultsDocument(NamedTuple):
    """A results file."""
    info: Dict[str, Any]  # the ``info`` block
    records: List[Dict[str, Any]]  # one for each person
    # What was tested, dicts with id, file_name, width and height. None if the
    # file does not say.
    images: Optional[List[Dict[str, Any]]]


def write_results(path: str,
                  records: Sequence[Dict[str, Any]],
                  classes: Sequence[str],
                  quality_weights: Optional[Sequence[float]],
                  pixel_score_thr: Optional[float],
                  images: Optional[Sequence[Dict[str, Any]]] = None) -> None:
    """Write a results file; an interrupted run leaves no half of one.

    Its folder is made if it is missing. Raises an InputError if a record or an
    image is not what a reader expects.

    Args:
        records (Sequence[dict]): See :meth:`ParsingInstances.to_records`.
        classes (Sequence[str]): Names of all classes, background first.
        quality_weights (Sequence[float], optional): Weights of the box, IoU
            and pixel score that made the records' scores. None is unknown.
        pixel_score_thr (float, optional): Of the pixel scores, likewise.
        images (Sequence[dict], optional): See :class:`ResultsDocument`.
    """
    if quality_weights is not None:
        quality_weights = [float(weight) for weight in quality_weights]
    if pixel_score_thr is not None:
        pixel_score_thr = float(pixel_score_thr)
    info = dict(
        format=FORMAT,
        version=VERSION,
        num_classes=len(classes),
        classes=list(classes),
        quality_weights=quality_weights,
        pixel_score_thr=pixel_score_thr)
    _check(info, _INFO, 'info')
    for position, record in enumerate(records):
        _check_record(record, len(classes), f'records[{position}]')
    listed = {} if images is None else dict(images=_check_images(images))
    document = dict(info=info, **listed, results=list(records))
    # `dumps` uses the C encoder for the whole document, `dump` does not.
    write_text(path, json.dumps(document, allow_nan=False))


def read_results(path: str) -> Tuple[Dict[str, Any], List[Dict[str, Any]]]:
    """Info block and records, see :func:`read_results_document`."""
    return read_results_document(path)[:2]


def read_results_document(path: str) -> ResultsDocument:
    """Read a results file and check everything that needs no image.

    Raises a FileNotFoundError, or an InputError if it is no results file or is
    damaged; it names the file, the record's position and the reason.
    """
    with open(path, 'rb') as file:
        try:
            document = json.loads(file.read())
        except ValueError as error:
            raise InputError(
                f'{path} is not a complete JSON document: {error}') from error
    try:
        return _check_document(document)
    except InputError as error:
        raise InputError(f'{path}: {error}') from error


def _check_document(document: Any) -> ResultsDocument:
    info = document.get('info') if isinstance(document, dict) else None
    info = info if isinstance(info, dict) else {}
    _check({key: info.get(key) for key in _INFO}, _INFO, 'info')
    num_classes, classes = info['num_classes'], info.get('classes')
    if classes is not None and not (isinstance(classes, list)
                                    and len(classes) == num_classes):
        raise InputError('info.classes must be a list of '
                         f'num_classes = {num_classes} names')
    records, images = document.get('results'), document.get('images')
    if not isinstance(records, list):
        raise InputError('results must be a list of records')
    if images is not None:
        if not isinstance(images, list):
            raise InputError('images must be a list')
        images = _check_images(images)
    for position, record in enumerate(records):
        _check_record(record, num_classes, f'results[{position}]')
    return ResultsDocument(info, records, images)


def _check_images(images: Sequence[dict]) -> List[dict]:
    """Check the images; their paths get forward slashes on every system."""
    known: Dict[int, int] = {}
    for position, image in enumerate(images):
        _check(image, _IMAGE, f'images[{position}]')
        first = known.setdefault(image['id'], position)
        if first != position:
            raise InputError(f'images[{first}] and images[{position}] have '
                             f'the same id {image["id"]}')
    return [
        dict(image, file_name=image['file_name'].replace('\\', '/'))
        for image in images
    ]


def _check_record(record: Any, num_classes: int, place: str) -> None:
    """Check one record but for the run-length codes of its masks."""
    _check(record, _RECORD, place)
    last = 0
    for position, part in enumerate(record['parts']):
        part_place = f'{place}.parts[{position}]'
        _check(part, _PART, part_place)
        _check(part['segmentation'], _MASK, f'{part_place}.segmentation')
        label = part['label']
        if not 0 < label < num_classes:
            raise InputError(f'{part_place}.label is {label}, allowed are '
                             f'1..{num_classes - 1}')
        if label <= last:
            raise InputError(f'{part_place}.label is {label} after {last}; '
                             'labels of one person must ascend')
        last = label


def _check(value: Any, rules: Dict[str, _Rule], place: str) -> None:
    """An object that has these keys and maybe others."""
    if not isinstance(value, dict):
        raise InputError(f'{place} is not an object')
    for key, (test, message) in rules.items():
        if key not in value:
            raise InputError(f'{place} has no {key!r}')
        if not test(value[key]):
            raise InputError(f'{place}.{key} {message.format(value[key])}')
