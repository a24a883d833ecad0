# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""COCO run-length codes as runs: pycocotools decodes into pixels, slowly."""
from typing import List, Sequence, Tuple

import numpy as np


def decode_runs(
    counts: Sequence[str]
) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Decode M compressed COCO run-length codes into R runs of set pixels.

    Gives starts (R,) and ends (R,) of the runs, ascending inside each code;
    position of the code of each run (R,); number of pixels that each code
    describes (M,). All int64. Raises a ValueError if one is no run-length
    code; its position is the exception's second argument.
    """
    if len(counts) == 0:
        return (np.zeros(0, np.int64), ) * 4
    _refuse([
        not isinstance(code, str) or not code or not code.isascii()
        for code in counts
    ])
    sizes = np.array([len(code) for code in counts])
    chars = np.frombuffer(''.join(counts).encode('ascii'), np.uint8)
    numbers, per_code = _decode_numbers(chars, sizes)
    first = np.cumsum(per_code) - per_code
    # Unset and set pixels alternate. Behind the first, each number is stored
    # as a difference to the last but one.
    is_set = (np.arange(len(numbers)) - np.repeat(first, per_code)) & 1
    differences = numbers.copy()
    differences[first] = 0
    set_sums = _sum_up(differences * is_set, first, per_code)
    sums = _sum_up(differences, first, per_code)
    lengths = np.where(is_set, set_sums, sums - set_sums)
    lengths[first] = numbers[first]
    _refuse(
        np.minimum.reduceat(lengths, first) < 0, 'counts has a negative run')
    totals = np.add.reduceat(lengths, first, dtype=np.float64)
    ends = _sum_up(lengths, first, per_code)
    filled = np.flatnonzero(lengths * is_set)
    ends, owners = ends[filled], np.repeat(np.arange(len(counts)), per_code)
    return (ends - lengths[filled], ends, owners[filled],
            totals.astype(np.int64))


def _sum_up(values: np.ndarray, first: np.ndarray,
            per_code: np.ndarray) -> np.ndarray:
    """Cumulative sums that begin anew with each code."""
    sums = np.cumsum(values)
    return sums - np.repeat(sums[first] - values[first], per_code)


def _refuse(
        wrong: Sequence[bool],
        message: str = 'counts is not a compressed run-length code') -> None:
    """Raise for the first code that is marked as wrong, (M,)."""
    if np.any(wrong):
        raise ValueError(message, int(np.argmax(wrong)))


def _decode_numbers(chars: np.ndarray,
                    sizes: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """All numbers (T,) of the codes, and how many each has (M,)."""
    # A number is signed; a character has six bits, five of them payload.
    values = chars.astype(np.int64) - 48
    code_ends = np.cumsum(sizes)
    invalid = (values < 0) | (values > 63)
    final = (values & 32) == 0
    wrong = np.add.reduceat(invalid, code_ends - sizes) > 0
    wrong |= ~final[code_ends - 1]
    _refuse(wrong)
    lasts = np.flatnonzero(final)
    firsts = np.concatenate([[0], lasts[:-1] + 1])
    lengths = lasts - firsts + 1
    ends_in_code = np.searchsorted(lasts, code_ends - 1) + 1
    per_code = np.diff(ends_in_code, prepend=0)
    _refuse(
        np.maximum.reduceat(lengths, ends_in_code - per_code) > 12,
        'counts has a number of more than 60 bits')
    numbers = values[firsts] & 31
    for digit in range(1, int(lengths.max())):
        more = np.flatnonzero(lengths > digit)
        numbers[more] |= (values[firsts[more] + digit] & 31) << (5 * digit)
    negative = (values[lasts] & 16) > 0
    numbers[negative] -= np.int64(1) << (5 * lengths[negative])
    return numbers, per_code


def encode_counts(counts: Sequence[np.ndarray]) -> List[str]:
    """Compress M masks, each the lengths of unset and set runs in turn.

    Gives the same text as pycocotools. Each number is written as the
    difference to the last but one, in characters of five bits, lowest first.
    """
    if len(counts) == 0:
        return []
    sizes = np.array([len(each) for each in counts])
    first = np.cumsum(sizes) - sizes
    numbers = np.concatenate(counts).astype(np.int64)
    later = np.flatnonzero(
        np.arange(len(numbers)) - np.repeat(first, sizes) > 2)
    values = numbers.copy()
    values[later] -= numbers[later - 2]
    columns, active = [], np.ones(len(values), bool)
    while active.any():
        bits, values = values & 31, values >> 5
        goes_on = np.where(bits & 16, values != -1, values != 0)
        columns.append(np.where(active, bits + 32 * goes_on + 48, 0))
        active &= goes_on
    chars = np.stack(columns, 1).astype(np.uint8)
    ends = np.cumsum(np.add.reduceat((chars > 0).sum(1), first))
    text = chars[chars > 0].tobytes().decode('ascii')
    return [text[a:b] for a, b in zip([0, *ends], ends)]
