# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from typing import Dict, Optional, Tuple

import torch.nn.functional as F
from mmdet.registry import MODELS
from mmdet.utils import ConfigType, MultiConfig, OptConfigType
from mmengine.model import BaseModule
from torch import Tensor, nn

from projects.qanet.utils.errors import InputError


@MODELS.register_module()
class RegionParsingHead(BaseModule):
    """Label the pixels of regions: the parsing branch of both systems.

    A trunk, a 4x4 deconvolution of stride 2 to the classes, and bilinear
    upsampling by 2.

    Args:
        num_classes (int): Classes with the background.
        context (dict): Config of the trunk, a module with ``channels`` such as
            :class:`GeometricContextEncoding`, type
            ``'mmseg.GeometricContextEncoding'``.
        roi_feat_size (int): Side of a region's feature.
        loss_parsing (dict): Config of the loss of the labels.
        iou_head (dict, optional): Config of :class:`ParsingIoUHead` without
            ``num_classes`` and ``in_channels`` (RP R-CNN). Defaults to none.
        init_cfg (dict or list): Initialization of the deconvolution.
    """

    def __init__(
        self,
        num_classes: int,
        context: ConfigType,
        roi_feat_size: int = 32,
        loss_parsing: ConfigType = dict(
            type='mmseg.ParsingCrossEntropyLoss', loss_weight=2.0),
        iou_head: OptConfigType = None,
        init_cfg: MultiConfig = dict(type='Kaiming', layer='ConvTranspose2d')
    ) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.roi_feat_size = roi_feat_size
        #: Side of the label maps.
        self.map_size = 4 * roi_feat_size
        self.context = MODELS.build(context)
        channels = self.context.channels
        self.deconv = nn.ConvTranspose2d(
            channels, num_classes, kernel_size=4, stride=2, padding=1)
        self.loss_parsing = MODELS.build(loss_parsing)
        self.iou_head: Optional[nn.Module] = None
        if iou_head is not None:
            self.iou_head = MODELS.build(
                dict(
                    num_classes=num_classes, in_channels=channels, **iou_head))

    def forward(self, roi_feats: Tensor) -> Tuple[Tensor, Optional[Tensor]]:
        """Logits (N, C, 4 r, 4 r) and IoU scores (N,) of regions.

        Their features are (N, c, r, r). The scores are not bounded; None
        without re-scoring network. Features of another size than
        ``roi_feat_size`` raise an InputError.
        """
        if roi_feats.shape[2:] != 2 * (self.roi_feat_size, ):
            raise InputError(
                f'RegionParsingHead: roi_feat_size={self.roi_feat_size}, but '
                f'mask_roi_extractor gives {tuple(roi_feats.shape[2:])}: its '
                'output_size must be the same')
        feature = self.context(roi_feats)
        logits = F.interpolate(
            self.deconv(feature),
            scale_factor=2,
            mode='bilinear',
            align_corners=False)
        iou = None if self.iou_head is None else self.iou_head(feature, logits)
        return logits, iou

    def loss(self, logits: Tensor, iou: Optional[Tensor],
             targets: Tensor) -> Dict[str, Tensor]:
        """Losses of what :meth:`forward` gives, ``loss_parsing`` among them.

        Targets are labels (N, S, S), int64, of :func:`parsing_targets`; 255
        is ignored. IoU scores add ``loss_parsing_iou``.
        """
        losses = dict(loss_parsing=self.loss_parsing(logits, targets))
        if self.iou_head is not None:
            losses.update(self.iou_head.loss(iou, logits, targets))
        return losses
