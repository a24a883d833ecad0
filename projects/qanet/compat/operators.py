# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""mmcv's operators by torch and torchvision, on the CPU and on CUDA.

Python loads this file as ``mmcv._ext`` when mmcv has no compiled operators.
Signatures are those of mmcv 2: results are written into the tensors given
(``output``, ``grad_*``); boxes are xyxy in pixels, images (N, C, H, W). Each
gradient is the one that autograd finds of the function above it.
``docs/installation.md`` lists the operators; any other one raises a
NotImplementedError.
"""
from functools import partial
from typing import Any, Callable, List, NoReturn, Optional, Sequence

import torch
from torch import Tensor
from torch.nn.functional import one_hot
from torchvision import ops


def _needs_compiled(name: str, *_: Any, **__: Any) -> NoReturn:
    raise NotImplementedError(
        f'the operator {name} needs an mmcv with compiled operators: '
        '`make env MMCV=compiled`, or see docs/installation.md')


def __getattr__(name: str) -> Callable:
    """Any other operator: there when mmcv asks for it, refused when called."""
    if name.startswith('_'):
        raise AttributeError(name)
    return partial(_needs_compiled, name)


def _gradients(function: Callable, inputs: Sequence[Tensor],
               grad_output: Tensor) -> List[Tensor]:
    """Gradients of all inputs, by running the function once more."""
    inputs = [each.detach().requires_grad_() for each in inputs]
    with torch.enable_grad():
        output = function(*inputs)
    return torch.autograd.grad(output, inputs, grad_output.to(output.dtype))


def get_compiler_version() -> str:
    """Which compiler made the operators: none."""
    return 'n/a'


def get_compiling_cuda_version() -> str:
    """Which CUDA the operators were made for: none."""
    return 'n/a'


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float,
        offset: int) -> Tensor:
    """Indices (K,) of the boxes (N, 4) that stay, by falling score.

    ``offset`` is 1 if a box of one pixel has equal corners, else 0.
    """
    if offset:
        boxes = boxes + boxes.new_tensor([0, 0, offset, offset])
    return ops.nms(boxes, scores, iou_threshold)


def _roi_align(image: Tensor, rois: Tensor, aligned_height: int,
               aligned_width: int, spatial_scale: float, sampling_ratio: int,
               pool_mode: int, aligned: bool) -> Tensor:
    if pool_mode == 0:
        _needs_compiled("roi_align with pool_mode='max'")
    return ops.roi_align(image, rois, (aligned_height, aligned_width),
                         spatial_scale, sampling_ratio, aligned)


def roi_align_forward(image: Tensor, rois: Tensor, output: Tensor,
                      argmax_y: Tensor, argmax_x: Tensor,
                      **settings: Any) -> None:
    """RoIAlign by the mean; rois are (K, 5): index of the image, xyxy."""
    output.copy_(_roi_align(image, rois, **settings))


def roi_align_backward(grad_output: Tensor, rois: Tensor, argmax_y: Tensor,
                       argmax_x: Tensor, grad_input: Tensor,
                       **settings: Any) -> None:
    """RoIAlign is linear in the image: that of zeros has the same gradient."""
    grad_input += _gradients(lambda image: _roi_align(image, rois, **settings),
                             [grad_input], grad_output)[0]


def _deform_conv(image: Tensor, offset: Tensor, weight: Tensor,
                 mask: Optional[Tensor], stride_h: int, stride_w: int,
                 pad_h: int, pad_w: int, dilation_h: int, dilation_w: int,
                 **_: int) -> Tensor:
    """Both kinds of it; the shapes say how many groups there are."""
    return ops.deform_conv2d(
        image,
        offset,
        weight,
        stride=(stride_h, stride_w),
        padding=(pad_h, pad_w),
        dilation=(dilation_h, dilation_w),
        mask=mask)


def _named_as_v2(**v1: int) -> dict:
    """Settings of the first kind, by the second kind's names."""
    return dict(
        stride_h=v1['dH'],
        stride_w=v1['dW'],
        pad_h=v1['padH'],
        pad_w=v1['padW'],
        dilation_h=v1['dilationH'],
        dilation_w=v1['dilationW'])


def deform_conv_forward(image: Tensor, weight: Tensor, offset: Tensor,
                        output: Tensor, columns: Tensor, ones: Tensor,
                        **settings: int) -> None:
    """Deformable convolution (DCN)."""
    output.copy_(
        _deform_conv(image, offset, weight, None, **_named_as_v2(**settings)))


def deform_conv_backward_input(image: Tensor, offset: Tensor,
                               grad_output: Tensor, grad_input: Tensor,
                               grad_offset: Tensor, weight: Tensor,
                               columns: Tensor, **settings: int) -> None:
    """Gradients of the image and the offsets."""
    settings = _named_as_v2(**settings)
    gradients = _gradients(
        lambda x, o: _deform_conv(x, o, weight, None, **settings),
        [image, offset], grad_output)
    for target, gradient in zip((grad_input, grad_offset), gradients):
        target += gradient


def deform_conv_backward_parameters(image: Tensor, offset: Tensor,
                                    grad_output: Tensor, grad_weight: Tensor,
                                    columns: Tensor, ones: Tensor,
                                    scale: float, **settings: int) -> None:
    """Gradient of the weights, times ``scale``."""
    settings = _named_as_v2(**settings)
    gradient = _gradients(
        lambda w: _deform_conv(image, offset, w, None, **settings),
        [grad_weight], grad_output)[0]
    grad_weight += scale * gradient


