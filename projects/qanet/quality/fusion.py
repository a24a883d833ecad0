# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Fusion of the quality ingredients: Equation 1 of the paper, PROTOCOL 5."""
import math
from typing import Sequence, Tuple

from torch import Tensor

from .arrays import accept_arrays


def check_weights(weights: Sequence[float]) -> Tuple[float, float, float]:
    """Check quality weights.

    Args:
        weights (Sequence[float]): Exponents of the box, IoU and pixel score.

    Returns:
        tuple[float, float, float]: The same as floats.

    Raises:
        ValueError: If there are not three of them, one is negative or not
            finite, or all are zero.
    """
    values = tuple(float(weight) for weight in weights)
    if len(values) != 3:
        raise ValueError('weights must be three numbers (box, IoU, pixel), '
                         f'but got {len(values)}: {values}')
    if not all(math.isfinite(value) and value >= 0 for value in values):
        raise ValueError(
            f'weights must be finite and not negative, but got {values}')
    if sum(values) == 0:
        raise ValueError(f'weights must not all be zero, but got {values}')
    return values


@accept_arrays('box_scores', 'iou_scores', 'pixel_scores')
def quality_score(
    box_scores: Tensor,
    iou_scores: Tensor,
    pixel_scores: Tensor,
    weights: Sequence[float] = (1., 1., 1.)) -> Tensor:
    """Fuse box, IoU and pixel scores into quality scores.

    Equation 1: ``(S_b^a * S_i^b * S_p^g)^(1 / (a + b + g))``. IoU scores are
    regressed without a bound and are clamped to [0, 1] first, since a
    negative number has no real square root. All scores are tensors, or all
    are numpy arrays; arrays are answered with arrays.

    Args:
        box_scores (Tensor | np.ndarray): Scores of the detector, shape (N,).
        iou_scores (Tensor | np.ndarray): Regressed IoUs, shape (N,).
        pixel_scores (Tensor | np.ndarray): Pixel scores of N persons, shape
            (N,), or of K parts of each of them, shape (N, K).
        weights (Sequence[float]): Exponents (a, b, g) of the box, IoU and
            pixel score. Defaults to (1., 1., 1.).

    Returns:
        Tensor: Quality scores of the shape of ``pixel_scores``.

    Raises:
        TypeError: If tensors and arrays are mixed.
        ValueError: If a weight is negative, or all are zero.

    Examples:
        >>> import torch
        >>> quality_score(
        ...     torch.tensor([1.]), torch.tensor([.25]), torch.tensor([1.]),
        ...     weights=(1., 1., 0.))
        tensor([0.5000])
    """
    alpha, beta, gamma = check_weights(weights)
    prior = box_scores.pow(alpha) * iou_scores.clamp(0, 1).pow(beta)
    if pixel_scores.dim() > prior.dim():
        prior = prior.unsqueeze(-1)
    return (prior * pixel_scores.pow(gamma)).pow(1 / (alpha + beta + gamma))
