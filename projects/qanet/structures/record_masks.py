# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Masks of a results file's records as labelled runs."""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from .part_runs import PartRuns
from .results_io import ResultsFormatError
from .rle import decode_runs


class PersonRuns(NamedTuple):
    """Labelled runs of all persons of one image.

    Attributes:
        runs (PartRuns): Person after person, ascending and disjoint inside
            each person.
        persons (np.ndarray): Position of the person of each run, (R,) int64.
    """
    runs: PartRuns
    persons: np.ndarray

    def split(self, num_persons: int) -> List[PartRuns]:
        """Separate the persons.

        Args:
            num_persons (int): Number of persons, also those without a run.

        Returns:
            list[PartRuns]: One for each person.
        """
        bounds = np.searchsorted(self.persons, np.arange(num_persons + 1))
        return [
            PartRuns(*(values[begin:end] for values in self.runs))
            for begin, end in zip(bounds[:-1], bounds[1:])
        ]


def decode_records(records: Sequence[Dict[str, Any]],
                   image_size: Tuple[int, int],
                   places: Optional[Sequence[str]] = None) -> PersonRuns:
    """Decode the masks of all records of one image at once.

    Args:
        records (Sequence[dict]): The image's records.
        image_size (tuple[int, int]): Width and height of the image.
        places (Sequence[str], optional): What to call each record in a
            message. Defaults to ``records[i]``.

    Returns:
        PersonRuns: Runs of all persons.

    Raises:
        ResultsFormatError: If a run-length code is broken or of another size,
            or if parts of one person overlap. The message names the record.
    """
    if places is None:
        places = [f'records[{i}]' for i in range(len(records))]
    parts = [part for record in records for part in record['parts']]
    per_record = [len(record['parts']) for record in records]
    person_of = np.repeat(np.arange(len(records)), per_record)
    height, width = image_size[1], image_size[0]
    try:
        starts, ends, owners, totals = decode_runs(
            [part['segmentation']['counts'] for part in parts])
    except ValueError as error:
        reason, position = error.args
        raise ResultsFormatError(
            f'{places[person_of[position]]}: part '
            f'{parts[position]["label"]}: {reason}') from error
    for position, (part, total) in enumerate(zip(parts, totals.tolist())):
        size = part['segmentation']['size']
        if list(size) != [height, width] or total != width * height:
            raise ResultsFormatError(
                f'{places[person_of[position]]}: the mask of part '
                f'{part["label"]} says size {list(size)} and holds {total} '
                f'pixels, the image has [height, width] = {[height, width]}')
    labels = np.array([part['label'] for part in parts], np.int64)[owners]
    persons = person_of[owners]
    order = np.argsort(persons * (height * width) + starts, kind='stable')
    runs = PartRuns(starts[order], ends[order], labels[order])
    persons = persons[order]
    _refuse_overlap(runs, persons, places)
    return PersonRuns(runs, persons)


def _refuse_overlap(runs: PartRuns, persons: np.ndarray,
                    places: Sequence[str]) -> None:
    """Raise if two parts of one person share a pixel."""
    overlap = (runs.starts[1:] < runs.ends[:-1]) & (
        persons[1:] == persons[:-1])
    if overlap.any():
        first = int(np.argmax(overlap))
        raise ResultsFormatError(
            f'{places[persons[first]]}: parts {runs.labels[first]} and '
            f'{runs.labels[first + 1]} share pixels; the parts of one person '
            'must be disjoint')
