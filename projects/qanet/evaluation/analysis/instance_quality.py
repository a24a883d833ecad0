# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Do other scores for the same instance masks give a better mask AP?

Instance segmentation results whose masks stay as they are while their scores
are exchanged. Needs pycocotools beside numpy; nothing else of this package
imports it.
"""
import contextlib
import io
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import numpy as np
from pycocotools import mask as mask_utils
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.fusion import quality_score
from .correlation import spearman

#: From this true IoU on a mask is a hit for AP50.
HIT_IOU = .5


class _CachedEval(COCOeval):
    """COCO's evaluation with mask IoUs that are known already.

    Args:
        truth (COCO): Ground truth.
        results (COCO): Results, numbered from 1 in the order of the records.
        ious (dict): Per image and category, records (D,) and their IoUs with
            the ground truth (D, G).
    """

    def __init__(
            self, truth: COCO, results: COCO,
            ious: Mapping[Tuple[int, int], Tuple[np.ndarray,
                                                 np.ndarray]]) -> None:
        super().__init__(truth, results, 'segm')
        self.known = ious
        self.params.areaRng = [[0, 1e10]]
        self.params.areaRngLbl = ['all']
        self.params.maxDets = [100]

    def computeIoU(self, imgId: int, catId: int) -> Any:
        """IoUs of one image and category, best scores first, (D, G)."""
        if (imgId, catId) not in self.known:
            return []
        ious = self.known[imgId, catId][1]
        scores = [-dt['score'] for dt in self._dts[imgId, catId]]
        order = np.argsort(scores, kind='mergesort')
        return ious[order[:self.params.maxDets[-1]]]


class MaskRanking:
    """Instance masks and the ground truth that their scores must find.

    Args:
        truth (COCO): Ground truth with masks.
        records (Sequence[dict]): COCO results: ``image_id``, ``category_id``,
            ``segmentation`` (run-length code) and whatever else.

    Raises:
        InputError: If there is no result, or one is of an image or category
            that the ground truth does not have.

    Attributes:
        true_ious (np.ndarray): Largest mask IoU of each result with an
            instance of its class in its image, crowds left out, 0 without
            one, (N,) float64.
    """

    def __init__(self, truth: COCO, records: Sequence[Dict[str, Any]]) -> None:
        if not records:
            raise InputError('there is no result to evaluate')
        self._truth = truth
        self._records = [
            dict(
                image_id=record['image_id'],
                category_id=record['category_id'],
                segmentation=record['segmentation']) for record in records
        ]
        self._check()
        self._ious = self._measure()
        self.true_ious = np.zeros(len(records))
        for (image, category), (rows, ious) in self._ious.items():
            real = [not gt['iscrowd'] for gt in self._find(image, category)]
            if any(real):
                self.true_ious[rows] = ious[:, real].max(axis=1)

    def _check(self) -> None:
        """Refuse results that the ground truth knows nothing about."""
        for key, known in (('image_id', self._truth.imgs), ('category_id',
                                                            self._truth.cats)):
            wrong = {record[key] for record in self._records} - set(known)
            if wrong:
                raise InputError(f'results with {key} {min(wrong)}, which the '
                                 'ground truth does not have')

    def _find(self, image: int, category: int) -> List[Dict[str, Any]]:
        """Ground truth of an image and category in COCO's order."""
        ids = self._truth.getAnnIds(imgIds=[image], catIds=[category])
        return self._truth.loadAnns(ids)

    def _measure(self) -> Dict[Tuple[int, int], Tuple[np.ndarray, np.ndarray]]:
        """IoUs per image and category, results in the order of the file."""
        rows: Dict[Tuple[int, int], List[int]] = {}
        for k, record in enumerate(self._records):
            key = (record['image_id'], record['category_id'])
            rows.setdefault(key, []).append(k)
        ious = {}
        for key, found in rows.items():
            truth = self._find(*key)
            masks = [self._records[k]['segmentation'] for k in found]
            values = mask_utils.iou(masks,
                                    [self._truth.annToRLE(gt) for gt in truth],
                                    [int(gt['iscrowd']) for gt in truth])
            # Without ground truth it is an empty list.
            values = np.reshape(values, (len(found), len(truth)))
            ious[key] = (np.array(found), values)
        return ious

    def average_precision(self, scores: np.ndarray) -> Dict[str, float]:
        """Mask AP when the results have these scores.

        Args:
            scores (np.ndarray): Score of each result, (N,).

        Returns:
            dict[str, float]: ``AP`` (IoU .5:.95), ``AP50`` and ``AP75`` of
            COCO, percent; NaN without any ground truth.

        Raises:
            InputError: If there are not as many scores as results or one is
                not a number.
        """
        scores = np.asarray(scores, np.float64)
        if scores.shape != (len(self._records), ) or np.isnan(scores).any():
            raise InputError(f'{len(self._records)} results need as many '
                             f'scores, none NaN, got {scores.shape}')
        records = [
            dict(record, score=float(score))
            for record, score in zip(self._records, scores)
        ]
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints
            evaluation = _CachedEval(self._truth, self._truth.loadRes(records),
                                     self._ious)
            evaluation.evaluate()
            evaluation.accumulate()
        precision = evaluation.eval['precision'][..., 0, 0]  # (T, R, K)
        thrs = np.round(evaluation.params.iouThrs, 2)
        chosen = dict(AP=thrs > 0, AP50=thrs == .5, AP75=thrs == .75)
        return {
            name: _mean(precision[rows][precision[rows] > -1]) * 100
            for name, rows in chosen.items()
        }


