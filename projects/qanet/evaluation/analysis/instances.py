# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Do other scores for the same instance masks give a better mask AP?"""
import contextlib
import io
import math
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.fusion import quality_score
from projects.qanet.utils.tables import format_table
from .samples import pearson, spearman

#: From this true IoU on a mask is a hit for AP50.
HIT_IOU = .5
METRICS = ('AP', 'AP50', 'AP75')
_FIGURES = ('Spearman', 'Pearson', 'Spearman, hits', 'Pearson, hits')


class MaskRanking:
    """N instance masks and the ground truth that their scores must find.

    ``true_ious`` are their largest mask IoUs with an instance of the same
    class and image, crowds left out, 0 without one, (N,) float64.
    """

    def __init__(self, truth: COCO, records: Sequence[Dict[str, Any]]) -> None:
        if not records:
            raise InputError('there is no result to evaluate')
        for key, known in (('image_id', truth.imgs), ('category_id',
                                                      truth.cats)):
            wrong = {record[key] for record in records} - set(known)
            if wrong:
                raise InputError(f'results with {key} {min(wrong)}, which the '
                                 'ground truth does not have')
        keys = ('image_id', 'category_id', 'segmentation')
        plain = [{key: record[key] for key in keys} for record in records]
        with _silence():
            self._results = truth.loadRes(plain)
        self._truth = truth
        self.true_ious = np.zeros(len(records))
        # Of equal scores, results stay in the order of the records.
        evaluation = self._evaluate(self.true_ious, len(records))
        for (image, category), ious in evaluation.ious.items():
            where = dict(imgIds=[image], catIds=[category])
            rows = np.array(self._results.getAnnIds(**where), int) - 1
            found = truth.loadAnns(truth.getAnnIds(**where))
            real = [not instance['iscrowd'] for instance in found]
            if len(rows) and any(real):
                self.true_ious[rows] = ious[:, real].max(axis=1)

    def _evaluate(self, scores: np.ndarray, max_dets: int) -> COCOeval:
        for number, score in enumerate(scores.tolist(), 1):
            self._results.anns[number]['score'] = score
        evaluation = COCOeval(self._truth, self._results, 'segm')
        evaluation.params.maxDets = [1, 10, max_dets]
        with _silence():
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        return evaluation

    def average_precision(self, scores: np.ndarray) -> Dict[str, float]:
        """COCO's AP (IoU .5:.95), AP50 and AP75 with these scores (N,).

        Percent; NaN without any ground truth.
        """
        scores = np.asarray(scores, np.float64)
        if scores.shape != self.true_ious.shape or np.isnan(scores).any():
            raise InputError(f'{len(self.true_ious)} results need as many '
                             f'scores, none NaN, got {scores.shape}')
        stats = self._evaluate(scores, max_dets=100).stats[:3]
        values = np.where(stats < 0, np.nan, 100 * stats)
        return dict(zip(METRICS, values.tolist()))


def _silence() -> Any:
    """pycocotools prints."""
    return contextlib.redirect_stdout(io.StringIO())


def correlate(scores: np.ndarray, true_ious: np.ndarray) -> Dict[str, float]:
    """Correlations over all masks and over hits alone, by name."""
    hits = true_ious >= HIT_IOU
    return {
        f'{measure.__name__}{suffix}': measure(scores[chosen],
                                               true_ious[chosen])
        for suffix, chosen in (('', hits | True), ('_hits', hits))
        for measure in (spearman, pearson)
    }


