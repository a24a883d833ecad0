# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The prediction for one image: its persons with their parts and scores."""
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from projects.qanet.utils.fusion import quality_score
from .records import decode_records, encode_parts
from .runs import PersonRuns, maps_to_runs, runs_to_map

_PERSON_SCORES = ('bbox_scores', 'iou_scores', 'pixel_scores', 'scores')
_PART_SCORES = ('part_pixel_scores', 'part_scores')
_PERSON_ARRAYS = ('bboxes', *_PERSON_SCORES, *_PART_SCORES, 'labels',
                  'offsets')


@dataclass
class ParsingInstances:
    """All persons found in one image, before any suppression or threshold.

    The ingredients of the quality scores stay apart, so the weights of the
    fusion can be changed afterwards (:meth:`fuse`). N is the number of
    persons, C the number of classes with the background. Arrays are float32
    unless said. Scores that were not computed are NaN.
    """
    bboxes: np.ndarray  # unpadded boxes, (N, 4), xyxy, in pixels
    bbox_scores: np.ndarray  # detector's scores, (N,)
    iou_scores: np.ndarray  # predicted mean IoU in [0, 1], (N,)
    pixel_scores: np.ndarray  # instance pixel scores, (N,)
    scores: np.ndarray  # quality scores of the persons, (N,)
    # category pixel scores of the classes 1..C-1, (N, C - 1)
    part_pixel_scores: np.ndarray
    part_scores: np.ndarray  # quality scores of the parts, (N, C - 1)
    labels: np.ndarray  # person category, 0 = person, (N,) int64
    # Per person the labels 0..C-1 inside a window, (h, w) uint8.
    part_maps: List[np.ndarray]
    offsets: np.ndarray  # corner (x, y) of each window, (N, 2) int64
    image_size: Tuple[int, int]  # width and height of the image
    image_id: Optional[int] = None  # its id in the annotation file
    # The same persons with their pixel scores taken at further thresholds,
    # where the model was asked for them (``extra_pixel_score_thrs``).
    by_thr: Dict[float, 'ParsingInstances'] = field(default_factory=dict)
    # Of dense pose, whose parts are patches: per person U and V times 255 in
    # the same window, (2, h, w) uint8.
    uv_maps: Optional[List[np.ndarray]] = None

    def __post_init__(self) -> None:
        self.bboxes = np.asarray(self.bboxes, np.float32).reshape(-1, 4)
        self.offsets = np.asarray(self.offsets, np.int64).reshape(-1, 2)
        self.labels = np.asarray(self.labels, np.int64)
        for name in _PERSON_SCORES + _PART_SCORES:
            setattr(self, name, np.asarray(getattr(self, name), np.float32))
        self.image_size = (int(self.image_size[0]), int(self.image_size[1]))
        for name in (*_PERSON_ARRAYS, 'part_maps'):
            length = len(getattr(self, name))
            if length != len(self.bboxes):
                raise ValueError(f'{name} has {length} entries for '
                                 f'{len(self.bboxes)} boxes')
        if (self.part_scores.ndim != 2
                or self.part_scores.shape != self.part_pixel_scores.shape):
            raise ValueError(
                f'part_scores {self.part_scores.shape} and part_pixel_scores '
                f'{self.part_pixel_scores.shape} must both be (N, C - 1)')
        if self.uv_maps is not None:
            shapes = [uv_map.shape for uv_map in self.uv_maps]
            expected = [(2, *part_map.shape) for part_map in self.part_maps]
            if shapes != expected:
                raise ValueError(f'uv_maps have the shapes {shapes}, with '
                                 f'these part_maps they must have {expected}')

    @classmethod
    def empty(cls,
              image_size: Tuple[int, int],
              num_classes: int,
              image_id: Optional[int] = None) -> 'ParsingInstances':
        """The result, of length 0, for an image without persons."""
        return cls.from_records([], image_size, num_classes, image_id)

    @classmethod
    def from_records(cls,
                     records: Sequence[Dict[str, Any]],
                     image_size: Tuple[int, int],
                     num_classes: int,
                     image_id: Optional[int] = None) -> 'ParsingInstances':
        """Build one image's result from records of a results file.

        Parts that one lacks have the score 0. Raises an InputError as
        :func:`decode_records` does.
        """
        if image_id is None and records:
            image_id = records[0]['image_id']
        part_scores = np.zeros((2, len(records), num_classes - 1), np.float32)
        for i, record in enumerate(records):
            for part in record['parts']:
                # A score of None, undefined, becomes NaN.
                part_scores[:, i, part['label'] - 1] = np.array(
                    [part['pixel_score'], part['score']], np.float32)
        runs = decode_records(records, image_size)
        windows = [runs_to_map(person) for person in runs.split()]
        boxes = np.array([r['bbox'] for r in records], float).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return cls(
            bboxes=boxes,
            **{s: [r[s[:-1]] for r in records]
               for s in _PERSON_SCORES},
            part_pixel_scores=part_scores[0],
            part_scores=part_scores[1],
            labels=[record['category_id'] - 1 for record in records],
            part_maps=[part_map for part_map, _ in windows],
            offsets=[offset for _, offset in windows],
            image_size=image_size,
            image_id=image_id)

    @property
    def num_classes(self) -> int:
        """Number of classes with the background."""
        return self.part_scores.shape[1] + 1

    def __len__(self) -> int:
        return len(self.bboxes)

    def __getitem__(
        self, index: Union[int, slice, Sequence[int],
                           np.ndarray]) -> 'ParsingInstances':
        """Choose persons by position, slice, positions or a bool mask."""
        if not isinstance(index, (int, slice)):
            index = np.asarray(index, None if len(index) else np.int64)
        chosen = np.atleast_1d(np.arange(len(self))[index])
        values = {name: getattr(self, name)[chosen] for name in _PERSON_ARRAYS}
        values['part_maps'] = [self.part_maps[i] for i in chosen]
        if self.uv_maps is not None:
            values['uv_maps'] = [self.uv_maps[i] for i in chosen]
        by_thr = {thr: other[chosen] for thr, other in self.by_thr.items()}
        return replace(self, **values, by_thr=by_thr)

    def fuse(self, weights: Sequence[float]) -> 'ParsingInstances':
        """Fuse the quality scores again with other weights (Equation 1).

        An undefined box or IoU score counts as 1. Only ``scores`` and
        ``part_scores`` are new; everything else is shared.
        """
        boxes = np.nan_to_num(self.bbox_scores, nan=1.)
        ious = np.nan_to_num(self.iou_scores, nan=1.)
        scores, part_scores = (
            quality_score(boxes, ious, pixel, weights)
            for pixel in (self.pixel_scores, self.part_pixel_scores))
        by_thr = {thr: one.fuse(weights) for thr, one in self.by_thr.items()}
        return replace(
            self, scores=scores, part_scores=part_scores, by_thr=by_thr)

    def part_map(self, index: int) -> np.ndarray:
        """One person's part map in the whole image, (H, W) uint8."""
        width, height = self.image_size
        image = np.zeros((height, width), np.uint8)
        window = self.part_maps[index]
        x, y = self.offsets[index]
        image[y:y + window.shape[0], x:x + window.shape[1]] = window
        return image

    def runs(self) -> PersonRuns:
        """The part maps as labelled runs, which is what metrics work on."""
        return maps_to_runs(self.part_maps, self.offsets, self.image_size)

    def to_records(self) -> List[Dict[str, Any]]:
        """The persons' records of the results file; no id becomes 0."""
        plain = {
            name: np.where(np.isnan(scores), None, scores).tolist()
            for name, scores in vars(self).items() if name.endswith('scores')
        }
        records = []
        for i, masks in enumerate(encode_parts(self.runs())):
            x1, y1, x2, y2 = self.bboxes[i].tolist()
            record: Dict[str, Any] = dict(
                image_id=int(self.image_id or 0),
                category_id=int(self.labels[i]) + 1,
                bbox=[x1, y1, x2 - x1, y2 - y1])
            for name in ('score', 'bbox_score', 'iou_score', 'pixel_score'):
                record[name] = plain[f'{name}s'][i]
            scores = plain['part_scores'][i]
            pixel_scores = plain['part_pixel_scores'][i]
            record['parts'] = [
                dict(
                    label=label,
                    score=scores[label - 1],
                    pixel_score=pixel_scores[label - 1],
                    segmentation=mask) for label, mask in masks.items()
            ]
            records.append(record)
        return records
