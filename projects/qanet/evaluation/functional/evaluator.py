# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Evaluation of persons against a data set on disk."""
import logging
import os
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

from projects.qanet.ground_truth import (ImageInfo, LabelRuns,
                                         check_label_names, label_path,
                                         read_annotations, read_label_runs)
from projects.qanet.structures.records import decode_records
from projects.qanet.structures.runs import PersonRuns
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.fusion import check_weights
from projects.qanet.utils.json_values import is_number
from projects.qanet.utils.parallel import map_in_order
from .image_statistics import (METRICS, ImageOverlaps, ImageStatistics,
                               Thresholds, measure_overlaps, reduce_image,
                               unpredicted_statistics)
from .protocols import get_protocol
from .scores import PersonScores, read_scores
from .summary import summarize

# Without mmengine; what nobody handles, Python prints on stderr.
_LOGGER = logging.getLogger(__name__)

Records = Sequence[Dict[str, Any]]
# Image id, its records and what to call them in a message.
Group = Tuple[int, Records, Sequence[str]]


class ParsingEvaluator:
    """Turns each image into small statistics, and those into metrics.

    Args:
        ann_file (str): COCO style annotations, one per person.
        data_root (str): Folder of the split, which holds Category_ids,
            Human_ids and Instance_ids.
        classes (Sequence[str]): Names of all classes, background first; may
            also be set as the attribute ``classes`` before the first image.
        img_subdir (str): Name of the image folder.
        metrics (str | Sequence[str]): Which of mIoU, APp, APr, APh.
        protocol (str): ``released`` or ``strict``.
        quality_weights (Sequence[float], optional): Weights of the box, IoU
            and pixel score to fuse scores with; None takes stored scores.
        thresholds (Thresholds): Thresholds of scores and suppression.
        person_cat_ids (Sequence[int]): The ``category_id`` of persons.

    Raises:
        FileNotFoundError: If there is no annotation file.
        InputError: If an argument or the annotation file is wrong, or notes
            other classes.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str,
        classes: Sequence[str],
        img_subdir: str = 'Images',
        metrics: Union[str, Sequence[str]] = METRICS,
        protocol: str = 'released',
        quality_weights: Optional[Sequence[float]] = None,
        thresholds: Thresholds = Thresholds(),
        person_cat_ids: Sequence[int] = (1, )
    ) -> None:
        chosen = (metrics, ) if isinstance(metrics, str) else metrics
        if (not isinstance(chosen, (list, tuple)) or not chosen
                or any(metric not in METRICS for metric in chosen)):
            raise InputError(f'metrics must be among {list(METRICS)}, not '
                             f'{metrics!r}')
        self.protocol = get_protocol(protocol)
        if quality_weights is not None:
            check_weights(quality_weights)
        names = ('box_score_thr', 'nms_thr', 'quality_thr')
        for name, value in zip(names, thresholds):
            if not (is_number(value) and value >= 0
                    or value is None and name == 'nms_thr'):
                raise InputError(f'{name} is {value!r}, allowed are numbers '
                                 '>= 0')
        if not os.path.isdir(os.path.join(data_root, 'Category_ids')):
            raise InputError(f'data_root {data_root} has no Category_ids; it '
                             'must be the folder of the split, with '
                             'Category_ids, Human_ids and Instance_ids')
        self.ann_file = ann_file
        self.images = read_annotations(ann_file, person_cat_ids, classes)
        check_label_names((image.file_name for image in self.images.values()),
                          ann_file)
        self.data_root = data_root
        self.classes = tuple(classes)
        self.img_subdir = img_subdir
        self.metrics = tuple(chosen)
        self.quality_weights = quality_weights
        self.thresholds = thresholds
        if not any(image.persons for image in self.images.values()):
            _LOGGER.warning('%s annotates nobody: there is no person to find',
                            ann_file)

    def find_image(self, image_id: int) -> ImageInfo:
        """The image with an id; InputError if the annotation file lacks it."""
        if image_id not in self.images:
            raise InputError(f'the image id {image_id} is not in '
                             f'{self.ann_file}')
        return self.images[image_id]

    def image_path(self, image_id: int) -> str:
        """Where an image should be; InputError if it is not annotated."""
        name = self.find_image(image_id).file_name
        return label_path(
            os.path.join(self.data_root, self.img_subdir), name,
            os.path.splitext(name)[1], self.img_subdir)

    def read_truth(self, image_id: int) -> LabelRuns:
        """Read an image's label maps, see :func:`read_label_runs`."""
        return read_label_runs(
            self.find_image(image_id), self.data_root, len(self.classes),
            self.img_subdir, 'APr' in self.metrics)

    def measure(self, image_id: int, runs: PersonRuns) -> ImageOverlaps:
        """Compare the persons of an image with its truth, whatever the scores.

        Raises an OSError if a label map is missing, an InputError if one is
        broken or persons and image do not fit.
        """
        return measure_overlaps(
            self.find_image(image_id), self.read_truth(image_id), runs,
            len(self.classes))

    def process(self, image_id: int, runs: PersonRuns,
                scores: PersonScores) -> ImageStatistics:
        """Reduce one image with its persons, as :meth:`measure` raises."""
        if (runs.num_persons == 0
                and not self.protocol.counts_images_without_predictions):
            return unpredicted_statistics(
                self.find_image(image_id), self.protocol)
        return reduce_image(
            self.measure(image_id, runs), scores, self.protocol,
            self.thresholds, self.metrics)

    def decode(self,
               image_id: int,
               records: Records,
               places: Optional[Sequence[str]] = None) -> PersonRuns:
        """Decode an image's records; InputError if they do not fit it."""
        return decode_records(records, self.find_image(image_id).size, places)

    def process_records(self, group: Group) -> ImageStatistics:
        """Reduce one image of a results file; raises as :meth:`measure`."""
        image_id, records, places = group
        scores = read_scores(records, len(self.classes), self.quality_weights,
                             places)
        return self.process(image_id, self.decode(image_id, records, places),
                            scores)

    def complete(
            self,
            statistics: Iterable[ImageStatistics]) -> List[ImageStatistics]:
        """Statistics of all annotated images, ids ascending.

        Images without statistics have no predictions.
        """
        images = {image.image_id: image for image in statistics}
        for image_id in self.images:
            if image_id not in images:
                images[image_id] = self.process_records((image_id, [], []))
        hidden = [i for i in sorted(images) if images[i].num_hidden]
        if hidden:
            _LOGGER.warning(
                '%d annotated persons of %d images have no pixel in '
                'Human_ids, those of %s first',
                sum(images[i].num_hidden for i in hidden), len(hidden),
                self.images[hidden[0]].file_name)
        return [images[image_id] for image_id in sorted(images)]

    def summarize(self,
                  statistics: Iterable[ImageStatistics]) -> Dict[str, float]:
        """The metrics; images without statistics have no predictions."""
        return summarize(
            self.complete(statistics), self.classes, self.protocol,
            self.metrics)

    def reduce(self,
               records: Records,
               num_workers: int = 0,
               source: str = 'results') -> List[ImageStatistics]:
        """Reduce all records of a results file, see :meth:`complete`.

        In ``num_workers`` processes beside this one; messages name a record
        that does not fit as one of the ``source``. Raises as :meth:`measure`.
        """
        groups = self.group(records, source)
        return self.complete(
            map_in_order(self.process_records, groups, num_workers))

    def evaluate(self,
                 records: Records,
                 num_workers: int = 0,
                 source: str = 'results') -> Dict[str, float]:
        """Evaluate all records of a results file, see :func:`summarize`.

        Arguments and errors are those of :meth:`reduce`.
        """
        return summarize(
            self.reduce(records, num_workers, source), self.classes,
            self.protocol, self.metrics)

    def group(self, records: Records, source: str = 'results') -> List[Group]:
        """Group all records, in the file's order, by image, ids ascending.

        Raises an InputError if a record's image is not annotated.
        """
        groups: Dict[int, Group] = {}
        for position, record in enumerate(records):
            image_id, place = record['image_id'], f'{source}[{position}]'
            if image_id not in self.images:
                raise InputError(f'{place}: the image id {image_id} is not in '
                                 f'{self.ann_file}')
            _, mine, places = groups.setdefault(image_id, (image_id, [], []))
            mine.append(record)
            places.append(place)
        return [groups[image_id] for image_id in sorted(groups)]