def evaluate_run(
    truth: COCO,
    records: Sequence[Dict[str, Any]],
    box_scores: np.ndarray,
    pixel_scores: Mapping[str, np.ndarray],
    gammas: Sequence[float] = (1., )
) -> Dict[str, Any]:
    """Score the masks of one network in several ways.

    The first is ``'own score'``; the last, ``'true IoU'``, is QAM with a
    perfect pixel score, the most that it could gain.

    Args:
        truth (COCO): Ground truth with masks.
        records (Sequence[dict]): N COCO results with masks.
        box_scores (np.ndarray): Box or class scores, (N,).
        pixel_scores (Mapping[str, np.ndarray]): Pixel scores, (N,) for each
            form. A form ``'maskness'`` is SOLO's own: the model's own score
            is then box score times maskness, else the box score.
        gammas (Sequence[float]): Weights of the pixel score beside (1, 0).

    Returns:
        dict: ``count`` of results and of ``hits`` (true IoU of at least .5);
        ``AP`` and ``gain`` over the own score, scoring -> metric -> percent;
        ``correlation`` with the true IoU, score -> ``spearman``, ``pearson``,
        and with the suffix ``_hits`` over hits alone. NaN is undefined.

    Raises an InputError if there is no result, one is of an image or category
    that the ground truth does not have, or a score is missing.
    """
    ranking = MaskRanking(truth, records)
    ious, box_scores = ranking.true_ious, np.asarray(box_scores, np.float64)

    def fuse(pixels: np.ndarray, gamma: float) -> np.ndarray:
        parts = np.float32([box_scores, np.ones_like(box_scores), pixels])
        return quality_score(*parts, (1, 0, gamma)).astype(np.float64)

    forms = dict(pixel_scores)
    scorings = {'own score': box_scores}
    if 'maskness' in forms:
        scorings['own score'] = box_scores * forms.pop('maskness')
        scorings['box score only'] = box_scores
    correlated = dict(scorings)
    for form, pixels in pixel_scores.items():
        correlated[f'pixel score, {form}'] = np.asarray(pixels)
    for form, pixels in forms.items():
        for gamma in gammas:
            name = f'{form} (1, 0, {gamma:g})'
            scorings[name] = fuse(pixels, gamma)
            if gamma == 1:
                correlated[f'QAM, {name}'] = scorings[name]
    scorings['true IoU'] = fuse(ious, 1)
    precisions = {
        name: ranking.average_precision(scores)
        for name, scores in scorings.items()
    }
    own = precisions['own score']
    return dict(
        count=len(records),
        hits=int((ious >= HIT_IOU).sum()),
        AP=precisions,
        gain={
            name: {
                key: metrics[key] - own[key]
                for key in METRICS
            }
            for name, metrics in precisions.items() if name != 'own score'
        },
        correlation={
            name: correlate(scores, ious)
            for name, scores in correlated.items()
        })


def aggregate(runs: Sequence[Any]) -> Any:
    """Bring equal documents of several runs together, number by number.

    Each number in the nested dictionaries becomes ``mean``, ``std`` (of the
    sample, so NaN for a single run) and ``values``.

    Examples:
        >>> aggregate([dict(AP=30.), dict(AP=34.)])['AP']['mean']
        32.0
    """
    if isinstance(runs[0], Mapping):
        return {key: aggregate([run[key] for run in runs]) for key in runs[0]}
    values = [float(value) for value in runs]
    std = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return dict(mean=float(np.mean(values)), std=std, values=values)


def format_study(models: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the tables of a study in Markdown.

    ``models`` are what :func:`aggregate` made of the runs of each. The tables
    are the mask AP by scoring, with the gain over the model's own score, and
    the correlations with the true IoU.
    """
    blocks: List[str] = []
    for model, summary in models.items():
        rows = []
        for name, metrics in summary['AP'].items():
            rows.append([name])
            for metric in METRICS:
                gain = summary['gain'].get(name, {}).get(metric)
                rows[-1] += [
                    _cell(metrics[metric], '.2f'),
                    _cell(gain, '.2f', '+') if gain else ''
                ]
        blocks += [
            f'## {model}', f'{len(summary["count"]["values"])} runs, '
            f'{summary["count"]["mean"]:.0f} masks each on average, '
            f'{summary["hits"]["mean"]:.0f} of them with a true IoU of at '
            f'least {HIT_IOU}. Mean ± standard deviation over the runs; gains '
            'are differences within a run, against the own score.',
            format_table([
                'masks ranked by', *(word for metric in METRICS
                                     for word in (metric, 'gain'))
            ], rows, True),
            format_table(
                ['correlation with the true IoU', *_FIGURES],
                [[name, *(_cell(value, '.3f') for value in values.values())]
                 for name, values in summary['correlation'].items()], True)
        ]
    return '\n\n'.join(blocks) + '\n'


def _cell(value: Mapping[str, float], digits: str, sign: str = '') -> str:
    if math.isnan(value['mean']):
        return '-'
    text = f'{value["mean"]:{sign}{digits}}'
    if math.isnan(value['std']):
        return text
    return f'{text} ± {value["std"]:{digits}}'
