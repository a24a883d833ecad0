# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The prediction for one image: its persons with their parts and scores."""
from dataclasses import dataclass, fields
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from .part_runs import PartRuns, map_to_runs, runs_to_map
from .record_masks import decode_records
from .rle import encode_runs

_PERSON_SCORES = ('bbox_scores', 'iou_scores', 'pixel_scores', 'scores')


@dataclass
class ParsingInstances:
    """All persons found in one image, before any suppression or threshold.

    The ingredients of the quality scores stay apart (PROTOCOL 5), so the
    weights of the fusion can be changed afterwards. N is the number of
    persons, C the number of classes with the background.

    Attributes:
        bboxes (np.ndarray): Unpadded boxes, (N, 4) float32, xyxy, in pixels.
        bbox_scores (np.ndarray): Detector's scores, (N,) float32.
        iou_scores (np.ndarray): Predicted mean IoU in [0, 1], (N,) float32.
        pixel_scores (np.ndarray): Instance pixel scores, (N,) float32.
        scores (np.ndarray): Quality scores of the persons, (N,) float32.
        part_pixel_scores (np.ndarray): Category pixel scores of the classes
            1..C-1, (N, C - 1) float32.
        part_scores (np.ndarray): Quality scores of the parts, (N, C - 1)
            float32.
        labels (np.ndarray): Person category, 0 = person, (N,) int64.
        part_maps (list[np.ndarray]): Per person the labels 0..C-1 inside a
            window, (h, w) uint8.
        offsets (np.ndarray): Top-left corner (x, y) of each window, (N, 2)
            int64, in pixels.
        image_size (tuple[int, int]): Width and height of the image.
        image_id (int, optional): The image's id in its annotation file.

    Scores that were not computed are NaN (``null`` in the results file).
    """
    bboxes: np.ndarray
    bbox_scores: np.ndarray
    iou_scores: np.ndarray
    pixel_scores: np.ndarray
    scores: np.ndarray
    part_pixel_scores: np.ndarray
    part_scores: np.ndarray
    labels: np.ndarray
    part_maps: List[np.ndarray]
    offsets: np.ndarray
    image_size: Tuple[int, int]
    image_id: Optional[int] = None

    def __post_init__(self) -> None:
        """Bring arrays to their types and compare their lengths."""
        self.bboxes = np.asarray(self.bboxes, np.float32).reshape(-1, 4)
        self.offsets = np.asarray(self.offsets, np.int64).reshape(-1, 2)
        self.labels = np.asarray(self.labels, np.int64)
        for name in _PERSON_SCORES + ('part_pixel_scores', 'part_scores'):
            setattr(self, name, np.asarray(getattr(self, name), np.float32))
        self.image_size = (int(self.image_size[0]), int(self.image_size[1]))
        for field in fields(self)[:-2]:
            length = len(getattr(self, field.name))
            if length != len(self.bboxes):
                raise ValueError(f'{field.name} has {length} entries for '
                                 f'{len(self.bboxes)} boxes')
        if self.part_scores.ndim != 2:
            raise ValueError('part_scores must be of shape (N, C - 1), not '
                             f'{self.part_scores.shape}')
        if self.part_scores.shape != self.part_pixel_scores.shape:
            raise ValueError(
                f'part_scores {self.part_scores.shape} and part_pixel_scores '
                f'{self.part_pixel_scores.shape} differ in shape')

    @classmethod
    def empty(cls,
              image_size: Tuple[int, int],
              num_classes: int,
              image_id: Optional[int] = None) -> 'ParsingInstances':
        """The result for an image without persons.

        Args:
            image_size (tuple[int, int]): Width and height of the image.
            num_classes (int): Number of classes with the background.
            image_id (int, optional): The image's id.

        Returns:
            ParsingInstances: Of length 0.
        """
        return cls.from_records([], image_size, num_classes, image_id)

    @classmethod
    def from_records(cls,
                     records: Sequence[Dict[str, Any]],
                     image_size: Tuple[int, int],
                     num_classes: int,
                     image_id: Optional[int] = None) -> 'ParsingInstances':
        """Build the result of one image from records of a results file.

        Args:
            records (Sequence[dict]): The image's records, checked by
                :func:`read_results`. Parts that a record does not have get
                the score 0.
            image_size (tuple[int, int]): Width and height of the image.
            num_classes (int): Number of classes with the background.
            image_id (int, optional): The image's id. Defaults to the
                records' one.

        Returns:
            ParsingInstances: Persons in the order of the records.

        Raises:
            ResultsFormatError: If a run-length code is broken or of another
                size, or if parts of a person overlap; with the record's
                position.
        """
        if image_id is None and records:
            image_id = records[0]['image_id']
        part_scores = np.zeros((2, len(records), num_classes - 1), np.float32)
        part_maps, offsets = [], []
        decoded = decode_records(records, image_size).split(len(records))
        for i, (record, runs) in enumerate(zip(records, decoded)):
            part_map, offset = runs_to_map(runs, image_size[1])
            part_maps.append(part_map)
            offsets.append(offset)
            for part in record['parts']:
                part_scores[:, i, part['label'] - 1] = (_to_float(
                    part['pixel_score']), _to_float(part['score']))
        boxes = np.array([r['bbox'] for r in records], np.float64)
        boxes = boxes.reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return cls(
            bboxes=boxes,
            **{
                name: [_to_float(record[name[:-1]]) for record in records]
                for name in _PERSON_SCORES
            },
            part_pixel_scores=part_scores[0],
            part_scores=part_scores[1],
            labels=[record['category_id'] - 1 for record in records],
            part_maps=part_maps,
            offsets=offsets,
            image_size=image_size,
            image_id=image_id)

    @property
    def num_classes(self) -> int:
        """Number of classes with the background."""
        return self.part_scores.shape[1] + 1

    def __len__(self) -> int:
        """Number of persons."""
        return len(self.bboxes)

    def __getitem__(
        self, index: Union[int, slice, Sequence[int],
                           np.ndarray]) -> 'ParsingInstances':
        """Choose persons by position, slice, positions or a bool mask.

        Args:
            index (int | slice | Sequence[int] | np.ndarray): An int gives a
                result of length 1.

        Returns:
            ParsingInstances: The chosen persons of the same image.
        """
        positions = np.arange(len(self))
        chosen = np.atleast_1d(
            positions[index if isinstance(index,
                                          (int, slice)) else _to_index(index)])
        values = {}
        for field in fields(self)[:-2]:
            value = getattr(self, field.name)
            values[field.name] = [value[i] for i in chosen] if isinstance(
                value, list) else value[chosen]
        return type(self)(
            **values, image_size=self.image_size, image_id=self.image_id)

    def part_map(self, index: int) -> np.ndarray:
        """One person's part map in the whole image.

        Args:
            index (int): Position of the person.

        Returns:
            np.ndarray: Labels of shape (H, W), uint8.
        """
        width, height = self.image_size
        image = np.zeros((height, width), np.uint8)
        window = self.part_maps[index]
        x, y = self.offsets[index]
        image[y:y + window.shape[0], x:x + window.shape[1]] = window
        return image

    def to_records(self) -> List[Dict[str, Any]]:
        """The records of the results file, one for each person.

        Returns:
            list[dict]: Records as ARCHITECTURE 3 lays them down; ``bbox`` is
            xywh. An ``image_id`` of None becomes 0.
        """
        return [self._to_record(i) for i in range(len(self))]

    def _to_record(self, i: int) -> Dict[str, Any]:
        """One person's record."""
        x1, y1, x2, y2 = self.bboxes[i].tolist()
        record = dict(
            image_id=0 if self.image_id is None else int(self.image_id),
            category_id=int(self.labels[i]) + 1,
            bbox=[x1, y1, x2 - x1, y2 - y1])
        for name in ('scores', ) + _PERSON_SCORES[:-1]:
            record[name[:-1]] = _to_json(getattr(self, name)[i])
        runs = map_to_runs(self.part_maps[i], self.offsets[i], self.image_size)
        record['parts'] = [
            dict(
                label=label,
                score=_to_json(self.part_scores[i, label - 1]),
                pixel_score=_to_json(self.part_pixel_scores[i, label - 1]),
                segmentation=_encode_part(runs, label, self.image_size))
            for label in np.unique(runs.labels).tolist()
        ]
        return record


def _encode_part(runs: PartRuns, label: int,
                 image_size: Tuple[int, int]) -> Dict[str, Any]:
    """Encode one part's mask as a COCO segmentation."""
    width, height = image_size
    mine = runs.labels == label
    counts = encode_runs(runs.starts[mine], runs.ends[mine], width * height)
    return dict(size=[height, width], counts=counts)


def _to_float(value: Optional[float]) -> float:
    """A score in memory, where null is NaN."""
    return float('nan') if value is None else value


def _to_json(value: np.floating) -> Optional[float]:
    """A score in JSON, where NaN is null."""
    return None if np.isnan(value) else float(value)


def _to_index(index: Union[Sequence[int], np.ndarray]) -> np.ndarray:
    """Positions or a bool mask as an array; an empty list is no person."""
    index = np.asarray(index)
    return index.astype(np.int64) if index.size == 0 else index
