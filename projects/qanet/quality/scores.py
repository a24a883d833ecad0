# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Pixel scores: how sure the network is where it is sure at all."""
from typing import Sequence, Tuple, TypeVar

import numpy as np
import torch
from torch import Tensor

#: A tensor, or an array, which is answered with arrays.
TensorOrArray = TypeVar('TensorOrArray', Tensor, np.ndarray)


def confidence_sums(max_probs: Tensor, labels: Tensor, num_classes: int,
                    thr: float) -> Tuple[Tensor, Tensor]:
    """Sums and counts, (N, C), of winning probabilities that reach ``thr``.

    Winning probabilities and classes (int64) are (N, P).
    """
    confident = (max_probs >= thr).to(precise_dtype(max_probs.device))
    sums = confident.new_zeros(len(max_probs), num_classes)
    counts = sums.clone()
    sums.scatter_add_(1, labels, max_probs * confident)
    counts.scatter_add_(1, labels, confident)
    return sums, counts


def precise_dtype(device: torch.device) -> torch.dtype:
    """float64, or the float32 that is the best Apple's 'mps' has."""
    return torch.float32 if device.type == 'mps' else torch.float64


def scores_from_sums(sums: Tensor, counts: Tensor) -> Tuple[Tensor, Tensor]:
    """Pixel scores, see :func:`pixel_score`, of :func:`confidence_sums`."""
    instance = sums.sum(1) / counts.sum(1).clamp(min=1e-6)
    category = sums[:, 1:] / counts[:, 1:].clamp(min=1e-6)
    return instance.float(), category.float()


class PixelScoreSums:
    """Pixel scores of one person at T thresholds, piece by piece.

    ``like`` is a tensor on the device to compute on. What is added to
    ``totals``, sums and counts (2, T, C), counts.
    """

    def __init__(self, like: Tensor, num_classes: int,
                 thrs: Sequence[float]) -> None:
        self.thrs = thrs
        self.totals = like.new_zeros((2, len(thrs), num_classes),
                                     dtype=precise_dtype(like.device))

    def add(self, max_probs: Tensor, labels: Tensor) -> None:
        """Add pixels: winning probabilities and classes (int64), (h, w)."""
        pixels = max_probs.reshape(1, -1), labels.reshape(1, -1)
        for k, thr in enumerate(self.thrs):
            sums, counts = confidence_sums(*pixels, self.totals.size(2), thr)
            self.totals[:, k] += torch.cat([sums, counts])

    def scores(self) -> Tuple[Tensor, Tensor]:
        """Instance (T,) and category scores (T, C - 1), float32."""
        return scores_from_sums(*self.totals)


def pixel_score(probs: TensorOrArray,
                thr: float = 0.2) -> Tuple[TensorOrArray, TensorOrArray]:
    """Instance and category pixel scores (Algorithm 1 of the paper).

    Args:
        probs (Tensor | np.ndarray): Probability maps of N persons, shape
            (N, C, H, W), channel 0 is the background.
        thr (float): ``T``, which a winning probability must reach to count.

    Returns:
        tuple: Tensors, or arrays if ``probs`` is one, float32, 0 where no
        pixel counts: instance scores (N,), the mean winning probability over
        confident pixels, background included, and category scores (N, C - 1),
        the same over the pixels that each foreground category wins.

    Examples:
        >>> import torch
        >>> probs = torch.tensor([[[[.9, .2]], [[.1, .8]]]])  # (1, 2, 1, 2)
        >>> pixel_score(probs)
        (tensor([0.8500]), tensor([[0.8000]]))
    """
    maps = _to_tensor(probs, 'NCHW')
    max_probs, labels = maps.flatten(2).max(dim=1)
    instance, category = scores_from_sums(
        *confidence_sums(max_probs, labels, maps.size(1), thr))
    if isinstance(probs, np.ndarray):
        return instance.numpy(), category.numpy()
    return instance, category


def mask_pixel_score(probs: TensorOrArray,
                     thr: float = 0.25,
                     mode: str = 'stability') -> TensorOrArray:
    """Pixel score of binary masks, for instance segmentation.

    See ``docs/protocol.md``, section 5.

    Args:
        probs (Tensor | np.ndarray): Foreground probabilities (N, H, W).
        thr (float): Threshold t.
        mode (str): ``'stability'`` is the released form: the number of pixels
            with p >= 1 - t over the number with p >= t. ``'mean'`` is
            Algorithm 1: the mean of p where p >= t.

    Returns:
        Tensor: Scores of shape (N,), float32, an array if ``probs`` is one;
        0 where no pixel counts.
    """
    maps = _to_tensor(probs, 'NHW').flatten(1)
    reached = maps >= thr
    if mode == 'stability':
        part = (maps >= 1 - thr).sum(1).to(precise_dtype(maps.device))
    elif mode == 'mean':
        part = (maps.to(precise_dtype(maps.device)) * reached).sum(1)
    else:
        raise ValueError(
            f"mode must be 'stability' or 'mean', but got {mode!r}")
    scores = (part / reached.sum(1).clamp(min=1)).float()
    return scores.numpy() if isinstance(probs, np.ndarray) else scores


def _to_tensor(probs: TensorOrArray, shape: str) -> Tensor:
    if probs.ndim != len(shape):
        raise ValueError(f'probs must have the shape ({", ".join(shape)}), '
                         f'but got {tuple(probs.shape)}')
    if isinstance(probs, np.ndarray):  # which may be a view or read-only
        return torch.from_numpy(np.require(probs, requirements=['C', 'W']))
    return probs
