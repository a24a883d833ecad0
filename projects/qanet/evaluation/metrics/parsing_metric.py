# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The metrics of human parsing for OpenMMLab's evaluator."""
import filecmp
import os
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

from mmengine.dist import is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmseg.registry import METRICS

from projects.qanet.structures import ParsingInstances, write_results
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.files import check_writable
from projects.qanet.utils.fusion import check_weights
from ..functional.evaluator import ParsingEvaluator
from ..functional.image_statistics import METRICS as ALL_METRICS
from ..functional.image_statistics import Thresholds
from ..functional.report import (PREFIX, SUMMARIES, SUMMARY_KEYS,
                                 format_tables, write_metrics)
from ..functional.scores import PersonScores

_SEVERAL = ('test data sets one by one, or with a metric for each of them, '
            'mmdet\'s ConcatDataset and its MultiDatasetsEvaluator')


@METRICS.register_module()
class ParsingMetric(BaseMetric):
    """mIoU, AP^p, PCP, AP^r and AP^h of instance-level human parsing.

    Each image is reduced to small statistics at once; only those travel
    between ranks. The values are those that ``eval_parsing.py`` finds in the
    written results file; images that were not tested count as images without
    predictions. The runner gets the headline values
    (:data:`~projects.qanet.evaluation.functional.SUMMARY_KEYS`).

    Data samples have ``img_id``, ``img_path``, ``ori_shape`` (h, w) and
    ``pred_instances``, :class:`~projects.qanet.structures.ParsingInstances`.

    Args:
        ann_file, data_root, img_subdir, protocol, person_cat_ids: Those of
            :class:`~projects.qanet.evaluation.functional.ParsingEvaluator`;
            the first two are not needed with ``format_only``.
        metric (str | Sequence[str]): Which of mIoU, APp, APr, APh. (Not
            ``metrics``, mmengine's name for several metrics.)
        quality_weights (Sequence[float], optional): Weights of the box, IoU
            and pixel score to fuse the model's scores with again.
        nms_thr (float, optional): Parsing IoU of persons found twice.
        box_score_thr (float): Lowest box score in the global map.
        quality_thr (float): Lowest quality score of a counted person.
        out_file (str, optional): Results file to write.
        metrics_file (str, optional): JSON file for all metric values.
        format_only (bool): Only write ``out_file``.
        result_info (dict, optional): ``quality_weights`` and
            ``pixel_score_thr`` of the model, for the results file. Defaults
            to (1, 1, 1) and 0.2.
        collect_device, prefix, **kwargs: Those of :class:`BaseMetric`; the
            prefix of the metric names defaults to 'parsing'.

    Raises:
        FileNotFoundError: If there is no annotation file.
        InputError: If an argument or the annotation file is wrong, or a file
            cannot be written.
    """

    default_prefix = PREFIX

    def __init__(self,
                 ann_file: Optional[str] = None,
                 data_root: Optional[str] = None,
                 img_subdir: str = 'Images',
                 metric: Union[str, Sequence[str]] = ALL_METRICS,
                 protocol: str = 'released',
                 quality_weights: Optional[Sequence[float]] = None,
                 nms_thr: Optional[float] = 0.6,
                 box_score_thr: float = 0.3,
                 quality_thr: float = 0.01,
                 person_cat_ids: Sequence[int] = (1, ),
                 out_file: Optional[str] = None,
                 metrics_file: Optional[str] = None,
                 format_only: bool = False,
                 result_info: Optional[Dict[str, Any]] = None,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None,
                 **kwargs: Any) -> None:
        if 'output_dir' in kwargs:
            raise InputError(
                'output_dir, which mmseg\'s tools/test.py --out sets, would '
                'hold label maps; write the results file by out_file=... or '
                'by --out of the tools/test.py of this project')
        super().__init__(
            collect_device=collect_device, prefix=prefix, **kwargs)
        if format_only and out_file is None:
            raise InputError('format_only needs out_file to write')
        if not format_only and (ann_file is None or data_root is None):
            raise InputError('ann_file and data_root are needed unless '
                             'format_only is set')
        for path in (out_file, metrics_file):
            if path is not None and is_main_process():  # the one that writes
                check_writable(path)
        self.out_file = out_file
        self.metrics_file = metrics_file
        self.format_only = format_only
        self.quality_weights = quality_weights
        self.result_info = dict(
            quality_weights=(1., 1., 1.), pixel_score_thr=0.2)
        for key, value in (result_info or {}).items():
            if key not in self.result_info:
                raise InputError(f'result_info has no key {key!r}, allowed '
                                 f'are {", ".join(self.result_info)}')
            self.result_info[key] = value
        if quality_weights is not None:
            self.result_info['quality_weights'] = quality_weights
        check_weights(self.result_info['quality_weights'])
        self._paths: Dict[int, str] = {}
        self._evaluator: Optional[ParsingEvaluator] = None
        if not format_only:
            # The names of the classes come later, with dataset_meta.
            self._evaluator = ParsingEvaluator(
                ann_file,
                data_root,
                classes=(),
                img_subdir=img_subdir,
                metrics=metric,
                protocol=protocol,
                thresholds=Thresholds(box_score_thr, nms_thr, quality_thr),
                person_cat_ids=person_cat_ids)

    @property
    def classes(self) -> Sequence[str]:
        """Names of all classes, background first."""
        meta = self.dataset_meta
        if meta and isinstance(meta, (list, tuple)):
            meta = meta[0]  # each metric gets its own before it evaluates
        if not meta or 'classes' not in meta:
            raise InputError('ParsingMetric needs dataset_meta with "classes"')
        return meta['classes']

    @property
    def evaluator(self) -> Optional[ParsingEvaluator]:
        """The evaluator with the data set's classes; None to format only."""
        if self._evaluator is not None:
            self._evaluator.classes = tuple(self.classes)
        return self._evaluator

    @property
    def summary_names(self) -> Tuple[str, ...]:
        """Names that the runner gets, with prefix; none to format only."""
        metrics = () if self.format_only else self._evaluator.metrics
        return tuple(f'{self.prefix}/{key}' for metric in metrics
                     for key in SUMMARIES[metric])

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Reduce the model's outputs of one batch.

        Raises an InputError if a prediction does not fit its image or data
        set, or a score is undefined.
        """
        for sample in data_samples:
            image_id = int(sample['img_id'])
            if not self._check_origin(image_id, sample['img_path']):
                # Left to another metric; the evaluator counts the entries.
                self.results.append(dict(image_id=image_id))
                continue
            persons = _take_persons(sample, len(self.classes))
            if self.quality_weights is not None:
                persons = persons.fuse(self.quality_weights)
            entry: Dict[str, Any] = dict(
                image_id=image_id, path=sample['img_path'])
            # With its folder, so that it is one image's alone, if it is known.
            name = os.path.basename(sample['img_path'])
            if not self.format_only:
                name = self._evaluator.find_image(image_id).file_name
                entry.update(self.reduce(sample, persons))
            if self.out_file is not None:
                height, width = map(int, sample['ori_shape'][:2])
                entry['records'] = [
                    dict(record, image_id=image_id)
                    for record in persons.to_records()
                ]
                entry['image'] = dict(
                    id=image_id, file_name=name, width=width, height=height)
            self.results.append(entry)

    def _check_origin(self, image_id: int, path: str) -> bool:
        """Whether an image is to be evaluated; ids alone do not tell."""
        # That of mmdet's MultiDatasetsEvaluator, or a list.
        meta = self.dataset_meta or {}
        several = isinstance(meta, (list, tuple)) or 'cumulative_sizes' in meta
        if not self.format_only and not _is_of(self._evaluator, image_id,
                                               path):
            if several:
                return False
            image = self._evaluator.find_image(image_id)  # names unknown ones
            raise InputError(
                f'{path} has the image id {image_id}, which is another image, '
                f'{image.file_name}, in {self._evaluator.ann_file}: {_SEVERAL}'
            )
        if not several:  # else compute_metrics looks at this data set's part
            _note_path(self._paths, image_id, path)
        return True

    def reduce(self, sample: dict,
               persons: ParsingInstances) -> Dict[str, Any]:
        """What an image's entry has beside its id: ``statistics``."""
        runs = persons.runs()
        scores = PersonScores.from_instances(persons, runs, sample['img_path'])
        image_id = int(sample['img_id'])
        return dict(statistics=self.evaluator.process(image_id, runs, scores))

    def summarize(self, entries: Sequence[Dict[str, Any]]) -> Dict[str, float]:
        """Compute and log the metrics, in percent, without the prefix."""
        values = self.evaluator.summarize(entry['statistics']
                                          for entry in entries)
        MMLogger.get_current_instance().info(
            f'Metrics {self.prefix}/*\n' +
            format_tables(values, self.classes, self.evaluator.protocol))
        return values

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """The headline values of all ranks' entries; none to format only.

        An image that a distributed sampler gave out twice counts once. Raises
        an InputError if two images have one id.
        """
        logger = MMLogger.get_current_instance()
        paths: Dict[int, str] = {}
        for entry in results:
            if 'path' in entry:
                _note_path(paths, entry['image_id'], entry['path'])
        images = {entry['image_id']: entry for entry in results}
        entries = [images[image_id] for image_id in sorted(images)]
        if self.out_file is not None:
            write_results(
                self.out_file,
                [record for entry in entries for record in entry['records']],
                self.classes,
                **self.result_info,
                images=[entry['image'] for entry in entries])
            logger.info(f'Wrote the results to {self.out_file}')
        if self.format_only:
            return {}
        untested = len(self.evaluator.images) - len(entries)
        if untested:
            logger.warning(
                f'{untested} of {len(self.evaluator.images)} annotated images '
                'were not tested and count as images without predictions')
        values = self.summarize(entries)
        if self.metrics_file is not None:
            write_metrics(self.metrics_file, values, self.prefix)
            logger.info(f'Wrote the metrics to {self.metrics_file}')
        return {key: values[key] for key in SUMMARY_KEYS if key in values}


