# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Dict

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmdet.utils import ConfigType, MultiConfig
from mmengine.model import BaseModule
from torch import Tensor, nn

from projects.qanet.models.losses import parsing_iou


@MODELS.register_module()
class ParsingIoUHead(BaseModule):
    """Regress a region's mean IoU: the parsing re-scoring network of RP R-CNN.

    The parsing feature and the logits, max-pooled to its size, go through two
    3x3 convolutions, the second of stride 2, global average pooling and two
    linear layers, all with bias and ReLU, and one linear unit.

    Args:
        num_classes (int): Classes with the background.
        in_channels (int): Channels of the parsing feature.
        conv_channels (int): Channels of both convolutions.
        fc_channels (int): Channels of both linear layers.
        loss_iou (dict): Config of the regression loss.
        init_cfg (dict or list): Initialization of the linear layers; mmcv
            initializes the convolutions.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 512,
        conv_channels: int = 128,
        fc_channels: int = 256,
        loss_iou: ConfigType = dict(
            type='mmseg.ParsingIoULoss', loss_name='loss_parsing_iou'),
        init_cfg: MultiConfig = dict(
            type='Caffe2Xavier',
            layer='Linear',
            override=dict(type='Normal', name='regressor', std=0.01))
    ) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.convs = nn.Sequential(
            ConvModule(in_channels + num_classes, conv_channels, 3, padding=1),
            ConvModule(conv_channels, conv_channels, 3, stride=2, padding=1))
        self.fcs = nn.Sequential(
            nn.Linear(conv_channels, fc_channels), nn.ReLU(),
            nn.Linear(fc_channels, fc_channels), nn.ReLU())
        self.regressor = nn.Linear(fc_channels, 1)
        self.loss_iou = MODELS.build(loss_iou)

    def forward(self, feature: Tensor, logits: Tensor) -> Tensor:
        """IoU scores (N,), not bounded.

        Of a feature (N, in_channels, h, w) and logits (N, C, k h, k w) for a
        whole k. Both get gradients.
        """
        pooled = F.max_pool2d(
            logits, kernel_size=logits.size(-1) // feature.size(-1))
        x = self.convs(torch.cat([feature, pooled], dim=1))
        return self.regressor(self.fcs(x.mean(dim=(2, 3)))).squeeze(1)

    def loss(self, iou: Tensor, logits: Tensor,
             targets: Tensor) -> Dict[str, Tensor]:
        """The regression loss, a scalar under its name.

        Of scores (N,) for logits (N, C, S, S), whose labels (N, S, S), int64,
        give the mean IoU by :func:`parsing_iou`.
        """
        true = parsing_iou(logits.argmax(dim=1), targets, self.num_classes)
        return {self.loss_iou.loss_name: self.loss_iou(iou, true)}
