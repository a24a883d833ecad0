# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""mmdet's metrics for results with quality scores."""
from typing import Dict, Sequence

from mmdet.evaluation.metrics import CocoMetric, LVISMetric
from mmdet.registry import METRICS
from mmengine.fileio import dump, load

# Keys of the records in the results file; with an s, fields of the results.
INGREDIENTS = ('bbox_score', 'iou_score', 'pixel_score')


class QualityMetricMixin:
    """Boxes are ranked by box score, masks by quality score.

    Plain metrics rank both by ``scores``. With ``outfile_prefix`` the
    records of ``<prefix>.segm.json`` also carry the INGREDIENTS that there
    are, for ``tools/analysis_tools/rescore_instances.py``. Results without
    quality scores are treated as by the plain metric.
    """

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Take in predictions with the fields of :meth:`MaskQuality.store`."""
        start = len(self.results)
        super().process(data_batch, data_samples)
        for sample, (_, result) in zip(data_samples, self.results[start:]):
            fields = sample['pred_instances']
            result['ingredients'] = {
                key: fields[f'{key}s'].cpu().numpy()
                for key in INGREDIENTS if f'{key}s' in fields
            }
            if 'bbox_score' in result['ingredients']:
                result.setdefault('mask_scores', result['scores'])
                result['scores'] = result['ingredients']['bbox_score']

    def results2json(self, results: Sequence[dict],
                     outfile_prefix: str) -> Dict[str, str]:
        files = super().results2json(results, outfile_prefix)
        # A file that is deleted after the evaluation needs no ingredients.
        if self.outfile_prefix is not None and 'segm' in files:
            records = load(files['segm'])
            position = iter(records)  # in the order of the results
            for result in results:
                for i in range(len(result['labels'])):
                    record = next(position)
                    for key, values in result['ingredients'].items():
                        record[key] = float(values[i])
            dump(records, files['segm'])
        return files


@METRICS.register_module()
class QualityCocoMetric(QualityMetricMixin, CocoMetric):
    """COCO's metric with quality scores, see :class:`QualityMetricMixin`."""


@METRICS.register_module()
class QualityLVISMetric(QualityMetricMixin, LVISMetric):
    """LVIS's metric with quality scores, see :class:`QualityMetricMixin`."""
