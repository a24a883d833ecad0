# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""COCO run-length codes as runs, many masks at a time.

pycocotools decodes a code into pixels, one by one; to stay with runs is what
keeps evaluation fast. (It encodes runs, see ``records``.)
"""
from typing import Sequence, Tuple

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
    for position, code in enumerate(counts):
        if not isinstance(code, str) or not code or not code.isascii():
            raise ValueError('counts is not a compressed run-length code',
                             position)
    sizes = np.array([len(code) for code in counts])
    chars = np.frombuffer(''.join(counts).encode('ascii'), np.uint8)
    numbers, per_code = _decode_numbers(chars, sizes)
    first, pairs, row_of = _undo_differences(numbers, per_code)
    return _pairs_to_runs(first, pairs, row_of)


def _refuse(wrong: np.ndarray, message: str) -> None:
    """Raise for the first code that is marked as wrong, (M,) bool."""
    if wrong.any():
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
    _refuse(wrong, 'counts is not a compressed run-length code')

    lasts = np.flatnonzero(final)
    firsts = np.concatenate([[0], lasts[:-1] + 1])
    lengths = lasts - firsts + 1
    ends_in_code = np.searchsorted(lasts, code_ends - 1) + 1
    per_code = np.diff(ends_in_code, prepend=0)
    if lengths.max() > 12:
        wrong = np.maximum.reduceat(lengths, ends_in_code - per_code) > 12
        _refuse(wrong, 'counts has a number of more than 60 bits')
    numbers = values[firsts] & 31
    for digit in range(1, int(lengths.max())):
        more = np.flatnonzero(lengths > digit)
        numbers[more] |= (values[firsts[more] + digit] & 31) << (5 * digit)
    negative = (values[lasts] & 16) > 0
    numbers[negative] -= np.int64(1) << (5 * lengths[negative])
    return numbers, per_code


def _undo_differences(
        numbers: np.ndarray,
        per_code: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum up numbers that are stored as a difference to the last but one.

    The first of a code stands alone: the unset pixels before the first run.
    What follows are pairs (set, unset), both differenced. Returns the first
    numbers (M,), pairs (P, 2) and pairs per code (M,).
    """
    code_starts = np.cumsum(per_code) - per_code
    per_row = per_code // 2
    row_ends = np.cumsum(per_row)
    pairs = np.zeros((int(per_row.sum()), 2), np.int64)
    # Number k > 0 of code m goes to slot k - 1 of the code's rows.
    shift = 2 * (row_ends - per_row) - code_starts - 1
    slots = np.arange(len(numbers)) + np.repeat(shift, per_code)
    keep = np.ones(len(numbers), bool)
    keep[code_starts] = False
    pairs.reshape(-1)[slots[keep]] = numbers[keep]
    pairs = _sums_per_code(pairs, per_row)
    # A code that ends with a set run leaves the last slot without a number.
    pairs[row_ends[per_code % 2 == 0] - 1, 1] = 0
    return numbers[code_starts], pairs, per_row


def _sums_per_code(values: np.ndarray, per_code: np.ndarray) -> np.ndarray:
    """Cumulative sums along the rows that begin anew with each code."""
    sums = np.cumsum(values, axis=0)
    filled = per_code > 0
    starts = (np.cumsum(per_code) - per_code)[filled]
    before = (sums - values)[starts]
    return sums - np.repeat(before, per_code[filled], axis=0)


def _pairs_to_runs(
    first: np.ndarray, pairs: np.ndarray, per_row: np.ndarray
) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Turn counts into starts, ends, code positions and totals."""
    owners = np.repeat(np.arange(len(first)), per_row)
    wrong = first < 0
    wrong[owners[(pairs < 0).any(axis=1)]] = True
    _refuse(wrong, 'counts has a negative run')
    lengths = pairs.sum(axis=1)
    totals = first + np.bincount(
        owners, weights=lengths, minlength=len(first)).astype(np.int64)
    starts = first[owners] + _sums_per_code(lengths, per_row) - lengths
    filled = pairs[:, 0] > 0
    return (starts[filled], (starts + pairs[:, 0])[filled], owners[filled],
            totals)
