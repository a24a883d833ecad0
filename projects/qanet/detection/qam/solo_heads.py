# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""SOLO heads that score their masks, without new weights."""
from typing import Any, Callable, Optional

import torch.nn.functional as F
from mmdet.models.dense_heads import (DecoupledSOLOHead,
                                      DecoupledSOLOLightHead, SOLOHead,
                                      SOLOV2Head)
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .settings import QualityHead


class FirstInterpolation(TorchFunctionMode):
    """Keeps what :func:`torch.nn.functional.interpolate` is first given.

    mmdet's SOLO heads return binary masks only, but enlarge the probabilities
    of those that survived Matrix NMS.
    """
    input: Optional[Tensor] = None

    def __torch_function__(self,
                           func: Callable,
                           types: tuple,
                           args: tuple = (),
                           kwargs: Optional[dict] = None) -> Any:
        kwargs = kwargs or {}
        if func is F.interpolate and self.input is None:
            self.input = args[0] if args else kwargs['input']
        return func(*args, **kwargs)


class QualitySOLOMixin(QualityHead):
    """Quality scores for SOLO and SOLOv2.

    These multiply the *maskness*, the mean probability inside the mask, into
    the class score before Matrix NMS. It is a pixel score itself and must not
    count twice: the box score of Equation 1 is the final score divided by the
    maskness, that is the class score after the decay of Matrix NMS.
    Probabilities are those on the mask head's grid, a quarter of the image.
    The masks and which of them survive stay as they were.
    """

    def _predict_by_feat_single(self,
                                *args: Any,
                                cfg: Optional[Any] = None,
                                **kwargs: Any) -> InstanceData:
        predict = super()._predict_by_feat_single
        if self.quality is None:
            return predict(*args, cfg=cfg, **kwargs)
        with FirstInterpolation() as seen:
            results = predict(*args, cfg=cfg, **kwargs)
        if len(results) == 0:
            probs = results.masks.new_zeros(
                0, 1, 1, dtype=results.scores.dtype)
        elif seen.input is None or seen.input.shape[:2] != (1, len(results)):
            raise RuntimeError(
                f'{type(self).__name__} did not see the probabilities of the '
                'masks; does this release of mmdet predict in another way?')
        else:
            probs = seen.input[0]
        mask_thr = (cfg or self.test_cfg).mask_thr
        order = self.quality.store(results,
                                   results.scores / maskness(probs, mask_thr),
                                   self.quality.pixel_scores(probs))
        return results if order is None else results[order]


def maskness(probs: Tensor, thr: float) -> Tensor:
    """Mean probability (N,) inside masks (N, h, w), where it is above ``thr``.

    1 where a mask is empty, as SOLO multiplied nothing there.
    """
    inside = probs > thr
    count = inside.sum((1, 2))
    mean = (probs * inside).sum((1, 2)) / count.clamp(min=1)
    return mean.masked_fill(count == 0, 1)


@MODELS.register_module()
class QualitySOLOv2Head(QualitySOLOMixin, SOLOV2Head):
    """Head of SOLOv2 with QAM."""


@MODELS.register_module()
class QualitySOLOHead(QualitySOLOMixin, SOLOHead):
    """Head of SOLO with QAM."""


@MODELS.register_module()
class QualityDecoupledSOLOHead(QualitySOLOMixin, DecoupledSOLOHead):
    """Head of decoupled SOLO with QAM."""


@MODELS.register_module()
class QualityDecoupledSOLOLightHead(QualitySOLOMixin, DecoupledSOLOLightHead):
    """Head of light decoupled SOLO with QAM."""
