# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What COCO DensePose notes of a person: points and masks of parts."""
from typing import Any

import numpy as np

from projects.qanet.structures.rle import decode_runs
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number
from .labels import MASK_SIZE, MAX_POINTS, NUM_PARTS, NUM_PATCHES

# Of each list of numbers: the lowest and the highest one.
_RANGES = dict(
    dp_x=(0, MASK_SIZE),
    dp_y=(0, MASK_SIZE),
    dp_I=(1, NUM_PATCHES - 1),
    dp_U=(0, 1),
    dp_V=(0, 1))


def check_points(annotation: dict, where: str) -> None:
    """Refuse points that are none with an InputError that begins ``where``.

    ``dp_x, dp_y, dp_I, dp_U, dp_V`` must be lists of as many numbers, at most
    196: positions in the box 0..256, whole patches 1..24, coordinates 0..1.
    """
    lengths = set()
    for key, (low, high) in _RANGES.items():
        values = annotation.get(key)
        if not isinstance(values, list):
            raise InputError(f'{where} has no list of numbers {key}')
        for value in values:
            if (not is_number(value) or not low <= value <= high
                    or key == 'dp_I' and value != int(value)):
                kind = 'whole numbers' if key == 'dp_I' else 'numbers'
                raise InputError(f'{where} has {value!r} in {key}, allowed '
                                 f'are {kind} {low}..{high}')
        lengths.add(len(values))
    if len(lengths) > 1:
        counts = ', '.join(f'{len(annotation[key])} {key}' for key in _RANGES)
        raise InputError(f'{where} has {counts}, expected as many of each')
    if max(lengths) > MAX_POINTS:
        raise InputError(f'{where} has {max(lengths)} points, allowed are '
                         f'{MAX_POINTS}')


def decode_part_mask(dp_masks: Any, where: str) -> np.ndarray:
    """The labels 0..14 of a box that is stretched to a square.

    ``dp_masks`` are 14 compressed COCO run-length codes, [] for a part that
    is not there; later parts cover earlier ones. Gives (256, 256) uint8.
    Raises an InputError that begins ``where``.
    """
    if not isinstance(dp_masks, list) or len(dp_masks) != NUM_PARTS - 1:
        raise InputError(f'{where} has dp_masks that are no list of '
                         f'{NUM_PARTS - 1} masks')
    parts = [part for part, mask in enumerate(dp_masks, 1) if mask]
    for part in parts:
        mask = dp_masks[part - 1]
        size = mask.get('size') if isinstance(mask, dict) else None
        if size != [MASK_SIZE, MASK_SIZE]:
            raise InputError(f'{where} has a mask of part {part} of the size '
                             f'{size}, expected [{MASK_SIZE}, {MASK_SIZE}]')
    try:
        starts, ends, owners, totals = decode_runs(
            [dp_masks[part - 1].get('counts') for part in parts])
    except ValueError as error:
        reason, position = error.args
        raise InputError(f'{where} has a mask of part {parts[position]} whose '
                         f'{reason}') from error
    for part, total in zip(parts, totals.tolist()):
        if total != MASK_SIZE**2:
            raise InputError(f'{where} has a mask of part {part} of {total} '
                             f'pixels, expected {MASK_SIZE**2}')
    labels = np.zeros(MASK_SIZE**2, np.uint8)
    # Codes count down the columns; those of later parts come later.
    for start, end, owner in zip(starts, ends, owners):
        labels[start:end] = parts[owner]
    return np.ascontiguousarray(labels.reshape(MASK_SIZE, MASK_SIZE).T)
