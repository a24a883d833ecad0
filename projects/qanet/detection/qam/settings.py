# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""What the heads of this room share: settings, and the scores they write."""
from dataclasses import dataclass, fields
from typing import Any, Dict, Optional, Sequence

import torch
from mmengine.structures import InstanceData
from torch import Tensor

from projects.qanet.quality import mask_pixel_score
from projects.qanet.utils.errors import InputError
from projects.qanet.utils.fusion import check_weights, quality_score

MODES = ('stability', 'mean')
SCORE_KEYS = ('scores', 'mask_scores')


@dataclass(frozen=True)
class MaskQuality:
    """A head's ``quality=dict(...)``: how masks are scored (Equation 1).

    Args:
        weights (Sequence[float], optional): Exponents of the box, IoU and
            pixel score. None stores the pixel score and leaves the fusion to
            a later head.
        mode (str): Form of the pixel score, ``'stability'`` (released) or
            ``'mean'`` (Algorithm 1), see ``docs/protocol.md``, section 5.
        thr (float): Its threshold, below .5 for ``'stability'``.
        score_key (str): Field for the quality score. ``'scores'`` sorts the
            instances by it. ``'mask_scores'`` leaves ``scores`` and the order
            as they were; mmdet's evaluators then rank masks by quality and
            boxes by box score.

    Raises an InputError if a value is not allowed.
    """
    weights: Optional[Sequence[float]] = (1., 0., 1.)
    mode: str = 'stability'
    thr: float = 0.25
    score_key: str = 'scores'

    def __post_init__(self) -> None:
        if self.weights is not None:
            check_weights(self.weights)
        limit = .5 if self.mode == 'stability' else 1.
        span = f'[0, {limit:g}) with mode={self.mode!r}'
        rules = [('mode', self.mode in MODES, MODES),
                 ('thr', 0 <= self.thr < limit, span),
                 ('score_key', self.score_key in SCORE_KEYS, SCORE_KEYS)]
        for name, fits, allowed in rules:
            if not fits:
                raise InputError(f'quality: {name} must be in {allowed}, but '
                                 f'got {getattr(self, name)!r}')

    @classmethod
    def from_config(cls, config: Optional[Dict[str, Any]],
                    has_iou: bool) -> Optional['MaskQuality']:
        """Read the ``quality`` argument of a head; None switches QAM off.

        A head with IoU scores fuses, and leaves the pixel score to another
        one. Raises an InputError if an item is unknown or not allowed.
        """
        if config is None:
            return None
        allowed = [field.name for field in fields(cls)]
        for name in set(config) - set(allowed):
            raise InputError(f'quality has no {name!r}; it takes '
                             f'{", ".join(allowed)}')
        if not has_iou:
            quality = cls(**config)
            if quality.weights and quality.weights[1] > 0:
                raise InputError(
                    'quality: the second of the weights must be 0, there is '
                    f'no IoU score in this head, but got {quality.weights}')
            return quality
        for key in {'mode', 'thr'} & set(config):
            raise InputError(f'quality: {key} belongs to the mask head, '
                             'which computes the pixel score')
        quality = cls(**dict(dict(weights=(1., 1., 1.)), **config))
        if quality.weights is None:
            raise InputError('quality: weights of the mask IoU head must '
                             'be three numbers, no head fuses after it')
        return quality

    def pixel_scores(self, probs: Tensor) -> Tensor:
        """Scores (N,), float32, of probabilities (N, h, w) on any grid."""
        return mask_pixel_score(probs, thr=self.thr, mode=self.mode)

    def store(self,
              results: InstanceData,
              box_scores: Tensor,
              pixel_scores: Tensor,
              iou_scores: Optional[Tensor] = None) -> Optional[Tensor]:
        """Write the ingredients and their fusion into an image's results.

        The fields are ``bbox_scores``, ``pixel_scores``, ``iou_scores``
        (clamped to [0, 1]) if there are any, all (N,), and the ``score_key``;
        without weights ``pixel_scores`` alone. Gives the order in which the
        instances belong, best first, int64 (N,), equal scores in the order
        they have; None if they stay as they are.
        """
        results.pixel_scores = pixel_scores
        if self.weights is None:
            return None
        results.bbox_scores = box_scores
        if iou_scores is None:
            iou_scores = torch.ones_like(box_scores)
        else:
            iou_scores = results.iou_scores = iou_scores.clamp(0, 1)
        fused = quality_score(box_scores, iou_scores, pixel_scores,
                              self.weights)
        results.set_field(fused, self.score_key)
        if self.score_key != 'scores':
            return None
        return fused.argsort(descending=True, stable=True)


class QualityHead:
    """What turns a plain head into one with QAM.

    Beside the plain head's arguments it takes ``quality``, the items of
    :class:`MaskQuality`; None switches QAM off.
    """
    has_iou = False  # whether it predicts IoU scores

    def __init__(self,
                 *args: Any,
                 quality: Optional[Dict[str, Any]] = dict(),
                 **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.quality = MaskQuality.from_config(quality, self.has_iou)
