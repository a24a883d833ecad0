# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Sequence, Tuple

from mmseg.registry import MODELS
from torch import Tensor, nn

from projects.qanet.quality import check_weights, quality_score


@MODELS.register_module()
class QualityAwareModule(nn.Module):
    """Quality-Aware Module: one score per person and per part (Section 3.3).

    It has no parameters, so it works with any trained network.

    Args:
        weights (Sequence[float]): Exponents of the box, IoU and pixel score.
            (1, 1, 1) by default; the paper uses (1, 0.5, 3) for CIHP, MHP-v2
            and PASCAL-Person-Part.
        pixel_score_thr (float): Only pixels whose winning probability
            reaches it count for the pixel scores (``T``). Defaults to 0.2.
        extra_pixel_score_thrs (Sequence[float]): Further ``T`` to score all
            persons at in the same pass, to compare them. Defaults to ().

    Raises:
        ValueError: If a weight is negative, all are zero, or a threshold is
            outside [0, 1].
    """

    def __init__(
        self,
        weights: Sequence[float] = (1., 1., 1.),
        pixel_score_thr: float = 0.2,
        extra_pixel_score_thrs: Sequence[float] = ()
    ) -> None:
        super().__init__()
        for thr in (pixel_score_thr, *extra_pixel_score_thrs):
            if not 0 <= thr <= 1:
                raise ValueError('pixel_score_thr must be in [0, 1], but got '
                                 f'{thr}')
        self.weights = check_weights(weights)
        self.pixel_score_thr = pixel_score_thr
        self.extra_pixel_score_thrs = tuple(extra_pixel_score_thrs)

    def forward(self, box_scores: Tensor, iou_scores: Tensor,
                pixel_scores: Tensor,
                part_pixel_scores: Tensor) -> Tuple[Tensor, Tensor]:
        """Fuse the ingredients of N persons (Equation 1).

        Args:
            box_scores (Tensor): Scores of the detector, shape (N,).
            iou_scores (Tensor): Regressed IoUs, shape (N,).
            pixel_scores (Tensor): Instance pixel scores, shape (N,).
            part_pixel_scores (Tensor): Category pixel scores, (N, C - 1).

        Returns:
            tuple[Tensor, Tensor]: Quality scores of the persons, (N,), and of
            their parts, (N, C - 1).
        """
        return (quality_score(box_scores, iou_scores, pixel_scores,
                              self.weights),
                quality_score(box_scores, iou_scores, part_pixel_scores,
                              self.weights))

    def extra_repr(self) -> str:
        """str: Settings for the printed model."""
        return (f'weights={self.weights}, '
                f'pixel_score_thr={self.pixel_score_thr}')
