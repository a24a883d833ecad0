# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""A person's part map as a window of pixels and as labelled runs.

Runs are counted down the columns of the whole image (see ``rle``); a window
is the part map inside the smallest box that holds all parts.
"""
from typing import NamedTuple, Tuple

import numpy as np


class PartRuns(NamedTuple):
    """Labelled runs of one person, ascending and disjoint.

    Attributes:
        starts (np.ndarray): First pixel of each run, (R,) int64.
        ends (np.ndarray): Pixel behind each run, (R,) int64.
        labels (np.ndarray): Part label of each run, (R,), never 0.
    """
    starts: np.ndarray
    ends: np.ndarray
    labels: np.ndarray


def map_to_runs(part_map: np.ndarray, offset: Tuple[int, int],
                image_size: Tuple[int, int]) -> PartRuns:
    """Find the labelled runs of a part map.

    Args:
        part_map (np.ndarray): Labels inside a window, (h, w), 0 = background.
        offset (tuple[int, int]): Window's top-left corner (x, y), in pixels.
        image_size (tuple[int, int]): Width and height of the image.

    Returns:
        PartRuns: Runs in the whole image.
    """
    height = image_size[1]
    columns = np.ascontiguousarray(part_map.T)
    changes = np.ones(columns.shape, bool)
    np.not_equal(columns[:, 1:], columns[:, :-1], out=changes[:, 1:])
    firsts = np.flatnonzero(changes)
    lasts = np.append(firsts[1:], columns.size)
    labels = columns.reshape(-1)[firsts]
    visible = labels > 0
    firsts, lasts, labels = firsts[visible], lasts[visible], labels[visible]
    x, y = np.divmod(firsts, max(part_map.shape[0], 1))
    starts = (x + int(offset[0])) * height + y + int(offset[1])
    return PartRuns(starts, starts + (lasts - firsts), labels)


def runs_to_map(runs: PartRuns,
                image_height: int) -> Tuple[np.ndarray, Tuple[int, int]]:
    """Draw labelled runs in the smallest window that holds them.

    Args:
        runs (PartRuns): Runs of one person.
        image_height (int): Height of the image, in pixels.

    Returns:
        tuple: Part map (h, w) uint8 and its top-left corner (x, y). Without
        any run the map is of size (0, 0) at (0, 0).
    """
    starts, ends, labels = runs
    if len(starts) == 0:
        return np.zeros((0, 0), np.uint8), (0, 0)
    left = int(starts[0]) // image_height
    right = int(ends[-1] - 1) // image_height + 1
    origin, stop = left * image_height, right * image_height
    bounds = np.empty(2 * len(starts) + 2, np.int64)
    bounds[0], bounds[-1] = origin, stop
    bounds[1:-1:2], bounds[2:-1:2] = starts, ends
    values = np.zeros(2 * len(starts) + 1, np.uint8)
    values[1::2] = labels
    columns = np.repeat(values, np.diff(bounds)).reshape(-1, image_height)
    rows = np.flatnonzero(columns.any(axis=0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    return np.ascontiguousarray(columns[:, top:bottom].T), (left, top)
