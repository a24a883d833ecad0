# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Masks of a results file's records, to and from labelled runs."""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.utils.errors import InputError
from .rle import decode_runs, encode_counts
from .runs import PersonRuns


def decode_records(records: Sequence[Dict[str, Any]],
                   image_size: Tuple[int, int],
                   places: Optional[Sequence[str]] = None) -> PersonRuns:
    """Decode the masks of all records of one image at once.

    ``image_size`` is width and height; ``places`` name the records in
    messages, as ``records[i]`` unless said. Raises an InputError with the
    record if a run-length code is broken or of another size, or if parts of
    one person overlap.
    """
    places = places or [f'records[{i}]' for i in range(len(records))]
    owned = [(i, part) for i, record in enumerate(records)
             for part in record['parts']]
    width, height = image_size
    try:
        starts, ends, owners, totals = decode_runs(
            [part['segmentation']['counts'] for _, part in owned])
    except ValueError as error:
        reason, position = error.args
        i, part = owned[position]
        raise InputError(
            f'{places[i]}: part {part["label"]}: {reason}') from error
    for (i, part), total in zip(owned, totals.tolist()):
        size = list(part['segmentation']['size'])
        if size != [height, width] or total != width * height:
            raise InputError(
                f'{places[i]}: the mask of part {part["label"]} says size '
                f'{size} and holds {total} pixels, the image has [height, '
                f'width] = {[height, width]}')
    persons, labels = np.array([(i, part['label']) for i, part in owned],
                               np.int64).reshape(-1, 2)[owners].T
    order = np.argsort(persons * (height * width) + starts, kind='stable')
    runs = PersonRuns(starts[order], ends[order], labels[order],
                      persons[order], len(records), image_size)
    overlap = (runs.starts[1:] < runs.ends[:-1]) & (
        runs.persons[1:] == runs.persons[:-1])
    if overlap.any():
        first = int(np.argmax(overlap))
        raise InputError(
            f'{places[runs.persons[first]]}: parts {runs.labels[first]} and '
            f'{runs.labels[first + 1]} share pixels; the parts of one person '
            'must be disjoint')
    return runs


def encode_parts(runs: PersonRuns) -> List[Dict[int, Dict[str, Any]]]:
    """Encode the parts of all persons as COCO masks.

    For each person the labels of its parts, ascending, and their masks:
    ``size`` [height, width] and compressed ``counts``, a str.
    """
    width, height = runs.image_size
    order = np.lexsort((runs.starts, runs.labels, runs.persons))
    starts, ends = runs.starts[order], runs.ends[order]
    codes = runs.persons[order] * 256 + runs.labels[order]
    # Runs of one part that touch, at the end of a column, are one run.
    apart = (codes[1:] != codes[:-1]) | (starts[1:] != ends[:-1])
    first = np.append(True, apart)[:len(codes)]
    last = np.append(apart, True)[:len(codes)]
    bounds = np.stack([starts[first], ends[last]], axis=1)
    parts, begin = np.unique(codes[first], return_index=True)
    counts = [
        # Unset and set pixels in turn; a last 0 is not written.
        np.diff(part.reshape(-1), prepend=0, append=width * height)
        for part in np.split(bounds, begin[1:])
    ] if len(parts) else []
    texts = encode_counts([one if one[-1] else one[:-1] for one in counts])
    encoded: List[dict] = [{} for _ in range(runs.num_persons)]
    for code, text in zip(parts.tolist(), texts):
        encoded[code // 256][code % 256] = dict(
            size=[height, width], counts=text)
    return encoded