def modulated_deform_conv_forward(image: Tensor, weight: Tensor, bias: Tensor,
                                  ones: Tensor, offset: Tensor, mask: Tensor,
                                  output: Tensor, columns: Tensor,
                                  with_bias: bool, **settings: int) -> None:
    """Deformable convolution with a mask (DCNv2)."""
    result = _deform_conv(image, offset, weight, mask, **settings)
    output.copy_(result + bias[:, None, None] if with_bias else result)


def modulated_deform_conv_backward(image: Tensor, weight: Tensor, bias: Tensor,
                                   ones: Tensor, offset: Tensor, mask: Tensor,
                                   columns: Tensor, grad_input: Tensor,
                                   grad_weight: Tensor, grad_bias: Tensor,
                                   grad_offset: Tensor, grad_mask: Tensor,
                                   grad_output: Tensor, with_bias: bool,
                                   **settings: int) -> None:
    """Gradients of everything that the forward function takes."""
    gradients = _gradients(
        lambda x, o, w, m: _deform_conv(x, o, w, m, **settings),
        [image, offset, weight, mask], grad_output)
    targets = grad_input, grad_offset, grad_weight, grad_mask
    for target, gradient in zip(targets, gradients):
        target += gradient
    if with_bias:
        grad_bias += grad_output.sum((0, 2, 3))


def _sigmoid_focal_loss(logits: Tensor, labels: Tensor, weight: Tensor,
                        gamma: float, alpha: float) -> Tensor:
    count = logits.size(1)
    # The background is label C, the negative of all classes.
    targets = one_hot(labels, count + 1)[:, :count].to(logits.dtype)
    losses = ops.sigmoid_focal_loss(logits, targets, alpha, gamma)
    if weight.numel():
        losses = losses * weight[labels.clamp(max=count - 1)][:, None]
    return losses


def sigmoid_focal_loss_forward(logits: Tensor, labels: Tensor, weight: Tensor,
                               output: Tensor, gamma: float,
                               alpha: float) -> None:
    """Focal loss of each entry of logits (N, C), of labels (N,) in 0..C.

    ``weight`` is (C,), or empty.
    """
    output.copy_(_sigmoid_focal_loss(logits, labels, weight, gamma, alpha))


def sigmoid_focal_loss_backward(logits: Tensor, labels: Tensor, weight: Tensor,
                                grad_input: Tensor, gamma: float,
                                alpha: float) -> None:
    """Gradient of the sum of all entries' losses."""
    grad_input += _gradients(
        lambda x: _sigmoid_focal_loss(x, labels, weight, gamma, alpha),
        [logits], torch.ones_like(logits))[0]


def _psa_mask(masks: Tensor, psa_type: int, h_feature: int, w_feature: int,
              h_mask: int, w_mask: int, half_h_mask: int,
              half_w_mask: int) -> Tensor:
    """Point-wise attention (PSANet): each pixel's mask, moved onto the map."""
    y, x = torch.meshgrid(
        torch.arange(h_feature, device=masks.device),
        torch.arange(w_feature, device=masks.device),
        indexing='ij')
    y, x = y.flatten(), x.flatten()
    # Row: the pixel looked at, column: the pixel that looks.
    row = y[:, None] - y + half_h_mask
    column = x[:, None] - x + half_w_mask
    is_inside = ((row >= 0) & (row < h_mask) & (column >= 0) &
                 (column < w_mask))
    index = (row * w_mask + column).where(is_inside, 0 * row)
    moved = masks.flatten(2).gather(1, index.expand(len(masks), -1, -1))
    moved = moved * is_inside
    if psa_type == 1:  # distribute
        moved = moved.transpose(1, 2)
    return moved.unflatten(2, (h_feature, w_feature))


def psamask_forward(masks: Tensor, output: Tensor, num_: int,
                    **settings: int) -> None:
    """Masks (N, h * w, H, W) of PSANet as maps (N, H * W, H, W)."""
    output.copy_(_psa_mask(masks, **settings))


def psamask_backward(grad_output: Tensor, grad_input: Tensor, num_: int,
                     **settings: int) -> None:
    """It is linear: the masks of zeros have the same gradient."""
    grad_input += _gradients(lambda masks: _psa_mask(masks, **settings),
                             [grad_input], grad_output)[0]


def ms_deform_attn_forward(value: Tensor, shapes: Tensor, starts: Tensor,
                           locations: Tensor, weights: Tensor,
                           im2col_step: int) -> Tensor:
    """Deformable attention over several levels, as mmcv has it for CPUs."""
    from mmcv.ops.multi_scale_deform_attn import \
        multi_scale_deformable_attn_pytorch
    return multi_scale_deformable_attn_pytorch(value, shapes, locations,
                                               weights)


def ms_deform_attn_backward(value: Tensor, shapes: Tensor, starts: Tensor,
                            locations: Tensor, weights: Tensor,
                            grad_output: Tensor, grad_value: Tensor,
                            grad_locations: Tensor, grad_weights: Tensor,
                            im2col_step: int) -> None:
    """Gradients of the values, their locations and weights."""
    gradients = _gradients(
        lambda v, x, w: ms_deform_attn_forward(
            v, shapes, starts, x, w, im2col_step), [value, locations, weights],
        grad_output)
    targets = grad_value, grad_locations, grad_weights
    for target, gradient in zip(targets, gradients):
        target += gradient
