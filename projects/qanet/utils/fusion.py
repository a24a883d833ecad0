# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Equation 1 of the paper: how box, IoU and pixel scores are fused.

For arrays and tensors, without importing torch. On float32 the arithmetic is
float32, as in the system that made the published numbers; ranks depend on it.
"""
import math
from typing import Sequence, Tuple, TypeVar

import numpy as np

from .errors import InputError

#: A numpy array or a tensor.
Scores = TypeVar('Scores')


def check_weights(weights: Sequence[float]) -> Tuple[float, float, float]:
    """Three finite weights >= 0, not all 0, as floats, else InputError."""
    try:
        values = tuple(float(weight) for weight in weights)
    except (TypeError, ValueError):
        values = ()
    if (len(values) != 3 or
            not all(math.isfinite(value) and value >= 0 for value in values)
            or sum(values) == 0):
        raise InputError('quality weights must be three numbers >= 0 (box, '
                         f'IoU, pixel) that are not all 0, not {weights}')
    return values


def quality_score(
    box_scores: Scores,
    iou_scores: Scores,
    pixel_scores: Scores,
    weights: Sequence[float] = (1., 1., 1.)) -> Scores:
    """Fuse box, IoU and pixel scores into quality scores.

    Equation 1: ``(S_b^a * S_i^b * S_p^g)^(1 / (a + b + g))``. IoU scores are
    regressed without a bound and are clamped to [0, 1] first, since a
    negative number has no real square root.

    Box and IoU scores are (N,), arrays or tensors alike, pixel scores (N,) or,
    of K parts of each person, (N, K), and ``weights`` are (a, b, g). Gives
    quality scores like the pixel scores. Tensors on the host agree with arrays
    to the last bit; on other devices, and where a gradient is wanted, that may
    differ. Raises a TypeError if tensors and arrays are mixed, an InputError
    as :func:`check_weights` does.
    """
    alpha, beta, gamma = check_weights(weights)
    kinds = {
        isinstance(scores, np.ndarray)
        for scores in (box_scores, iou_scores, pixel_scores)
    }
    if len(kinds) > 1:
        raise TypeError('quality_score takes tensors or numpy arrays, not '
                        'both at once')
    prior = _power(box_scores, alpha) * _power(iou_scores.clip(0, 1), beta)
    if pixel_scores.ndim > prior.ndim:
        prior = prior[:, None]
    return _power(prior * _power(pixel_scores, gamma),
                  1 / (alpha + beta + gamma))


def _power(base: Scores, exponent: float) -> Scores:
    """``base ** exponent`` in the floating point type of the base.

    numpy's operator takes short cuts for some exponents that round otherwise.
    """
    if isinstance(base, np.ndarray):
        if not np.issubdtype(base.dtype, np.floating):
            base = base.astype(np.float64)
        return np.power(base, base.dtype.type(exponent))
    on_host = base.device.type == 'cpu' and not base.requires_grad
    if on_host and base.is_floating_point() and base.element_size() >= 4:
        return base.new_tensor(_power(base.numpy(), exponent))
    return base**exponent
