# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Evaluation of records against a data set on disk."""
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

from projects.qanet.structures.record_masks import decode_records
from projects.qanet.utils.errors import InputError
from .annotations import ImageInfo, read_annotations
from .image_statistics import (METRICS, ImageOverlaps, ImageStatistics,
                               Thresholds, image_statistics, measure_overlaps,
                               unpredicted_statistics)
from .label_maps import LabelRuns, read_label_runs
from .protocols import get_protocol
from .scores import check_weights, read_scores
from .segments import cut_segments
from .summary import summarize


def compare_records(image: ImageInfo,
                    truth: LabelRuns,
                    records: Sequence[Dict[str, Any]],
                    num_classes: int,
                    places: Optional[Sequence[str]] = None) -> ImageOverlaps:
    """Compare one image's records with each other and with the truth.

    Args:
        image (ImageInfo): The image.
        truth (LabelRuns): Its ground truth.
        records (Sequence[dict]): The image's records.
        num_classes (int): Number of classes with the background.
        places (Sequence[str], optional): What to call each record in a
            message.

    Returns:
        ImageOverlaps: For :func:`image_statistics`, with any scores.

    Raises:
        InputError: If records and image do not fit.
    """
    size = (image.width, image.height)
    persons = decode_records(records, size, places)
    segments = cut_segments(truth, persons, len(records), size[0] * size[1],
                            num_classes)
    return measure_overlaps(image, truth, segments, num_classes)


