# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The threshold of the pixel score, several at a time."""
import copy
from typing import Any, Dict, List, Sequence

import numpy as np
from mmengine.logging import MMLogger
from mmseg.registry import METRICS

from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError
from ..functional.image_statistics import ImageStatistics, image_statistics
from ..functional.report import format_table, format_value
from ..functional.scores import PersonScores, fuse_quality, read_scores
from .parsing_metric import ParsingMetric

# mIoU knows no quality score, so it is the same at every threshold.
_RANKED_METRICS = ('APp', 'APr', 'APh')
_COLUMNS = ('APp', 'APp_50', 'PCP_50', 'APr', 'APr_50', 'APh')


@METRICS.register_module()
class PixelThresholdMetric(ParsingMetric):
    """The metrics of human parsing, and a row of them for each threshold.

    The threshold table of the paper (Section 4.2) from one pass over the
    data: the model scores each person at every threshold ``T`` from the same
    pasted probabilities, and an image's masks are compared with the truth
    once. ``tools/test.py --pixel-score-thrs`` sets it up.

    At T = 0 a part's score is the mean over all pixels that its class wins
    (PROTOCOL 5); the row of the paper averaged over the whole canvas.

    Required keys of the data samples: those of :class:`ParsingMetric` and
    ``pred_instances_by_thr``, which :class:`QualityAwareModule` asks for with
    ``extra_pixel_score_thrs``.

    Besides the metrics of :class:`ParsingMetric` there are, for each ``T``,
    ``APp.T<T>``, ``APp_50.T<T>``, ``PCP_50.T<T>``, ``APr.T<T>``,
    ``APr_50.T<T>`` and ``APh.T<T>``, such as ``parsing/APr.T0.2``.

    Args:
        *args: Those of :class:`ParsingMetric`.
        pixel_score_thrs (Sequence[float]): The thresholds, at least one.
        **kwargs: Those of :class:`ParsingMetric`.

    Raises:
        InputError: If there is no threshold.
    """

    def __init__(self, *args: Any, pixel_score_thrs: Sequence[float],
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not pixel_score_thrs:
            raise InputError('pixel_score_thrs must name a threshold')
        self.pixel_score_thrs = tuple(float(t) for t in pixel_score_thrs)

    def reduce(self, sample: dict,
               records: Sequence[Dict[str, Any]]) -> Dict[str, Any]:
        """Reduce one image to its statistics at all thresholds.

        Args:
            sample (dict): Output of the model.
            records (Sequence[dict]): Its persons as records.

        Returns:
            dict: ``statistics`` and ``statistics_by_thr``, a list.

        Raises:
            InputError: If the model has not scored at a threshold.
        """
        by_thr = sample.get('pred_instances_by_thr') or {}
        missing = [t for t in self.pixel_score_thrs if t not in by_thr]
        if missing:
            raise InputError(
                f'{sample["img_path"]}: the model gives no scores at the '
                f'pixel thresholds {missing}; set model.post_processor.'
                'extra_pixel_score_thrs')
        if not records:  # nothing to score: the same at all thresholds
            entry = super().reduce(sample, records)
            same = [entry['statistics']] * len(self.pixel_score_thrs)
            return dict(entry, statistics_by_thr=same)
        evaluator = self.evaluator
        overlaps = evaluator.measure(sample['img_id'], records)

        def reduced(scores: PersonScores,
                    metrics: Sequence[str]) -> ImageStatistics:
            return image_statistics(overlaps, scores, evaluator.protocol,
                                    evaluator.thresholds, tuple(metrics))

        return dict(
            statistics=reduced(
                read_scores(records, len(self.classes)), evaluator.metrics),
            statistics_by_thr=[
                reduced(self._scores(by_thr[t]), self._ranked_metrics)
                for t in self.pixel_score_thrs
            ])

    @property
    def _ranked_metrics(self) -> List[str]:
        return [
            key for key in _RANKED_METRICS if key in self.evaluator.metrics
        ]

    def _scores(self, persons: ParsingInstances) -> PersonScores:
        """Scores at one threshold, fused again if weights are given."""
        boxes = np.nan_to_num(persons.bbox_scores.astype(np.float64), nan=1.)
        if self.quality_weights is None:
            return PersonScores(boxes, persons.scores.astype(np.float64),
                                persons.part_scores.astype(np.float64))
        ious = np.nan_to_num(persons.iou_scores, nan=1.)
        return PersonScores(
            boxes,
            *(fuse_quality(boxes, ious, pixels, self.quality_weights)
              for pixels in (persons.pixel_scores, persons.part_pixel_scores)))

    def summarize(self, entries: Sequence[Dict[str, Any]]) -> Dict[str, float]:
        """Compute and log the metrics, and those at each threshold.

        Args:
            entries (Sequence[dict]): One for each image.

        Returns:
            dict[str, float]: In percent, NaN where undefined.
        """
        values = super().summarize(entries)
        if not self._ranked_metrics:
            return values
        evaluator = copy.copy(self.evaluator)
        evaluator.metrics = tuple(self._ranked_metrics)
        rows = []
        for k, thr in enumerate(self.pixel_score_thrs):
            found = evaluator.summarize(entry['statistics_by_thr'][k]
                                        for entry in entries)
            keys = [key for key in _COLUMNS if key in found]
            rows.append(
                [f'{thr:g}', *(format_value(found, key) for key in keys)])
            values.update({f'{key}.T{thr:g}': found[key] for key in keys})
        MMLogger.get_current_instance().info(
            'Threshold T of the pixel score\n' +
            format_table(['T', *keys], rows))
        return values
