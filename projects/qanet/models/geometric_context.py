# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Geometric and context encoding of a region's feature (Parsing R-CNN)."""
from typing import Sequence

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule, build_norm_layer
from mmengine.model import BaseModule
from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.registry import MODELS
from mmseg.utils import OptConfigType, OptMultiConfig
from torch import Tensor, nn


class NonLocalBlock(BaseModule):
    """Every place gathers from all others, embedded-Gaussian, with a residual.

    ``x + norm(out(softmax(theta(x)^T phi(p) / sqrt(C)) g(p)))`` for ``p`` the
    2x2 max-pooled ``x``. :class:`mmcv.cnn.NonLocal2d` differs: it pools after
    ``phi`` and ``g``, its ``out`` loses the bias before a norm, and that norm
    starts at zero.

    Args:
        channels (int): Of the input, the embeddings and the output.
        norm_cfg (dict): Config of the norm after ``out``.
        init_cfg (dict or list, optional): Initialization of the weights.
    """

    def __init__(
        self,
        channels: int,
        norm_cfg: dict = dict(type='GN', num_groups=32),
        init_cfg: OptMultiConfig = dict(
            type='Normal', layer='Conv2d', std=0.01)
    ) -> None:
        super().__init__(init_cfg)
        self.theta = nn.Conv2d(channels, channels, kernel_size=1)
        self.phi = nn.Conv2d(channels, channels, kernel_size=1)
        self.g = nn.Conv2d(channels, channels, kernel_size=1)
        self.out = nn.Conv2d(channels, channels, kernel_size=1)
        self.norm = build_norm_layer(norm_cfg, channels)[1]

    def forward(self, x: Tensor) -> Tensor:
        """A map (N, C, h, w) with context, of one (N, C, h, w); no ReLU."""
        pooled = F.max_pool2d(x, kernel_size=2)
        query, key, value = (conv(feature).flatten(2).transpose(1, 2)
                             for conv, feature in ((self.theta, x), (self.phi,
                                                                     pooled),
                                                   (self.g, pooled)))
        gathered = F.scaled_dot_product_attention(query, key, value)
        gathered = gathered.transpose(1, 2).reshape(x.shape)
        return x + self.norm(self.out(gathered))


@MODELS.register_module()
class GeometricContextEncoding(BaseModule):
    """GCE, the trunk of Parsing R-CNN's head.

    Atrous branches (in this order: the global mean, 1x1, and one 3x3 for each
    dilation) are concatenated and go through a 1x1 convolution, a
    :class:`NonLocalBlock` and 3x3 convolutions. All convolutions but the
    block's have a ReLU, and a norm if ``norm_cfg`` is given.

    Args:
        in_channels (int): Channels of the input.
        aspp_channels (int): Channels of each branch.
        channels (int): Channels of the output.
        dilations (Sequence[int]): Dilations of the 3x3 branches.
        num_convs (int): Number of 3x3 convolutions at the end.
        norm_cfg (dict, optional): Norm of all layers. Without it only the
            non-local block has one, GN of 32 groups.
        init_cfg (dict or list, optional): None leaves mmcv's Kaiming
            initialization of each convolution.
    """

    def __init__(self,
                 in_channels: int = 256,
                 aspp_channels: int = 256,
                 channels: int = 512,
                 dilations: Sequence[int] = (6, 12, 18),
                 num_convs: int = 4,
                 norm_cfg: OptConfigType = None,
                 init_cfg: OptMultiConfig = None) -> None:
        super().__init__(init_cfg)
        self.channels = channels
        self.image_pool = ConvModule(
            in_channels, aspp_channels, kernel_size=1, norm_cfg=norm_cfg)
        self.branches = ASPPModule((1, *dilations),
                                   in_channels,
                                   aspp_channels,
                                   conv_cfg=None,
                                   norm_cfg=norm_cfg,
                                   act_cfg=dict(type='ReLU'))
        self.bottleneck = ConvModule(
            (len(dilations) + 2) * aspp_channels,
            channels,
            kernel_size=1,
            norm_cfg=norm_cfg)
        self.non_local = (
            NonLocalBlock(channels, norm_cfg)
            if norm_cfg else NonLocalBlock(channels))
        self.convs = nn.Sequential(*(ConvModule(
            channels, channels, kernel_size=3, padding=1, norm_cfg=norm_cfg)
                                     for _ in range(num_convs)))

    def forward(self, x: Tensor) -> Tensor:
        """A map (N, channels, h, w) of one (N, in_channels, h, w).

        ``h`` and ``w`` are at least 2.
        """
        pooled = self.image_pool(x.mean(dim=(2, 3), keepdim=True))
        x = torch.cat([pooled.expand(-1, -1, *x.shape[2:]), *self.branches(x)],
                      dim=1)
        return self.convs(self.non_local(self.bottleneck(x)))