def _take_persons(sample: dict, num_classes: int) -> ParsingInstances:
    persons = sample.get('pred_instances')
    if not isinstance(persons, ParsingInstances):
        raise TypeError(f'{sample["img_path"]}: pred_instances must be '
                        f'ParsingInstances, not {type(persons).__name__}')
    if persons.num_classes != num_classes:
        raise InputError(f'{sample["img_path"]}: the model predicts '
                         f'{persons.num_classes} classes, the data set has '
                         f'{num_classes}')
    return persons


def _is_same_image(path: str, other: str) -> bool:
    """Whether two paths, or the contents of two files, are equal."""
    if os.path.abspath(path) == os.path.abspath(other):
        return True
    # Not by size and time alone: an unpacked archive has equal times.
    return (os.path.isfile(path) and os.path.isfile(other)
            and filecmp.cmp(path, other, shallow=False))


def _is_of(evaluator: ParsingEvaluator, image_id: int, path: str) -> bool:
    """Whether an image is that of the id, or a copy; without files by name."""
    if image_id not in evaluator.images:
        return False
    own = evaluator.image_path(image_id)
    if os.path.isfile(own) and os.path.isfile(path):
        return _is_same_image(own, path)
    return os.path.basename(own) == os.path.basename(path)


def _note_path(paths: Dict[int, str], image_id: int, path: str) -> None:
    """Note the path of an id; refuse an id that is another image's already."""
    other = paths.setdefault(image_id, path)
    if not _is_same_image(path, other):
        raise InputError(f'{path} and {other} have the same image id '
                         f'{image_id}: {_SEVERAL}')
