# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Evaluation of dense pose against COCO DensePose annotations."""
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from projects.qanet.ground_truth import load_persons
from projects.qanet.ground_truth.annotations import keep_categories
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_number
from projects.qanet.utils.parallel import map_in_order
from ..annotations import check_points
from ..submission import decode_uv
from .accumulate import accumulate, summarize_curves
from .ignore_regions import draw_regions, is_ignored_box, is_ignored_mask
from .matching import ImageStatistics, rank, reduce_image
from .similarity import (MASK_RESIZES, Detections, TruePerson, box_ious,
                         mask_ious, point_similarities, prepare_person)
from .surface import Surface

#: What makes two persons alike: ``GPSm`` is the root of GPS times mask IoU.
MODES = ('GPSm', 'GPS', 'IOU')
PERSON_CATEGORIES = (1, )
# Longest side of an annotated box, in pixels: OpenCV's limit.
_MAX_SIDE = 32766
# Image id, its records and what to call them in a message.
Group = Tuple[int, List[Dict[str, Any]], List[str]]


class DensePoseEvaluator:
    """Turns each image into small statistics, and those into metrics.

    Args:
        ann_file (str): Annotations of COCO DensePose.
        eval_data (str): Folder of its evaluation data, see
            :meth:`.surface.Surface.load`.
        mode (str): One of :data:`MODES`.
        mask_resize (str): How annotated masks of 256 x 256 are brought to
            their box: ``label_linear`` as the released system does, or
            ``binary`` as detectron2 does; GPSm and IOU differ slightly.

    Raises:
        FileNotFoundError: If there is no annotation file.
        InputError: If an argument or a file is wrong.
    """

    def __init__(self,
                 ann_file: str,
                 eval_data: str,
                 mode: str = 'GPSm',
                 mask_resize: str = 'label_linear') -> None:
        for name, value, allowed in (('mode', mode, MODES),
                                     ('mask_resize', mask_resize,
                                      MASK_RESIZES)):
            if value not in allowed:
                raise InputError(f'{name} is {value!r}, allowed are '
                                 f'{", ".join(allowed)}')
        self.ann_file = ann_file
        self.mode = mode
        self._resize = MASK_RESIZES[mask_resize]
        document = load_persons(
            ann_file, ('id', 'image_id', 'bbox', 'area'),
            person_cat_ids=PERSON_CATEGORIES)
        self.images: Dict[int, dict] = {
            image['id']: image
            for image in document['images']
        }
        self._persons: Dict[int, List[dict]] = {one: [] for one in self.images}
        for annotation in document['annotations']:
            _check_annotation(annotation, self._name(annotation))
            self._persons[annotation['image_id']].append(annotation)
        if not any('dp_x' in one for one in document['annotations']):
            raise InputError(f'{ann_file} has no person with the points of '
                             'dense pose (dp_x): there is nobody to find')
        self.surface = Surface.load(eval_data)

    def _name(self, annotation: dict) -> str:
        return f'{self.ann_file}: annotation {annotation["id"]}'

    def find_image(self, image_id: int) -> dict:
        """The entry of an image; InputError if the file lacks it."""
        if image_id not in self.images:
            raise InputError(f'the image id {image_id} is not in '
                             f'{self.ann_file}')
        return self.images[image_id]

    def truths(self, image_id: int) -> List[TruePerson]:
        """The annotated persons of an image, but for ignored regions.

        Raises an InputError if the image is not annotated or a mask broken.
        """
        image = self.find_image(image_id)
        persons, regions = self._persons[image_id], self.regions(image_id)
        if regions is not None:
            persons = [p for p in persons if not is_ignored_box(p, regions)]
        size = image['width'], image['height']
        return [
            prepare_person(person, size, self.surface, self._resize,
                           self._name(person)) for person in persons
        ]

    def regions(self, image_id: int) -> Optional[np.ndarray]:
        """Ignored regions of an image, (height, width) bool, or None."""
        return draw_regions(
            self.find_image(image_id), f'{self.ann_file}: image {image_id}')

    def process(self, image_id: int,
                detections: Detections) -> ImageStatistics:
        """Reduce one image with its detections, in any order.

        Each is a dict with ``score``, ``bbox`` (whole xywh, in pixels) and
        ``uv``, (3, height, width) uint8, patch, U and V times 255; see
        :func:`projects.qanet.densepose.submission.person_records`. The best 20
        count. Raises as :meth:`truths`.
        """
        truths, regions = self.truths(image_id), self.regions(image_id)
        if regions is not None:
            detections = [
                one for one in detections if not is_ignored_mask(one, regions)
            ]
        best = rank([one['score'] for one in detections])
        detections = [detections[i] for i in best]
        return reduce_image(image_id, detections,
                            self.similarities(image_id, detections, truths),
                            box_ious(detections, truths), truths)

    def similarities(self, image_id: int, detections: Detections,
                     truths: Sequence[TruePerson]) -> np.ndarray:
        """The mode's similarity of D detections and G persons, (D, G)."""
        if self.mode == 'GPS':
            return point_similarities(detections, truths, self.surface)
        image = self.find_image(image_id)
        ious = mask_ious(detections, truths, (image['width'], image['height']))
        if self.mode == 'IOU':
            return ious
        return np.sqrt(ious *
                       point_similarities(detections, truths, self.surface))

    def summarize(self,
                  statistics: Iterable[ImageStatistics]) -> Dict[str, float]:
        """The 18 metrics, in percent, NaN if there is nobody to find.

        ``AP, AP50, AP55, ..., AP95, APm, APl, AR, AR50, AR75, ARm, ARl``.
        Images without statistics have no detections; one with several counts
        once, with the last.
        """
        images = {image.image_id: image for image in statistics}
        for image_id in self.images:
            if image_id not in images:
                images[image_id] = self.process(image_id, [])
        return summarize_curves(accumulate(images.values()))

    def evaluate(self,
                 records: Sequence[Dict[str, Any]],
                 source: str = 'results',
                 title: Optional[str] = None) -> Dict[str, float]:
        """Evaluate records of a results file, see :meth:`summarize`.

        Records are those of
        :func:`projects.qanet.densepose.submission.read_submission`; messages
        name one that is wrong as one of the ``source``. With a ``title`` there
        is a progress bar on stderr. Raises as :meth:`truths`, and an
        InputError if a record does not fit.
        """
        groups = self._group(records, source)
        return self.summarize(
            list(map_in_order(self._process_records, groups, title=title)))

    def _group(self, records: Sequence[Dict[str, Any]],
               source: str) -> List[Group]:
        """Group the records of persons by image, ids ascending."""
        places = {id(one): f'{source}[{i}]' for i, one in enumerate(records)}
        groups: Dict[int, Group] = {}
        for record in keep_categories(
                list(records), PERSON_CATEGORIES, source):
            image_id, place = record['image_id'], places[id(record)]
            if image_id not in self.images:
                raise InputError(f'{place}: the image id {image_id} is not in '
                                 f'{self.ann_file}')
            _, mine, own_places = groups.setdefault(image_id,
                                                    (image_id, [], []))
            mine.append(record)
            own_places.append(place)
        return [groups[image_id] for image_id in sorted(groups)]

    def _process_records(self, group: Group) -> ImageStatistics:
        image_id, records, places = group
        chosen = np.arange(len(records))
        if self.regions(image_id) is None:  # else masks decide who counts
            chosen = rank([record['score'] for record in records])
        detections = [
            dict(
                bbox=records[i]['bbox'],
                score=records[i]['score'],
                uv=decode_uv(records[i], places[i])) for i in chosen
        ]
        return self.process(image_id, detections)


def _check_annotation(annotation: dict, where: str) -> None:
    """Refuse an annotated person that cannot be compared; InputError."""
    bbox, area = annotation['bbox'], annotation['area']
    if not (all(map(is_number, bbox)) and 0 <= min(bbox[2:])
            and max(map(abs, bbox)) <= _MAX_SIDE):
        raise InputError(f'{where} has bbox {bbox}, expected x, y, width, '
                         f'height, at most {_MAX_SIDE} pixels')
    if not is_number(area):
        raise InputError(f'{where} has area {area!r}, expected a number')
    if 'dp_x' in annotation:
        check_points(annotation, where)
