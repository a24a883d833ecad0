# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The metrics of COCO DensePose for OpenMMLab's evaluator."""
import os
from typing import Any, Dict, List, Optional, Sequence, Tuple

from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmseg.registry import METRICS

from projects.qanet.evaluation.functional import write_metrics
from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable
from projects.qanet.utils.fusion import check_weights
from .evaluation import DensePoseEvaluator, format_metrics
from .evaluation.accumulate import METRIC_KEYS, PREFIX
from .submission import pack_record, person_records, write_submission


@METRICS.register_module()
class DensePoseMetric(BaseMetric):
    """AP and AR of dense pose, as COCO DensePose measures them.

    Each image is reduced to small statistics at once; only those, and the
    packed records if there is an ``out_file``, travel between ranks. The
    values, in percent, are those that ``eval_densepose.py`` finds in the
    written results file; images that were not tested count as images without
    detections.

    Data samples have ``img_id``, ``img_path``, ``ori_shape`` (h, w) and
    ``pred_instances``, :class:`~projects.qanet.structures.ParsingInstances`
    whose part maps are patches 0..24 and which have ``uv_maps``.

    Args:
        ann_file, eval_data, mode, mask_resize: Those of
            :class:`~projects.qanet.densepose.evaluation.DensePoseEvaluator`;
            the first two are not needed with ``format_only``.
        quality_weights (Sequence[float], optional): Weights of the box, IoU
            and pixel score to fuse the model's scores with again.
        out_file (str, optional): Results file to write, for the challenge.
        metrics_file (str, optional): JSON file for the values.
        format_only (bool): Only write ``out_file``.
        collect_device, prefix, **kwargs: Those of :class:`BaseMetric`; the
            prefix of the metric names defaults to 'densepose'.

    Raises:
        FileNotFoundError: If there is no annotation file.
        InputError: If an argument or a file is wrong, or a file cannot be
            written.
    """

    default_prefix = PREFIX

    def __init__(self,
                 ann_file: Optional[str] = None,
                 eval_data: Optional[str] = None,
                 mode: str = 'GPSm',
                 mask_resize: str = 'label_linear',
                 quality_weights: Optional[Sequence[float]] = None,
                 out_file: Optional[str] = None,
                 metrics_file: Optional[str] = None,
                 format_only: bool = False,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None,
                 **kwargs: Any) -> None:
        super().__init__(
            collect_device=collect_device, prefix=prefix, **kwargs)
        if format_only and out_file is None:
            raise InputError('format_only needs out_file to write')
        if not format_only and (ann_file is None or eval_data is None):
            raise InputError('ann_file and eval_data are needed unless '
                             'format_only is set')
        for path in (out_file, metrics_file):
            if path is not None and is_main_process():  # the one that writes
                check_writable(path)
        self.quality_weights = quality_weights
        if quality_weights is not None:
            check_weights(quality_weights)
        self.out_file = out_file
        self.metrics_file = metrics_file
        self.format_only = format_only
        self.evaluator: Optional[DensePoseEvaluator] = None
        if not format_only:
            self.evaluator = DensePoseEvaluator(ann_file, eval_data, mode,
                                                mask_resize)

    @property
    def summary_names(self) -> Tuple[str, ...]:
        """Names that the runner gets, with prefix; none to format only."""
        keys = () if self.format_only else METRIC_KEYS
        return tuple(f'{self.prefix}/{key}' for key in keys)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Reduce the model's outputs of one batch.

        Raises an InputError if an image is not the annotated one, the model
        gives no dense pose, or a score is undefined.
        """
        for sample in data_samples:
            image_id = int(sample['img_id'])
            persons = sample.get('pred_instances')
            if not isinstance(persons, ParsingInstances):
                raise TypeError(
                    f'{sample["img_path"]}: pred_instances must be '
                    f'ParsingInstances, not {type(persons).__name__}')
            if self.quality_weights is not None:
                persons = persons.fuse(self.quality_weights)
            records = [
                dict(record, image_id=image_id)
                for record in person_records(persons)
            ]
            # One for each sample, which the evaluator counts.
            entry: Dict[str, Any] = dict(
                image_id=image_id, path=sample['img_path'])
            if self.evaluator is not None:
                self._check_image(image_id, sample)
                entry['statistics'] = self.evaluator.process(image_id, records)
            if self.out_file is not None:
                entry['records'] = list(map(pack_record, records))
            self.results.append(entry)

    def _check_image(self, image_id: int, sample: dict) -> None:
        """Refuse an image that the annotation file has other words for."""
        image = self.evaluator.find_image(image_id)
        expected = os.path.basename(image['file_name'])
        if os.path.basename(sample['img_path']) != expected:
            raise InputError(
                f'{sample["img_path"]} has the image id {image_id}, which is '
                f'another image, {image["file_name"]}, in '
                f'{self.evaluator.ann_file}')
        size = tuple(map(int, sample['ori_shape'][:2]))
        if size != (image['height'], image['width']):
            raise InputError(
                f'{sample["img_path"]} has (height, width) = {size}, but '
                f'{(image["height"], image["width"])} in '
                f'{self.evaluator.ann_file}')

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """The 18 values of all ranks' entries; none to format only.

        An image that a distributed sampler gave out twice counts once. Raises
        an InputError if two images have one id.
        """
        logger = MMLogger.get_current_instance()
        images: Dict[int, dict] = {}
        for entry in results:
            other = images.setdefault(entry['image_id'], entry)
            if other['path'] != entry['path']:
                raise InputError(
                    f'{entry["path"]} and {other["path"]} have the same image '
                    f'id {entry["image_id"]}: test data sets one by one')
        entries = [images[image_id] for image_id in sorted(images)]
        if self.out_file is not None:
            write_submission(
                self.out_file,
                [record for entry in entries for record in entry['records']])
            logger.info(f'Wrote the results to {self.out_file}')
        if self.evaluator is None:
            return {}
        untested = len(self.evaluator.images) - len(entries)
        if untested:
            logger.warning(
                f'{untested} of {len(self.evaluator.images)} annotated images '
                'were not tested and count as images without detections')
        values = self.evaluator.summarize(entry['statistics']
                                          for entry in entries)
        logger.info(f'Metrics {self.prefix}/*\n' +
                    format_metrics(values, self.evaluator.mode))
        if self.metrics_file is not None:
            write_metrics(self.metrics_file, values, self.prefix)
            logger.info(f'Wrote the metrics to {self.metrics_file}')
        return values