def name_weights(gamma: float) -> str:
    """How weights (1, 0, gamma) are written, e.g. ``'(1, 0, 0.5)'``."""
    return f'(1, 0, {gamma:g})'


def make_scorings(
    box_scores: np.ndarray,
    pixel_scores: Mapping[str, np.ndarray],
    true_ious: np.ndarray,
    gammas: Sequence[float] = (1., )
) -> Dict[str, np.ndarray]:
    """All the ways in which the same masks are scored.

    Args:
        box_scores (np.ndarray): Box or class scores, (N,).
        pixel_scores (Mapping[str, np.ndarray]): (N,) for each form of the
            pixel score. A form ``'maskness'`` is SOLO's own: the model's own
            score is then box score times maskness, else the box score.
        true_ious (np.ndarray): True mask IoUs, (N,).
        gammas (Sequence[float]): Weights of the pixel score beside (1, 0).
            Defaults to (1.,).

    Returns:
        dict[str, np.ndarray]: Scores (N,) by name, ``'own score'`` first and
        last ``'true IoU'``: QAM with a perfect pixel score, the most that
        it could gain.
    """
    ones = np.ones_like(box_scores)
    forms = dict(pixel_scores)
    maskness = forms.pop('maskness', None)
    scorings = {'own score': np.asarray(box_scores, np.float64)}
    if maskness is not None:
        scorings['own score'] = box_scores * maskness
        scorings['box score only'] = np.asarray(box_scores, np.float64)

    def fuse(pixels: np.ndarray, gamma: float) -> np.ndarray:
        scores = (
            values.astype(np.float32) for values in (box_scores, ones, pixels))
        return quality_score(*scores, (1, 0, gamma)).astype(np.float64)

    for form, pixels in forms.items():
        for gamma in gammas:
            scorings[f'{form} {name_weights(gamma)}'] = fuse(pixels, gamma)
    scorings['true IoU'] = fuse(true_ious, 1)
    return scorings


def correlate(scores: np.ndarray, true_ious: np.ndarray) -> Dict[str, float]:
    """How well scores agree with the true IoU.

    Args:
        scores (np.ndarray): (N,).
        true_ious (np.ndarray): (N,).

    Returns:
        dict[str, float]: Spearman's and Pearson's correlation over all
        masks, ``spearman`` and ``pearson``, and over hits alone (true IoU of
        at least .5), ``spearman_hits`` and ``pearson_hits``. NaN where there
        is no order to agree on.
    """
    hits = true_ious >= HIT_IOU
    return dict(
        spearman=spearman(scores, true_ious),
        pearson=_pearson(scores, true_ious),
        spearman_hits=spearman(scores[hits], true_ious[hits]),
        pearson_hits=_pearson(scores[hits], true_ious[hits]))


def _pearson(first: np.ndarray, second: np.ndarray) -> float:
    pair = np.stack([first, second]).astype(np.float64)
    if pair.shape[1] < 2:
        return float('nan')
    pair -= pair.mean(axis=1, keepdims=True)
    spread = np.sqrt((pair**2).sum(axis=1)).prod()
    return float(
        (pair[0] * pair[1]).sum() / spread) if spread else float('nan')


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else float('nan')
