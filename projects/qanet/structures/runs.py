# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The persons of one image as labelled runs: the currency of evaluation.

A run is a half-open interval ``[start, end)`` of pixels with one label.
Pixels are counted down the columns of the whole image, as COCO does: pixel
(x, y) of an image of height H has the number ``x * H + y``. A mask of half a
million pixels has a few hundred runs.
"""
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np


class PersonRuns(NamedTuple):
    """Runs, person after person, ascending and disjoint inside each."""
    starts: np.ndarray  # first pixel of each run, (R,) int64
    ends: np.ndarray  # pixel behind each run, (R,) int64
    labels: np.ndarray  # part label of each run, (R,), never 0
    persons: np.ndarray  # position of its person, (R,) int64
    num_persons: int  # N, also counting those without a run
    image_size: Tuple[int, int]  # width and height of the image

    def split(self) -> List['PersonRuns']:
        """The runs of each person apart, N of one person each."""
        bounds = np.searchsorted(self.persons, np.arange(self.num_persons + 1))
        return [
            PersonRuns(self.starts[begin:end], self.ends[begin:end],
                       self.labels[begin:end], self.persons[begin:end] - i, 1,
                       self.image_size)
            for i, (begin, end) in enumerate(zip(bounds[:-1], bounds[1:]))
        ]


def maps_to_runs(part_maps: Sequence[np.ndarray],
                 offsets: Sequence[Tuple[int, int]],
                 image_size: Tuple[int, int]) -> PersonRuns:
    """Find the labelled runs, in the whole image, of several part maps.

    They are labels in windows, (h, w), with corners ``offsets`` (x, y). A run
    ends at the bottom of its window's column at the latest.
    """
    found = [(np.zeros(0, np.int64), ) * 4]
    for person, (part_map, (left, top)) in enumerate(zip(part_maps, offsets)):
        columns = np.ascontiguousarray(part_map.T)
        changes = np.ones(columns.shape, bool)
        np.not_equal(columns[:, 1:], columns[:, :-1], out=changes[:, 1:])
        firsts = np.flatnonzero(changes)
        lengths = np.diff(firsts, append=columns.size)
        labels = columns.reshape(-1)[firsts]
        visible = labels > 0
        x, y = np.divmod(firsts[visible], max(part_map.shape[0], 1))
        starts = (x + int(left)) * image_size[1] + y + int(top)
        found.append((starts, starts + lengths[visible], labels[visible],
                      np.full(len(starts), person)))
    columns = [np.concatenate(column) for column in zip(*found)]
    return PersonRuns(*columns, len(part_maps), image_size)


def runs_to_map(runs: PersonRuns) -> Tuple[np.ndarray, Tuple[int, int]]:
    """One person's part map in the smallest window, and its corner (x, y)."""
    starts, ends = runs.starts, runs.ends
    if len(starts) == 0:
        return np.zeros((0, 0), np.uint8), (0, 0)
    image_height = runs.image_size[1]
    left = int(starts[0]) // image_height
    right = int(ends[-1] - 1) // image_height + 1
    bounds = np.empty(2 * len(starts) + 2, np.int64)
    bounds[0], bounds[-1] = left * image_height, right * image_height
    bounds[1:-1:2], bounds[2:-1:2] = starts, ends
    values = np.zeros(2 * len(starts) + 1, np.uint8)
    values[1::2] = runs.labels
    columns = np.repeat(values, np.diff(bounds)).reshape(-1, image_height)
    rows = np.flatnonzero(columns.any(axis=0))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    return np.ascontiguousarray(columns[:, top:bottom].T), (left, top)
