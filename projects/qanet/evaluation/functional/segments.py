# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""One image as weighted segments instead of pixels.

In a segment, a stretch of pixels down the columns, neither the ground truth
nor any predicted person changes its label. There are some thirty times fewer.
"""
from typing import NamedTuple, Sequence, Tuple

import numpy as np

from projects.qanet.ground_truth import IGNORE_LABEL, LabelRuns
from projects.qanet.structures.runs import PersonRuns


class Segments(NamedTuple):
    """Labels of the K segments of one image with N persons, most int64."""
    lengths: np.ndarray  # number of pixels, (K,)
    categories: np.ndarray  # ground-truth label, (K,)
    humans: np.ndarray  # ground-truth person id, (K,)
    instances: np.ndarray  # ground-truth part instance, (K,)
    labels: np.ndarray  # part label by each person, (N, K) uint8
    areas: np.ndarray  # pixels by person and class, background too, (N, C)


def cut_segments(truth: LabelRuns, runs: PersonRuns,
                 num_classes: int) -> Segments:
    """Cut an image at every change of the truth and of the predictions."""
    num_persons = runs.num_persons
    num_pixels = runs.image_size[0] * runs.image_size[1]
    areas = count_pixels(runs.persons * num_classes + runs.labels,
                         runs.ends - runs.starts, num_persons * num_classes)
    areas = areas.reshape(num_persons, num_classes)
    areas[:, 0] = num_pixels - areas.sum(axis=1)
    is_cut = np.zeros(num_pixels + 1, bool)
    for cuts in (truth.starts, runs.starts, runs.ends):
        is_cut[cuts] = True
    is_cut[num_pixels] = True
    cuts = np.flatnonzero(is_cut)
    num_segments = len(cuts) - 1
    # A label is added where a run starts and taken away behind its end.
    steps = np.zeros((num_persons, num_segments + 1), np.uint8)
    values = runs.labels.astype(np.uint8)
    steps[runs.persons, np.searchsorted(cuts, runs.starts)] += values
    steps[runs.persons, np.searchsorted(cuts, runs.ends)] -= values
    labels = np.cumsum(steps, axis=1, dtype=np.uint8)[:, :-1]
    firsts = np.zeros(num_segments, np.int64)
    firsts[np.searchsorted(cuts, truth.starts)] = 1
    source = np.cumsum(firsts) - 1
    return Segments(
        np.diff(cuts), truth.categories[source], truth.humans[source],
        truth.instances[source], labels, areas)


def count_pixels(codes: np.ndarray, lengths: np.ndarray,
                 num_codes: int) -> np.ndarray:
    """Histogram of codes >= 0, (K,), over pixels: (num_codes,) int64."""
    return np.bincount(
        codes, weights=lengths, minlength=num_codes).astype(np.int64)


def find_slots(values: np.ndarray, ids: Sequence[int]) -> np.ndarray:
    """Position of each value, (K,), among ids, or else how many they are."""
    ids = np.asarray(ids, np.int64)
    table = np.full(int(max(values.max(), ids.max(initial=0))) + 1, len(ids))
    table[ids] = np.arange(len(ids))
    return table[values]


def merge_segments(segments: Segments) -> Segments:
    """Join segments that agree in every label: what is counted stays."""
    codes = np.zeros(len(segments.lengths), np.int64)
    for values in (segments.categories, segments.humans, segments.instances,
                   *segments.labels):
        codes = codes * (int(values.max()) + 1) + values
        # Renumbered, so that codes stay small.
        _, first, codes = np.unique(
            codes, return_index=True, return_inverse=True)
    return Segments(
        count_pixels(codes, segments.lengths, len(first)),
        segments.categories[first], segments.humans[first],
        segments.instances[first], segments.labels[:, first], segments.areas)


def count_confusion(segments: Segments, painted: np.ndarray,
                    num_classes: int) -> np.ndarray:
    """Pixels by true and predicted class, (C, C) int64, without label 255."""
    codes = segments.categories * num_classes + painted
    valid = segments.categories != IGNORE_LABEL
    return count_pixels(codes[valid], segments.lengths[valid],
                        num_classes**2).reshape(num_classes, num_classes)


def draw_segments(segments: Segments, values: np.ndarray,
                  image_size: Tuple[int, int]) -> np.ndarray:
    """Go back from segments to pixels: a value for each segment as (H, W)."""
    columns = np.repeat(values, segments.lengths).reshape(image_size)
    return np.ascontiguousarray(columns.T)
