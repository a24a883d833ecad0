# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""The threshold of the pixel score, several at a time."""
import copy
from typing import Any, Dict, Sequence, Tuple

from mmengine.logging import MMLogger
from mmseg.registry import METRICS

from projects.qanet.structures import ParsingInstances
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.tables import format_table
from ..functional.image_statistics import ImageStatistics, reduce_image
from ..functional.report import format_value
from ..functional.scores import PersonScores
from .parsing_metric import ParsingMetric

_COLUMNS = ('APp', 'APp_50', 'PCP_50', 'APr', 'APr_50', 'APh')


@METRICS.register_module()
class PixelThresholdMetric(ParsingMetric):
    """The metrics of human parsing, and a row of them for each threshold.

    The threshold table of the paper (Section 4.2) from one pass over the
    data: the model scores each person at every threshold ``T``, see
    ``extra_pixel_score_thrs`` of :class:`QualityAwareModule`, and leaves these
    scores in ``by_thr``. ``tools/test.py --pixel-score-thrs`` sets it up.

    The printed table and ``metrics_file`` also have ``APp.T<T>``,
    ``APp_50.T<T>``, ``PCP_50.T<T>``, ``APr.T<T>``, ``APr_50.T<T>`` and
    ``APh.T<T>``, such as ``parsing/APr.T0.2``. At T = 0 a part's score is the
    mean over all pixels that its class wins (``docs/protocol.md``, section 5);
    the row of the paper averaged over the whole canvas.

    Args:
        *args, **kwargs: Those of :class:`ParsingMetric`.
        pixel_score_thrs (Sequence[float]): The thresholds, at least one, in
            [0, 1]; an InputError refuses others.
    """

    def __init__(self, *args: Any, pixel_score_thrs: Sequence[float],
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        try:
            thrs = tuple(map(float, pixel_score_thrs))
        except (TypeError, ValueError):
            thrs = ()
        if not thrs or not all(0 <= t <= 1 for t in thrs):
            raise InputError('pixel_score_thrs must name thresholds in [0, 1],'
                             f' at least one, not {pixel_score_thrs!r}')
        self.pixel_score_thrs = thrs

    def reduce(self, sample: dict,
               persons: ParsingInstances) -> Dict[str, Any]:
        """Reduce one image at all thresholds, also ``statistics_by_thr``."""
        thrs = self.pixel_score_thrs
        if len(persons) == 0:  # nothing to score: the same at all thresholds
            entry = super().reduce(sample, persons)
            return dict(
                entry, statistics_by_thr=[entry['statistics']] * len(thrs))
        missing = [t for t in thrs if t not in persons.by_thr]
        if missing:
            raise InputError(
                f'{sample["img_path"]}: the model gives no scores at the '
                f'pixel thresholds {missing}; set model.post_processor.'
                'extra_pixel_score_thrs')
        evaluator, path, runs = self.evaluator, sample[
            'img_path'], persons.runs()
        overlaps = evaluator.measure(int(sample['img_id']), runs)

        def reduced(scored: ParsingInstances,
                    metrics: Tuple[str, ...]) -> ImageStatistics:
            return reduce_image(
                overlaps, PersonScores.from_instances(scored, runs, path),
                evaluator.protocol, evaluator.thresholds, metrics)

        return dict(
            statistics=reduced(persons, evaluator.metrics),
            statistics_by_thr=[
                reduced(persons.by_thr[t], self._ranked_metrics) for t in thrs
            ])

    @property
    def _ranked_metrics(self) -> Tuple[str, ...]:
        """All but mIoU, which is the same at every threshold."""
        return tuple(set(self.evaluator.metrics) - {'mIoU'})

    def summarize(self, entries: Sequence[Dict[str, Any]]) -> Dict[str, float]:
        """Compute and log the metrics, and those at each threshold."""
        values = super().summarize(entries)
        if not self._ranked_metrics:
            return values
        evaluator = copy.copy(self.evaluator)
        evaluator.metrics = self._ranked_metrics
        rows = []
        for k, thr in enumerate(self.pixel_score_thrs):
            found = evaluator.summarize(entry['statistics_by_thr'][k]
                                        for entry in entries)
            keys = [key for key in _COLUMNS if key in found]
            cells = [format_value(found, key) for key in keys]
            rows.append([f'{thr:g}', *cells])
            values.update({f'{key}.T{thr:g}': found[key] for key in keys})
        text = ('Threshold T of the pixel score\n' +
                format_table(['T', *keys], rows))
        if 0 in self.pixel_score_thrs:
            text += ('\nT = 0: a part is averaged over the pixels that its '
                     'class wins. The paper averages over the whole canvas '
                     'there, so its 47.5 / 42.2 (AP^p / AP^r) cannot be '
                     'compared')
        MMLogger.get_current_instance().info(text)
        return values