class ParsingEvaluator:
    """Turns each image into small statistics, and those into metrics.

    Args:
        ann_file (str): COCO style annotations, one per person.
        data_root (str): Folder of the split, which holds Category_ids,
            Human_ids and Instance_ids.
        classes (Sequence[str]): Names of all classes, background first.
        img_subdir (str): Name of the image folder. Defaults to 'Images'.
        metrics (Sequence[str]): Which of mIoU, APp, APr, APh. Defaults to
            all.
        protocol (str): ``released`` or ``strict``. Defaults to 'released'.
        quality_weights (Sequence[float], optional): Weights of the box, IoU
            and pixel score to fuse scores with. None takes stored scores.
        thresholds (Thresholds): Thresholds of scores and suppression.

    Raises:
        InputError: If an argument or the annotation file is wrong.

    Examples:
        >>> from projects.qanet.structures import read_results
        >>> info, records = read_results('results.json')  # doctest: +SKIP
        >>> evaluator = ParsingEvaluator(
        ...     'annotations/CIHP_val.json', 'Validation',
        ...     info['classes'])  # doctest: +SKIP
        >>> values = evaluator.evaluate(records)  # doctest: +SKIP
        >>> values['mIoU']  # doctest: +SKIP
        62.9
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str,
        classes: Sequence[str],
        img_subdir: str = 'Images',
        metrics: Sequence[str] = METRICS,
        protocol: str = 'released',
        quality_weights: Optional[Sequence[float]] = None,
        thresholds: Thresholds = Thresholds()
    ) -> None:
        unknown = sorted(set(metrics) - set(METRICS))
        if unknown or not metrics:
            raise InputError(f'there is no metric {unknown}, allowed are '
                             f'{list(METRICS)}')
        self.ann_file = ann_file
        self.images = read_annotations(ann_file)
        self.data_root = data_root
        self.classes = tuple(classes)
        self.img_subdir = img_subdir
        self.metrics = tuple(metrics)
        self.protocol = get_protocol(protocol)
        self.quality_weights = quality_weights
        if quality_weights is not None:
            check_weights(quality_weights)
        self.thresholds = thresholds

    def measure(self,
                image_id: int,
                records: Sequence[Dict[str, Any]],
                places: Optional[Sequence[str]] = None) -> ImageOverlaps:
        """Read an image's truth and compare its persons, whatever the scores.

        Args:
            image_id (int): The image's id.
            records (Sequence[dict]): The image's records.
            places (Sequence[str], optional): What to call each record in a
                message.

        Returns:
            ImageOverlaps: For :func:`image_statistics`.

        Raises:
            InputError: If records and image do not fit, or the label maps
                are broken.
        """
        image = self.find_image(image_id)
        truth = read_label_runs(image, self.data_root, len(self.classes),
                                self.img_subdir)
        return compare_records(image, truth, records, len(self.classes),
                               places)

    def find_image(self, image_id: int) -> ImageInfo:
        """Look an image up.

        Args:
            image_id (int): The image's id.

        Returns:
            ImageInfo: The image.

        Raises:
            InputError: If the annotation file does not have it.
        """
        if image_id not in self.images:
            raise InputError(f'the image id {image_id} is not in '
                             f'{self.ann_file}')
        return self.images[image_id]

    def process(self,
                image_id: int,
                records: Sequence[Dict[str, Any]],
                places: Optional[Sequence[str]] = None) -> ImageStatistics:
        """Reduce one image to its statistics.

        Args:
            image_id (int): The image's id.
            records (Sequence[dict]): The image's records, maybe none.
            places (Sequence[str], optional): What to call each record in a
                message.

        Returns:
            ImageStatistics: Small, without pixels.

        Raises:
            InputError: If records and image do not fit, or the label maps
                are broken.
        """
        image = self.find_image(image_id)
        if (not records
                and not self.protocol.counts_images_without_predictions):
            return unpredicted_statistics(image, self.protocol)
        scores = read_scores(records, len(self.classes), self.quality_weights,
                             places)
        overlaps = self.measure(image_id, records, places)
        return image_statistics(overlaps, scores, self.protocol,
                                self.thresholds, self.metrics)

    def summarize(self,
                  statistics: Iterable[ImageStatistics]) -> Dict[str, float]:
        """Compute the metrics of the data set.

        Images that are annotated, but have no statistics, count as images
        without predictions.

        Args:
            statistics (Iterable[ImageStatistics]): At most one per image.

        Returns:
            dict[str, float]: See :func:`summarize`.
        """
        images = {image.image_id: image for image in statistics}
        for image_id in self.images:
            if image_id not in images:
                images[image_id] = self.process(image_id, [])
        return summarize(
            list(images.values()), self.classes, self.protocol, self.metrics)

    def evaluate(self,
                 records: Sequence[Dict[str, Any]],
                 num_workers: int = 0,
                 source: str = 'results') -> Dict[str, float]:
        """Evaluate the records of a results file.

        Args:
            records (Sequence[dict]): All records, in the file's order.
            num_workers (int): Processes that work beside this one. Defaults
                to 0, all is done here.
            source (str): What to call the list of records in a message.

        Returns:
            dict[str, float]: See :func:`summarize`.

        Raises:
            InputError: If a record does not fit the data set; the message
                names its position.
        """
        groups = self.group(records, source)
        if num_workers <= 0 or len(groups) < 2:
            return self.summarize(self.process(*group) for group in groups)
        # Few large chunks: each carries a copy of the evaluator.
        chunk = -(-len(groups) // (4 * num_workers))
        with ProcessPoolExecutor(num_workers) as pool:
            return self.summarize(
                pool.map(self.process, *zip(*groups), chunksize=chunk))

    def group(
        self,
        records: Sequence[Dict[str, Any]],
        source: str = 'results'
    ) -> List[Tuple[int, List[Dict[str, Any]], List[str]]]:
        """Group records by image.

        Args:
            records (Sequence[dict]): All records, in the file's order.
            source (str): What to call the list of records in a message.

        Returns:
            list[tuple]: Image id, its records and what to call them; image
            ids ascending.

        Raises:
            InputError: If a record's image is not annotated.
        """
        positions: Dict[int, List[int]] = {}
        for position, record in enumerate(records):
            image_id = record['image_id']
            if image_id not in self.images:
                raise InputError(f'{source}[{position}]: the image id '
                                 f'{image_id} is not in {self.ann_file}')
            positions.setdefault(image_id, []).append(position)
        return [(image_id, [records[i]
                            for i in mine], [f'{source}[{i}]' for i in mine])
                for image_id, mine in sorted(positions.items())]
