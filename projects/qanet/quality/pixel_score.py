# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pixel scores: how sure the network is where it is sure at all."""
from typing import Tuple

from torch import Tensor

from .arrays import accept_arrays


def confidence_sums(max_probs: Tensor, labels: Tensor, num_classes: int,
                    thr: float) -> Tuple[Tensor, Tensor]:
    """Sum confident winning probabilities class by class.

    Sums and counts of separate windows may be added up, which is how a large
    person is scored piece by piece.

    Args:
        max_probs (Tensor): Winning probability of each pixel, shape (N, P).
        labels (Tensor): Winning class of each pixel, int64, shape (N, P).
        num_classes (int): Number of classes C, background included.
        thr (float): Pixels below it are left out (``T`` of Algorithm 1).

    Returns:
        tuple[Tensor, Tensor]: Sums of probabilities and numbers of pixels,
        both float64 and of shape (N, C).
    """
    confident = (max_probs >= thr).double()
    sums = confident.new_zeros(len(max_probs), num_classes)
    counts = sums.clone()
    sums.scatter_add_(1, labels, max_probs.double() * confident)
    counts.scatter_add_(1, labels, confident)
    return sums, counts


def scores_from_sums(sums: Tensor, counts: Tensor) -> Tuple[Tensor, Tensor]:
    """Turn the sums of :func:`confidence_sums` into pixel scores.

    Args:
        sums (Tensor): Sums of probabilities, shape (N, C).
        counts (Tensor): Numbers of pixels, shape (N, C).

    Returns:
        tuple[Tensor, Tensor]: Instance scores of shape (N,), background
        included, and category scores of shape (N, C - 1), both float32. Where
        there is no pixel the score is 0.
    """
    instance = sums.sum(1) / counts.sum(1).clamp(min=1e-6)
    category = sums[:, 1:] / counts[:, 1:].clamp(min=1e-6)
    return instance.float(), category.float()


@accept_arrays('probs')
def pixel_score(probs: Tensor, thr: float = 0.2) -> Tuple[Tensor, Tensor]:
    """Instance and category pixel scores (Algorithm 1, PROTOCOL 5).

    Args:
        probs (Tensor | np.ndarray): Probability maps of N persons, shape
            (N, C, H, W), channel 0 is the background. Arrays are answered
            with arrays.
        thr (float): Only pixels whose winning probability reaches it count
            (``T``). Defaults to 0.2.

    Returns:
        tuple[Tensor, Tensor]: The instance pixel score, shape (N,), is the
        mean winning probability over confident pixels, background included.
        The category pixel score, shape (N, C - 1), is the same over the
        pixels that each foreground category wins. Both are float32, and 0
        where no pixel counts.

    Raises:
        ValueError: If ``probs`` is not of shape (N, C, H, W).

    Examples:
        >>> import torch
        >>> probs = torch.tensor([[[[.9, .2]], [[.1, .8]]]])  # (1, 2, 1, 2)
        >>> pixel_score(probs)
        (tensor([0.8500]), tensor([[0.8000]]))
    """
    if probs.dim() != 4:
        raise ValueError('probs must have the shape (N, C, H, W), but got '
                         f'{tuple(probs.shape)}')
    max_probs, labels = probs.flatten(2).max(dim=1)
    return scores_from_sums(
        *confidence_sums(max_probs, labels, probs.size(1), thr))


@accept_arrays('probs')
def mask_pixel_score(probs: Tensor,
                     thr: float = 0.25,
                     mode: str = 'stability') -> Tensor:
    """Pixel score of binary masks, for instance segmentation (PROTOCOL 5).

    Args:
        probs (Tensor | np.ndarray): Foreground probabilities, shape
            (N, H, W). An array is answered with an array.
        thr (float): Threshold t. Defaults to 0.25.
        mode (str): ``'stability'`` is the released form: the number of pixels
            with p >= 1 - t over the number with p >= t. ``'mean'`` is
            Algorithm 1: the mean of p where p >= t. Defaults to
            ``'stability'``.

    Returns:
        Tensor: Scores of shape (N,), float32; 0 where no pixel counts.

    Raises:
        ValueError: If ``mode`` is unknown or ``probs`` is not of shape
            (N, H, W).
    """
    if probs.dim() != 3:
        raise ValueError('probs must have the shape (N, H, W), but got '
                         f'{tuple(probs.shape)}')
    probs = probs.flatten(1)
    reached = probs >= thr
    if mode == 'stability':
        part = (probs >= 1 - thr).sum(1).double()
    elif mode == 'mean':
        part = (probs.double() * reached).sum(1)
    else:
        raise ValueError(
            f"mode must be 'stability' or 'mean', but got {mode!r}")
    return (part / reached.sum(1).clamp(min=1)).float()
