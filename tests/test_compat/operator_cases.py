# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Operators of projects/qanet/compat, called as mmcv's layers call them.

The numbers in operators.npz are those of compiled mmcv:

    python tests/test_compat/operator_cases.py tests/test_compat/operators.npz
"""
import sys
from typing import Dict

import numpy as np
import torch
from mmcv import ops
from torch import Tensor


def _draw(*shape: int, scale: float = 1.) -> Tensor:
    """Numbers that every version of torch draws alike."""
    numbers = np.random.RandomState(sum(shape)).randn(*shape) * scale
    return torch.from_numpy(numbers.astype(np.float32)).requires_grad_()


def _rois() -> Tensor:
    return torch.tensor([[0, 1.2, -3, 17.7, 9.1], [1, 5, 4, 5.4, 21],
                         [1, -9, 2, 30, 12]])


def _roi_align(aligned: bool, ratio: int) -> Dict[str, Tensor]:
    image = _draw(2, 3, 11, 15)
    output = ops.roi_align(image, _rois(), (4, 5), .5, ratio, 'avg', aligned)
    return dict(image=image, output=output)


def _deform_conv() -> Dict[str, Tensor]:
    image, weight = _draw(2, 4, 9, 7), _draw(6, 2, 3, 3)
    offset = _draw(2, 36, 5, 7, scale=2.)
    output = ops.deform_conv2d(image, offset, weight, (2, 1), (2, 3), (2, 3),
                               2, 2)
    return dict(image=image, offset=offset, weight=weight, output=output)


def _modulated_deform_conv(with_bias: bool) -> Dict[str, Tensor]:
    image, weight, bias = _draw(2, 4, 9, 7), _draw(6, 2, 3, 3), _draw(6)
    offset, mask = _draw(2, 36, 5, 7, scale=2.), _draw(2, 18, 5, 7)
    output = ops.modulated_deform_conv2d(image, offset, mask, weight,
                                         bias if with_bias else None, (2, 1),
                                         (2, 3), (2, 3), 2, 2)
    leaves = dict(image=image, offset=offset, mask=mask, weight=weight)
    return dict(leaves, output=output, **({'bias': bias} if with_bias else {}))


def _psa_mask(kind: str) -> Dict[str, Tensor]:
    masks = _draw(2, 15, 4, 6)
    return dict(masks=masks, output=ops.PSAMask(kind, (3, 5))(masks))


def _nms(offset: int) -> Dict[str, Tensor]:
    corners = _draw(60, 2, scale=9.).detach()
    boxes = torch.cat([corners, corners + _draw(60, 2, 1)[..., 0].abs() * 14],
                      1)
    scores = _draw(60).detach().sigmoid()
    dets, kept = ops.nms(boxes, scores, .3, offset, .2, 40)
    return dict(dets=dets.detach(), kept=kept)


def focal_loss(weighted: bool) -> Dict[str, Tensor]:
    logits, labels = _draw(9, 4, scale=3.), torch.arange(9) % 5
    weight = torch.tensor([.5, 1., 2., 3.]) if weighted else None
    losses = ops.sigmoid_focal_loss(logits, labels, 1.5, .3, weight, 'none')
    return dict(logits=logits, output=losses)


#: Cases that compiled mmcv calculates on a CPU.
CASES = dict(
    roi_align=lambda: _roi_align(True, 0),
    roi_align_sampled=lambda: _roi_align(True, 3),
    roi_align_legacy=lambda: _roi_align(False, 2),
    deform_conv=_deform_conv,
    modulated_deform_conv=lambda: _modulated_deform_conv(True),
    modulated_deform_conv_no_bias=lambda: _modulated_deform_conv(False),
    psa_collect=lambda: _psa_mask('collect'),
    psa_distribute=lambda: _psa_mask('distribute'),
    nms=lambda: _nms(0),
    nms_offset=lambda: _nms(1))


def run_case(name: str) -> Dict[str, np.ndarray]:
    """Outputs of a case, and gradients of a weighted sum of its output."""
    tensors = CASES[name]()
    output = tensors.get('output')
    if output is not None:
        (output * _draw(*output.shape)).sum().backward()
        for key in [key for key in tensors if key != 'output']:
            tensors[f'grad_{key}'] = tensors.pop(key).grad
    return {key: value.detach().numpy() for key, value in tensors.items()}


if __name__ == '__main__':
    np.savez_compressed(
        sys.argv[1], **{
            f'{name}/{key}': value
            for name in CASES
            for key, value in run_case(name).items()
        })
