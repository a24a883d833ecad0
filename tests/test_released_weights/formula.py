# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Weights that are a function of their names, so none have to be stored."""
import zlib
from typing import Dict, Sequence

import numpy as np
import torch
from torch import Tensor

#: Gain of the classifier; others would saturate the softmax.
GAINS = dict(
    qanet_r50c=6., qanet_r101d=5., qanet_hrnet_w48=0.06, xdeconv_r50c=100.)


def weight(name: str,
           shape: Sequence[int],
           gain: float,
           dtype: type = np.float32) -> Tensor:
    """One entry of a released state dict."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if name.endswith('num_batches_tracked'):
        return torch.tensor(0)
    if name.endswith('running_var'):
        value = 0.5 + rng.random(shape)
    elif name.endswith('running_mean') or len(shape) == 1:
        value = rng.standard_normal(shape)
        is_scale = len(shape) == 1 and name.endswith('.weight')
        value = 0.75 + 0.1 * value if is_scale else 0.03 * value
    else:
        value = rng.standard_normal(shape)
        axes = (0, ) if 'deconv' in name else tuple(range(1, len(shape)))
        value -= 0.9 * value.mean(axis=axes, keepdims=True)
        value *= {
            'Parsing.Output.classify.weight': gain,
            'Parsing.ParsingIoU.Output.parsing_iou.weight': 1.
        }.get(name, 2**0.5) / np.sqrt(np.prod(shape[1:]))
    return torch.from_numpy(value.astype(dtype))


def state_dict(shapes: Dict[str, Sequence[int]],
               gain: float,
               dtype: type = np.float32) -> Dict[str, Tensor]:
    """All entries of a released state dict."""
    return {
        name: weight(name, shape, gain, dtype)
        for name, shape in shapes.items()
    }


def crops() -> Tensor:
    """Two normalised crops of 256 x 192 (h x w), float32."""
    rng = np.random.default_rng(20240)
    coarse, fine, noise = (
        rng.standard_normal((2, 3, *size))
        for size in ((8, 6), (32, 24), (256, 192)))
    blocks = [
        array.repeat(step, axis=2).repeat(step, axis=3)
        for array, step in ((coarse, 32), (fine, 8))
    ]
    return torch.from_numpy(
        np.float32(1.2 * blocks[0] + 0.5 * blocks[1] + 0.3 * noise))
