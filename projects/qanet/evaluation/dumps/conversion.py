# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""From records to a dump, and back as far as the format allows."""
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from projects.qanet.ground_truth import ImageInfo, empty_truth
from projects.qanet.structures import ParsingInstances
from projects.qanet.structures.records import decode_records
from projects.qanet.structures.runs import maps_to_runs, runs_to_map
from projects.qanet.utils.errors import InputError
from ..functional.image_statistics import Thresholds, keep_persons
from ..functional.overlaps import person_ious
from ..functional.painting import (Painting, number_parts, paint_categories,
                                   paint_persons)
from ..functional.protocols import RELEASED, Protocol
from ..functional.scores import read_scores
from ..functional.segments import cut_segments, draw_segments
from .files import DumpedImage

# 8-bit maps; the released system leaves number 255 out for parts.
MAX_PARTS = 254
MAX_HUMANS = 255


def paint_dump(image: ImageInfo,
               records: Sequence[Dict[str, Any]],
               num_classes: int,
               quality_weights: Optional[Sequence[float]] = None,
               protocol: Protocol = RELEASED,
               thresholds: Thresholds = Thresholds(),
               places: Optional[Sequence[str]] = None) -> DumpedImage:
    """Paint one image's records, maybe none, as the challenges want them.

    The same suppression, painting and numbering as in the evaluation. A
    person's box is the smallest one around its parts, covered ones included;
    at most 254 parts are given. ``places`` name the records in a message.
    Raises an InputError if records and image do not fit, a needed score is
    undefined or more persons are visible than the format can hold.
    """
    scores = read_scores(records, num_classes, quality_weights, places)
    persons = decode_records(records, image.size, places)
    segments = cut_segments(empty_truth(), persons, num_classes)
    kept = keep_persons(scores.persons, person_ious(segments, num_classes),
                        protocol, thresholds)
    painting = paint_persons(segments, scores.persons, kept)
    whole = Painting(painting.owners, np.minimum(painting.labels, 1))
    humans, human_of, _ = number_parts(whole, scores.persons)
    parts, person_of, labels = number_parts(painting, scores.persons)
    if len(human_of) > MAX_HUMANS:
        raise InputError(f'{image.file_name} has {len(human_of)} visible '
                         f'persons, a dump holds {MAX_HUMANS}')

    def draw(values: np.ndarray) -> np.ndarray:
        return draw_segments(segments, values.astype(np.uint8), image.size)

    runs = persons.split()
    classes = paint_categories(segments, scores.boxes, thresholds.box_score)
    return DumpedImage(
        categories=draw(classes),
        humans=draw(humans),
        human_scores=scores.persons[human_of],
        human_boxes=_boxes([runs_to_map(runs[i]) for i in human_of]),
        parts=draw(np.where(parts > MAX_PARTS, 0, parts)),
        part_labels=labels[:MAX_PARTS],
        part_scores=scores.parts[person_of, labels - 1][:MAX_PARTS])


def dump_to_records(image: ImageInfo, dump: DumpedImage,
                    num_classes: int) -> List[Dict[str, Any]]:
    """Records of the visible persons of one image of a dump, in their order.

    The ingredients of the scores are null; a box that the text file lacks is
    that of the visible pixels. Raises an InputError if a part is not inside
    one person, or a person has two parts of one class.
    """
    labels = np.append(dump.part_labels, 0)[dump.parts.astype(np.int64) - 1]
    labels = labels.astype(np.uint8)
    owners = _owners(image, dump)
    numbers = np.unique(dump.humans[dump.humans > 0]).astype(np.int64)
    part_scores = np.zeros((len(numbers), num_classes - 1))
    for part, owner in owners.items():
        place = np.searchsorted(numbers, owner), dump.part_labels[part - 1] - 1
        part_scores[place] = dump.part_scores[part - 1]
    runs = maps_to_runs([dump.humans == number for number in numbers],
                        [(0, 0)] * len(numbers), image.size)
    windows = [runs_to_map(person) for person in runs.split()]
    boxes = dump.human_boxes[numbers - 1]
    boxes = np.where(np.isnan(boxes), _boxes(windows), boxes)
    maps = [
        labels[y:y + window.shape[0], x:x + window.shape[1]] * window
        for window, (x, y) in windows
    ]
    unknown = np.full((3, len(numbers)), np.nan)
    return ParsingInstances(boxes, *unknown, dump.human_scores[numbers - 1],
                            part_scores * np.nan, part_scores,
                            np.zeros(len(numbers)), maps,
                            [offset for _, offset in windows], image.size,
                            image.image_id).to_records()


def _owners(image: ImageInfo, dump: DumpedImage) -> Dict[int, int]:
    """Person number of each visible part number."""
    codes = np.unique(dump.parts.astype(np.int64) * 256 + dump.humans)
    owners: Dict[int, int] = {}
    taken: Dict[tuple, int] = {}
    for code in codes[codes >= 256].tolist():
        part, human = divmod(code, 256)
        if human == 0 or part in owners:
            raise InputError(f'{image.file_name}: part {part} of instance_'
                             'parsing does not lie inside one person of '
                             'instance_segmentation')
        owners[part] = human
        label = int(dump.part_labels[part - 1])
        other = taken.setdefault((human, label), part)
        if other != part:
            raise InputError(
                f'{image.file_name}: the parts {other} and {part} of '
                f'instance_parsing are both of class {label} and of person '
                f'{human}; a results file has one part for each class')
    return owners


def _boxes(windows: Sequence[tuple]) -> np.ndarray:
    """Boxes of windows, xyxy in pixels, (N, 4) float64."""
    return np.array([(x, y, x + window.shape[1], y + window.shape[0])
                     for window, (x, y) in windows],
                    np.float64).reshape(-1, 4)
