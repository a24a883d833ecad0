# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Results of the COCO DensePose challenge: packed, written and read.

A JSON list with a record for each person: ``image_id``, ``category_id``,
``bbox`` ([x, y, width, height], whole pixels), ``score``, ``uv_shape`` ([3,
height, width]) and ``uv_data``, a PNG in base64 whose three channels are the
patch, 0 for nobody, and U and V times 255.
"""
import base64
import io
import json
from typing import Any, Dict, List, Sequence

import numpy as np
from PIL import Image

from projects.qanet.ground_truth.annotations import check_records
from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import write_text
from projects.qanet.utils.json_values import is_number, is_whole, load_json
from .labels import NUM_PATCHES

_KEYS = ('image_id', 'category_id', 'bbox', 'score', 'uv_shape', 'uv_data')
# Pixels of a box at most; a small PNG could claim many more.
_MAX_PIXELS = 2**26
_LARGEST = 2**31


def encode_uv(uv: np.ndarray) -> Dict[str, Any]:
    """Pack patch, U and V, (3, h, w) uint8, as ``uv_shape`` and ``uv_data``.
    """
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(uv.transpose(1, 2, 0))).save(
        file, 'PNG', optimize=True)
    return dict(
        uv_shape=list(uv.shape),
        uv_data=base64.b64encode(file.getvalue()).decode('ascii'))


def decode_uv(record: Dict[str, Any], where: str = 'the record') -> np.ndarray:
    """Unpack a record's patch, U and V, (3, h, w) uint8.

    ``uv_shape`` must be right already, as :func:`read_submission` checks.
    Raises an InputError that begins ``where`` if the picture is broken, of
    another size or has a patch above 24.
    """
    shape = record['uv_shape']
    try:
        # Other writers break the lines.
        text = ''.join(record['uv_data'].split())
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InputError(f'{where}: uv_data is not base64: {error}') from error
    try:
        # Reads the size alone; the pixels come when it is known to be right.
        with Image.open(io.BytesIO(data), formats=['PNG']) as image:
            found = [len(image.getbands()), image.height, image.width]
            if found != list(shape) or image.mode != 'RGB':
                raise InputError(
                    f'{where}: uv_shape is {shape}, but uv_data is a PNG of '
                    f'{found} ({image.mode})')
            pixels = np.asarray(image)
    except InputError:
        raise
    except (OSError, SyntaxError, ValueError,
            Image.DecompressionBombError) as error:
        raise InputError(
            f'{where}: uv_data is no readable PNG: {error}') from error
    uv = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    if uv[0].max() >= NUM_PATCHES:
        raise InputError(f'{where}: uv_data has the patch {uv[0].max()}, '
                         f'allowed are 0..{NUM_PATCHES - 1}')
    return uv


def person_records(instances: ParsingInstances) -> List[Dict[str, Any]]:
    """The persons of one image as ``image_id, category_id, bbox, score, uv``.

    Part maps are patches 0..24. The box is the detector's, clipped to the
    image and rounded down, ``uv`` (3, h, w) uint8 what lies in it: patch, U
    and V, both 0 where the patch is. Persons whose box is empty then are left
    out. Raises an InputError if the model gives no patches with U and V, or a
    box or score is undefined.
    """
    if len(instances) and (instances.uv_maps is None
                           or instances.num_classes != NUM_PATCHES):
        raise InputError(
            f'the model gives {instances.num_classes} classes and '
            f'{"no" if instances.uv_maps is None else "some"} uv_maps, dense '
            f'pose needs {NUM_PATCHES} classes and uv_maps')
    for name in ('bboxes', 'scores'):
        if not np.isfinite(getattr(instances, name)).all():
            raise InputError(f'image {instances.image_id} has a person whose '
                             f'{name} are not finite')
    records = []
    boxes = np.clip(instances.bboxes, 0, instances.image_size * 2)
    for i, (left, top, right,
            bottom) in enumerate(boxes.astype(np.int64).tolist()):
        if right <= left or bottom <= top:
            continue
        uv = np.zeros((3, bottom - top, right - left), np.uint8)
        window = np.stack([instances.part_maps[i], *instances.uv_maps[i]])
        x, y = (instances.offsets[i] - (left, top)).tolist()
        target = uv[:,
                    max(y, 0):max(y + window.shape[1], 0),
                    max(x, 0):max(x + window.shape[2], 0)]
        source = window[:, max(-y, 0):, max(-x, 0):]
        height, width = target.shape[1:]
        target[:] = source[:, :height, :width]
        uv[1:, uv[0] == 0] = 0
        records.append(
            dict(
                image_id=int(instances.image_id or 0),
                category_id=int(instances.labels[i]) + 1,
                bbox=[left, top, right - left, bottom - top],
                score=float(instances.scores[i]),
                uv=uv))
    return records


def pack_record(record: Dict[str, Any]) -> Dict[str, Any]:
    """A record of :func:`person_records` as one of a results file."""
    packed = {key: record[key] for key in _KEYS[:4]}
    return dict(packed, **encode_uv(record['uv']))


def write_submission(path: str, records: Sequence[Dict[str, Any]]) -> None:
    """Write records of :func:`pack_record`; in one step, see
    :func:`~projects.qanet.utils.files.write_bytes`.

    Raises an InputError if a record is not what a reader expects.
    """
    _check(records, 'records')
    write_text(path, json.dumps(list(records), allow_nan=False))


def read_submission(path: str) -> List[Dict[str, Any]]:
    """Read a results file and check everything but its pictures.

    Those are checked when :func:`decode_uv` unpacks them. Raises a
    FileNotFoundError, or an InputError that names file and record.
    """
    records = load_json(path)
    _check(records, path)
    return records


def _check(records: Any, path: str) -> None:
    check_records(records, _KEYS, path)
    for position, record in enumerate(records):
        where = f'{path}[{position}]'
        for key in ('image_id', 'category_id'):
            if not is_whole(record[key]):
                raise InputError(f'{where}: {key} is {record[key]!r:.80}, not '
                                 'a whole number')
        if not is_number(record['score']):
            raise InputError(f'{where}: score is {record["score"]!r:.80}, not '
                             'a finite number')
        bbox, shape = record['bbox'], record['uv_shape']
        if (not isinstance(bbox, list) or len(bbox) != 4
                or not all(is_whole(one, -_LARGEST, _LARGEST) for one in bbox)
                or min(bbox[2:]) < 1 or bbox[2] * bbox[3] > _MAX_PIXELS):
            raise InputError(f'{where}: bbox is {bbox!r:.80}, not [x, y, '
                             'width, height] in whole pixels, at most '
                             f'{_MAX_PIXELS} of them')
        if shape != [3, bbox[3], bbox[2]]:
            raise InputError(f'{where}: uv_shape is {shape!r:.80}, but bbox '
                             f'{bbox} asks for {[3, bbox[3], bbox[2]]}')
        if not isinstance(record['uv_data'], str):
            raise InputError(f'{where}: uv_data is not a text')
